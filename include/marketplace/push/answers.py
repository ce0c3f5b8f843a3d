"""What an answer to a metering push means for the records of its request: the default is that it is not known.

Only what surely was not taken is sent again by itself: where no connection was made, where the marketplace asked to
wait or says that it did not process a record, and where it refused a whole request, whose halves then show which record
it does not take.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from include.domain.errors import AkubillError, ConfigurationError, RefusedError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Booking(NamedTuple):
    """What is booked for a record.

    Attributes:
        outcome: of `lifecycles.PUSH_RECORD`.
        reason: a key of `words.pushes.REASONS`; None where nothing is to be said.
        their_code: the marketplace's error code.
        most_together: how many records the next requests with it may have.
        stops: whether this run makes no more calls.
        wait_seconds: how long it makes none.
    """

    outcome: str
    reason: str | None = None
    their_code: str | None = None
    most_together: int | None = None
    stops: bool = False
    wait_seconds: float = 0


class Verdict(NamedTuple):
    """What a marketplace says of one record.

    Attributes:
        word: `unsaid` where its answer says nothing of the record, or nothing that is known.
        code: its own word.
    """

    word: Literal["accepted", "not_subscribed", "duplicate_same", "duplicate_different", "unprocessed", "unsaid"]
    code: str | None = None


class Answer(NamedTuple):
    """What a channel's sender makes of an answer.

    Attributes:
        is_success: whether the marketplace says that it took all records.
        request_id: the marketplace's id of the request.
        verdicts: what it says of each record, in the order of the request; None where it speaks of all at once.
        said: more of the answer, to be kept; no secrets.
    """

    is_success: bool | None
    request_id: str | None = None
    verdicts: tuple[Verdict, ...] | None = None
    said: Mapping[str, Any] = MappingProxyType({})


#: What a sender says that a refusal is about, where it is not about the records.
ACCESS_KINDS = frozenset({"credentials", "clock", "permission", "arrears", "site", "real_name"})
#: What a sender says that a refusal is about, where the marketplace looked at the records and took none of them.
RECORDS_KIND = "records"
#: The same, where a record's time was not in the window that the marketplace takes.
TIME_KIND = "time"
_WAIT_SECONDS = 60


def judge_answer(answer: Answer, record_count: int) -> list[Booking]:
    """What a marketplace's answer means for each record, in the order of the request."""
    if answer.verdicts is not None:
        return _judge_verdicts(answer.verdicts, record_count)
    if answer.is_success is True:
        return [Booking("accepted")] * record_count
    reason = "not_successful" if answer.is_success is False else "answer_unreadable"
    return [Booking("unknown", reason, stops=True)] * record_count


def _judge_verdicts(verdicts: Sequence[Verdict], record_count: int) -> list[Booking]:
    if len(verdicts) != record_count:
        return [Booking("unknown", "answer_unreadable", stops=True)] * record_count
    return [_judge_verdict(verdict) for verdict in verdicts]


def _judge_verdict(verdict: Verdict) -> Booking:
    match verdict.word:
        case "accepted":
            return Booking("accepted")
        case "duplicate_same" | "duplicate_different":
            return Booking(verdict.word, verdict.word, verdict.code)
        case "not_subscribed":
            return Booking("refused", "not_subscribed", verdict.code)
        case "unprocessed":
            return Booking("pending", "unprocessed", verdict.code, wait_seconds=_WAIT_SECONDS)
        case _:
            return Booking("unknown", "unsaid", verdict.code, stops=True)


def judge_failure(failure: AkubillError, record_count: int, *, was_connected: bool, kind: str) -> Booking:
    """What a failed call means for each of its records.

    Args:
        failure: what the sender raised.
        record_count: how many records the request had.
        was_connected: False where nothing can have been sent.
        kind: what a refusal is about, as the channel's client names it.
    """
    if isinstance(failure, ConfigurationError):
        return Booking("not_sent", "no_access", stops=True)
    if isinstance(failure, RefusedError):
        return _judge_refusal(failure.code, record_count, kind)
    if isinstance(failure, RetriableError) and not was_connected:
        return Booking("pending", "not_connected", stops=True)
    code = failure.code or "" if isinstance(failure, RetriableError) else None
    if code and code.lower().startswith("throttling"):
        seconds = failure.retry_after if isinstance(failure, RetriableError) else None
        return Booking("pending", "throttled", code, wait_seconds=max(seconds or 0, _WAIT_SECONDS))
    return Booking("unknown", "answer_unreadable" if code is None else "no_answer", code or None, stops=True)


def _judge_refusal(code: str, record_count: int, kind: str) -> Booking:
    if kind in ACCESS_KINDS:
        return Booking("not_sent", "no_access", code, stops=True)
    if kind not in {RECORDS_KIND, TIME_KIND}:
        return Booking("unknown", "refusal_unknown", code, stops=True)
    if record_count > 1:
        return Booking("pending", "bisected", code, most_together=(record_count + 1) // 2)
    return Booking("refused", "out_of_time" if kind == TIME_KIND else "refused", code)
