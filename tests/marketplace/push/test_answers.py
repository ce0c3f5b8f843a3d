"""What answers and failures mean: only what surely was not taken is sent again by itself."""

from __future__ import annotations

from typing import Any

import pytest

from include.domain.errors import AkubillError, ConfigurationError, RefusedError, RetriableError, UnexpectedAnswerError
from include.domain.lifecycles import PUSH_RECORD
from include.domain.words.pushes import REASONS
from include.marketplace.push.answers import (
    ACCESS_KINDS,
    RECORDS_KIND,
    TIME_KIND,
    Answer,
    Booking,
    Verdict,
    judge_answer,
    judge_failure,
)


def judged(failure: AkubillError, *, records: int = 1, connected: bool = True, kind: str = "other") -> Booking:
    return judge_failure(failure, records, was_connected=connected, kind=kind)


def refused(code: str = "InvalidParameter") -> RefusedError:
    return RefusedError("PushMeteringData", code, "because", "Correct it.")


@pytest.mark.parametrize(("answer", "outcome"), [(Answer(is_success=True), "accepted"), (Answer(None), "unknown")])
def test_only_success_is_success(answer: Answer, outcome: str) -> None:
    assert [booking.outcome for booking in judge_answer(answer, 2)] == [outcome, outcome]
    assert judge_answer(Answer(is_success=False), 1)[0].outcome == "unknown"


@pytest.mark.parametrize(
    ("word", "outcome", "stops"),
    [
        ("accepted", "accepted", False),
        ("duplicate_same", "duplicate_same", False),
        ("duplicate_different", "duplicate_different", False),
        ("not_subscribed", "refused", False),
        ("unprocessed", "pending", False),
        ("unsaid", "unknown", True),
    ],
)
def test_what_is_said_of_a_record_is_booked_for_it_alone(word: Any, outcome: str, *, stops: bool) -> None:
    one, other = judge_answer(Answer(is_success=None, verdicts=(Verdict("accepted"), Verdict(word))), 2)
    assert (one.outcome, other.outcome, other.stops) == ("accepted", outcome, stops)
    assert ("sending", other.outcome) in PUSH_RECORD.transitions
    assert other.reason is None or other.reason in REASONS


def test_verdicts_on_another_number_of_records_say_nothing() -> None:
    bookings = judge_answer(Answer(is_success=True, verdicts=(Verdict("accepted"),)), 2)
    assert [booking.outcome for booking in bookings] == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("booking", "expected"),
    [
        (judged(ConfigurationError("missing")), ("not_sent", True)),
        (judged(RetriableError("no"), connected=False), ("pending", True)),
        (judged(RetriableError("later", code="Throttling.User")), ("pending", False)),
        (judged(RetriableError("lost", code="Deadline")), ("unknown", True)),
        (judged(RetriableError("lost")), ("unknown", True)),
        (judged(UnexpectedAnswerError("what?")), ("unknown", True)),
        (judged(AkubillError("something else")), ("unknown", True)),
        (judged(refused("NeverSeen")), ("unknown", True)),
        (judged(refused(), kind=RECORDS_KIND), ("refused", False)),
        (judged(refused(), kind=RECORDS_KIND, records=2), ("pending", False)),
        (judged(refused(), kind=TIME_KIND), ("refused", False)),
        *((judged(refused(), kind=kind), ("not_sent", True)) for kind in sorted(ACCESS_KINDS)),
    ],
)
def test_a_failure_gives_an_outcome_and_may_stop_the_run(booking: Booking, expected: tuple[str, bool]) -> None:
    assert (booking.outcome, booking.stops) == expected
    assert ("sending", booking.outcome) in PUSH_RECORD.transitions
    assert booking.reason in REASONS


@pytest.mark.parametrize("count", [2, 3, 7, 50])
def test_a_refused_request_is_halved_until_one_record_is_left(count: int) -> None:
    sizes = [count]
    while sizes[-1] > 1:
        most = judged(refused(), kind=RECORDS_KIND, records=sizes[-1]).most_together
        assert most is not None
        sizes.append(most)
    assert sizes[-1] == 1
    assert len(sizes) <= 7


@pytest.mark.parametrize(("asked", "waits"), [(None, 60), (5, 60), (90, 90)])
def test_a_throttled_channel_is_left_alone_for_as_long_as_it_asks(asked: float | None, waits: float) -> None:
    assert judged(RetriableError("later", asked, "Throttling")).wait_seconds == waits
