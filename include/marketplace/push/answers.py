"""What an answer to a metering push means for the records of its request: the default is that it is not known.

Only what surely was not taken is sent again by itself: where no connection was made, where the marketplace asked to
wait, and where it refused a whole request, whose halves then show which record it does not take.
"""

from __future__ import annotations

from typing import NamedTuple

from include.domain.errors import AkubillError, ConfigurationError, RefusedError, RetriableError


class Booking(NamedTuple):
    """What is booked for all records of a request.

    Attributes:
        outcome: of `lifecycles.PUSH_RECORD`.
        reason: a key of `words.pushes.REASONS`; None where nothing is to be said.
        their_code: the marketplace's error code.
        most_together: how many records the next requests with them may have.
        stops: whether this run makes no more calls.
        wait_seconds: how long it makes none.
    """

    outcome: str
    reason: str | None = None
    their_code: str | None = None
    most_together: int | None = None
    stops: bool = False
    wait_seconds: float = 0


class Answer(NamedTuple):
    """What a channel's sender makes of an answer: whether the marketplace says that it took all records."""

    is_success: bool | None
    request_id: str | None = None


#: What a sender says that a refusal is about, where it is not about the records.
ACCESS_KINDS = frozenset({"credentials", "clock", "permission", "arrears", "site", "real_name"})
#: What a sender says that a refusal is about, where the marketplace looked at the records and took none of them.
RECORDS_KIND = "records"
_THROTTLED_SECONDS = 60


def judge_answer(answer: Answer) -> Booking:
    """What a marketplace's answer means."""
    if answer.is_success is True:
        return Booking("accepted")
    reason = "not_successful" if answer.is_success is False else "answer_unreadable"
    return Booking("unknown", reason, stops=True)


def judge_failure(failure: AkubillError, record_count: int, *, was_connected: bool, kind: str) -> Booking:
    """What a failed call means.

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
        return Booking("pending", "throttled", code, wait_seconds=max(seconds or 0, _THROTTLED_SECONDS))
    return Booking("unknown", "answer_unreadable" if code is None else "no_answer", code or None, stops=True)


def _judge_refusal(code: str, record_count: int, kind: str) -> Booking:
    if kind in ACCESS_KINDS:
        return Booking("not_sent", "no_access", code, stops=True)
    if kind != RECORDS_KIND:
        return Booking("unknown", "refusal_unknown", code, stops=True)
    if record_count > 1:
        return Booking("pending", "bisected", code, most_together=(record_count + 1) // 2)
    return Booking("refused", "refused", code)
