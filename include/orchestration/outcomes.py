"""What a task says of its work: in its log, and for the note of its run (run_notes.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    _Facts = TypeVar("_Facts", bound=Mapping[str, Any])

#: The XCom by which a task hands a sentence to the note of its run.
OUTCOME = "outcome"
#: A sentence that is longer is cut: a note is not longer either.
LONGEST = 1000


def leave_outcome(kind: str, facts: _Facts, details: Sequence[str] = ()) -> _Facts:
    """Say what was done, by the words of its kind (include/domain/words/outcomes.py); gives the facts back.

    Details follow in sentences: all of them in the log, the first few in the note.
    """
    from include.domain.words.outcomes import say_details, say_outcome

    first = say_outcome(kind, facts)
    print(first, *details, sep="\n")  # noqa: T201 (the task's log)
    hand_on("\n\n".join([first, say_details(details)] if details else [first]))
    return facts


def leave_sentence(sentence: str) -> str:
    """Say what was done, where the work itself has a sentence for it; gives it back."""
    print(sentence)  # noqa: T201 (the task's log)
    hand_on(sentence)
    return sentence


def skip(sentence: str) -> NoReturn:
    """Say why there is nothing to do, and end the task as skipped.

    Raises:
        AirflowSkipException: always.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    hand_on(sentence)
    raise AirflowSkipException(sentence)


def hand_on(sentence: str) -> None:
    """Hand a sentence to the note of the run, without secrets; the log of the task has it already."""
    from airflow.sdk import get_current_context
    from airflow.sdk.log import redact  # type: ignore[attr-defined]

    get_current_context()["ti"].xcom_push(key=OUTCOME, value=str(redact(sentence[:LONGEST])))
