"""What a task says of its work: in its log, for the note of its run (run_notes.py), and as a link to a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from include.orchestration.pages import Page

    _Facts = TypeVar("_Facts", bound=Mapping[str, Any])

#: The XCom by which a task hands a sentence to the note of its run.
OUTCOME = "outcome"
#: A sentence that is longer is cut: a note is not longer either.
LONGEST = 1000


def leave_outcome(kind: str, facts: _Facts, details: Sequence[str] = (), *, page: Page | None = None) -> _Facts:
    """Say what was done, by the words of its kind (include/domain/words/outcomes.py); gives the facts back.

    Details follow in sentences: all of them in the log, the first few in the note.
    """
    from include.domain.words.outcomes import say_details, say_outcome

    first = say_outcome(kind, facts)
    print(first, *details, sep="\n")  # noqa: T201 (the task's log)
    hand_on(first, page=page, details=say_details(details))
    return facts


def leave_sentence(sentence: str, *, page: Page | None = None) -> str:
    """Say what was done, where the work itself has a sentence for it; gives it back."""
    print(sentence)  # noqa: T201 (the task's log)
    hand_on(sentence, page=page)
    return sentence


def skip(sentence: str, *, page: Page | None = None) -> NoReturn:
    """Say why there is nothing to do, and end the task as skipped.

    Raises:
        AirflowSkipException: always.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    hand_on(sentence, page=page)
    raise AirflowSkipException(sentence)


def hand_on(sentence: str, *, page: Page | None = None, details: str = "") -> None:
    """Hand a sentence to the note of the run, without secrets, and the page's address to the task's link."""
    from airflow.sdk import get_current_context
    from airflow.sdk.log import redact  # type: ignore[attr-defined]

    link = f" [{page.label}]({page.address})" if page else ""
    said = f"{sentence[: LONGEST - len(link)]}{link}" + (f"\n\n{details}" if details else "")
    task = get_current_context()["ti"]
    task.xcom_push(key=OUTCOME, value=str(redact(said[:LONGEST])))
    if page:
        page.link_from(task)
