"""One call: what came back, what it means for each record, and what is kept of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from include.domain.errors import AkubillError, RefusedError
from include.domain.text import storable
from include.marketplace.push.answers import judge_answer, judge_failure
from include.marketplace.push.ledger import Evidence

if TYPE_CHECKING:
    from include.marketplace.push.answers import Booking
    from include.marketplace.push.senders import Sender

_LONGEST_MESSAGE = 1000


class Called(NamedTuple):
    """What came of a call.

    Attributes:
        bookings: of each record, in the order of the request.
        evidence: what is kept.
        message: why it failed, in words; None where it was answered.
    """

    bookings: list[Booking]
    evidence: Evidence
    message: str | None


def call(sender: Sender, request: str, record_count: int) -> Called:
    """Send a request, once."""
    begun = time.monotonic()
    try:
        answer = sender.send(request)
    except AkubillError as failure:
        connected, kind = sender.was_connected(failure), sender.kind_of(failure)
        booking = judge_failure(failure, record_count, was_connected=connected, kind=kind)
        message = storable(str(failure), _LONGEST_MESSAGE)
        kept = {"error": type(failure).__name__, "code": getattr(failure, "code", None), "message": message}
        request_id = failure.request_id if isinstance(failure, RefusedError) else None
        return Called([booking] * record_count, Evidence(kept, request_id, _since(begun)), message)
    kept = {"success": answer.is_success, **answer.said}
    evidence = Evidence(kept, answer.request_id, _since(begun))
    return Called(judge_answer(answer, record_count), evidence, None)


def _since(begun: float) -> int:
    return int((time.monotonic() - begun) * 1000)
