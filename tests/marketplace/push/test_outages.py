"""Marketplaces that are down, or take one call a minute: what outlasts its cut-off is lost, and is reported once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.catalog.loader import load_channel
from include.marketplace.push.deliver import Clock, push_due
from tests.support.marketplace.outsides import OUTSIDES
from tests.support.marketplace.pushing import AT, HOUR, Vendor

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.marketplace.push.answers import Answer
    from tests.support.sandbox import SandboxHandle

CHINA, INTERNATIONAL, AWS = "alibaba-china", "alibaba-international", "aws"
MINUTE = timedelta(minutes=1)
#: The last hour of a month: AWS takes it until 06:00 UTC on the 1st.
LAST_OF_MONTH = datetime(2026, 10, 31, 23, tzinfo=UTC)


@pytest.fixture
def seller(channel: str, warehouse: Engine, sandbox: SandboxHandle) -> Vendor:
    """A vendor at the channel's marketplace, without subscriptions."""
    outside = OUTSIDES[channel]
    return Vendor(warehouse, sandbox, outside.access(sandbox), outside=outside, metered_since=AT)


def push_until(seller: Vendor, until: datetime) -> list[str]:
    """A run every five minutes or, in a long wait, every hour; what they said that a person has to know."""
    said: list[str] = []
    step = 5 * MINUTE if until - seller.now < 3 * HOUR else HOUR
    while seller.now < until:
        said += seller.push(minutes=4).open_points
        seller.wait_until(max(seller.now, min(until, seller.now + step)))
    return said


#: Channel, the hour that is to be reported, when the marketplace is up again, and what becomes of the hour.
OUTAGES = [
    (CHINA, AT, 50 * MINUTE, "accepted"),
    (CHINA, AT, 70 * MINUTE, "missed"),
    (INTERNATIONAL, AT, 50 * MINUTE, "accepted"),
    (INTERNATIONAL, AT, 70 * MINUTE, "missed"),
    (AWS, AT, 50 * MINUTE, "accepted"),
    (AWS, AT, 70 * MINUTE, "accepted"),
    (AWS, AT, 23 * HOUR - 10 * MINUTE, "accepted"),
    (AWS, AT, 23 * HOUR, "missed"),
    (AWS, LAST_OF_MONTH, 5 * HOUR + 50 * MINUTE, "accepted"),
    (AWS, LAST_OF_MONTH, 6 * HOUR, "missed"),
]


@pytest.mark.parametrize(("channel", "hour", "down_for", "outcome"), OUTAGES)
def test_what_cannot_be_reached_costs_only_what_its_cut_off_does_not_outlast(
    channel: str, hour: datetime, down_for: timedelta, outcome: str, seller: Vendor
) -> None:
    seller.now, seller.metered_since = hour + HOUR + 5 * MINUTE, hour
    seller.wait(0)
    seller.subscribe()
    seller.use(hour, 3600)
    access, seller.access = seller.access, replace(seller.access, endpoint="127.0.0.1:9")
    said = push_until(seller, seller.now + down_for)
    seller.access = access
    for _ in range(3):
        said += seller.push().open_points
        seller.wait(300)
    (key,) = [key for key in seller.booked() if key.endswith(f"{hour:%dT%H}")]
    assert seller.booked()[key] == (outcome, 3600)
    assert seller.book().get(key) == ([3600] if outcome == "accepted" else None)
    assert [f"hour {hour:%Y-%m-%dT%H:%M:%SZ}: its cut-off passed" in each for each in said].count(True) == (
        outcome == "missed"
    )
    seller.assert_nothing_is_twice_or_lost()


@pytest.mark.parametrize(
    ("channel", "minutes", "outcome"),
    [
        (CHINA, 50, "unknown"),
        (CHINA, 70, "unknown"),
        (INTERNATIONAL, 50, "accepted"),
        (INTERNATIONAL, 70, "missed"),
        (AWS, 50, "accepted"),
        (AWS, 70, "accepted"),
    ],
)
def test_a_marketplace_that_fails_leaves_one_request_in_doubt(
    channel: str, minutes: int, outcome: str, seller: Vendor
) -> None:
    """It answers, and says nothing of what became of the request; the others of the hour wait until it is well."""
    few = load_channel(channel)
    few = few.model_copy(update={"request": few.request.model_copy(update={"records": 1})})
    seller.subscribe(3)
    seller.use(AT, 1, 2, 3)
    seller.sandbox.fault("unavailable", service=seller.outside.service, times=1000)
    up_again = seller.now + minutes * MINUTE
    requests, said = 0, []
    while seller.now < up_again + 10 * MINUTE:
        if seller.now >= up_again:
            seller.sandbox.clear_faults()
        pushed = push_few(seller, few)
        requests += pushed.requests if seller.now < up_again else 0
        said += pushed.open_points
        seller.wait(300)
    assert requests == 1
    is_late = minutes == 70 and channel != AWS
    waiting = "missed" if is_late else "accepted"
    assert seller.outcomes() == Counter([outcome, waiting, waiting])
    # The one in doubt is named when it is, and each that is missed is named once.
    missed = seller.outcomes().get("missed", 0)
    assert ["its cut-off passed" in each for each in said].count(True) == missed
    assert len(said) == len(set(said)) == missed + 1
    seller.assert_nothing_is_twice_or_lost()


class OneAMinute:
    """The real sender, to a marketplace that takes one call a minute."""

    def __init__(self, seller: Vendor) -> None:
        self._seller, self._sender = seller, seller.outside.sender(seller.access)
        self._taken_at = seller.now - MINUTE

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sender, name)

    def send(self, request: str) -> Answer:
        if self._seller.now - self._taken_at < MINUTE:
            self._seller.fault("throttle_without_header", times=1)
        else:
            self._taken_at = self._seller.now
        return self._sender.send(request)


@pytest.mark.parametrize(("channel", "hour"), [(CHINA, AT), (INTERNATIONAL, AT), (AWS, LAST_OF_MONTH)])
def test_at_one_call_a_minute_as_many_go_as_there_are_minutes(channel: str, hour: datetime, seller: Vendor) -> None:
    few = load_channel(channel)
    few = few.model_copy(update={"request": few.request.model_copy(update={"records": 1})})
    seller.now, seller.metered_since = few.cut_off_of(hour) - 5 * MINUTE, hour
    seller.wait(0)
    seller.subscribe(8)
    seller.use(hour, *range(1, 9))
    pushed = push_few(seller, few, OneAMinute(seller))
    assert seller.outcomes() == {"accepted": 5, "missed": 3}
    assert (pushed.requests, len(pushed.open_points)) == (10, 3)
    assert push_few(seller, few).open_points == []
    assert len(seller.book()) == 5
    seller.assert_nothing_is_twice_or_lost()


def push_few(seller: Vendor, channel: Any, sender: Any = None) -> Any:
    """A run to a channel with smaller requests."""
    opens = (lambda: sender) if sender else (lambda: seller.outside.sender(seller.access))
    clock = Clock(lambda: seller.now, seller.wait)
    return push_due(seller.warehouse, channel, (seller.outside.item,), opens, clock, ends_at=seller.now + 30 * MINUTE)
