"""Unknown records that the Marketplace's own bill resolves, and those that it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.alibaba.bss import Bss
from include.domain.errors import ConfigurationError
from include.domain.periods import floor_to_hour
from include.marketplace.push.resolve import Resolved, _only_sum, resolve_by_bills
from tests.support.cloud import QUICK
from tests.support.marketplace.pushing import HOUR, Vendor
from tests.support.onboarding import access_of

if TYPE_CHECKING:
    from tests.support.sandbox import SandboxAccount

#: Two hours of one day in UTC+8 that the bill of the sandbox has already: it goes by the real time.
_THREE_AGO = floor_to_hour(datetime.now(UTC)) - 3 * HOUR
EARLIER = _THREE_AGO - 2 * HOUR if _THREE_AGO.hour == 15 else _THREE_AGO
LATER = EARLIER + HOUR
LONG_AFTER = EARLIER + timedelta(days=5)


class Market(Vendor):
    """A vendor whose Marketplace charges what was pushed."""

    buyer: SandboxAccount

    def open(self) -> None:
        """Two subscriptions, charged since long before the hours."""
        self.sandbox.settings(metering_source="push")
        self.wait_until(EARLIER + HOUR + timedelta(minutes=5))
        self.subscribe(2)
        for row in self.sandbox.admin.get("/service-instances").raise_for_status().json():
            self.sandbox.life(row["service_instance_id"], since=(EARLIER - 9 * HOUR).isoformat())
            self.buyer = self.sandbox.account("buyer", account_id=row["account_id"])

    def lose(self, hour: datetime, *aku_seconds: int, fault: str = "lost_answer") -> None:
        """Usage whose push is not answered."""
        self.use(hour, *aku_seconds)
        self.sandbox.fault(fault, action="PushMeteringData", times=1)
        self.push()

    def resolve(self, at: datetime = LONG_AFTER) -> Resolved:
        access = access_of(self.sandbox, self.buyer)
        return resolve_by_bills(self.warehouse, "alibaba-china", at, lambda _: Bss(access, QUICK))


@pytest.fixture
def market(vendor: Vendor) -> Market:
    made = Market(vendor.warehouse, vendor.sandbox, vendor.access)
    made.open()
    return made


def test_what_is_on_the_bill_was_accepted_at_once(market: Market) -> None:
    market.lose(EARLIER, 3600)
    assert market.resolve(at=LATER).outcomes == {"accepted": 1}
    assert market.ledger() == [("accepted", "on_bill")]
    market.assert_nothing_is_twice_or_lost()
    assert market.resolve().outcomes == {}


def test_what_is_not_on_the_bill_is_missed_when_the_bill_has_had_time(market: Market) -> None:
    market.lose(EARLIER, 3600, fault="unavailable")
    assert market.resolve(at=LATER).outcomes == {"unknown": 1}
    assert market.resolve().outcomes == {"missed": 1}
    assert market.ledger() == [("missed", "not_on_bill")]
    market.assert_nothing_is_twice_or_lost()


def test_beside_accepted_hours_the_rest_of_the_bill_decides(market: Market) -> None:
    market.lose(EARLIER, 3600, 60)
    market.wait_until(LATER + HOUR + timedelta(minutes=5))
    market.use(LATER, 7200, 50)
    market.push()
    assert market.outcomes() == {"unknown": 2, "accepted": 2}
    assert market.resolve(at=LATER).outcomes == {"accepted": 2}
    market.assert_nothing_is_twice_or_lost()


def test_of_two_lost_hours_the_bill_shows_which_one_arrived(market: Market) -> None:
    market.lose(EARLIER, 3600)
    market.wait_until(LATER + HOUR + timedelta(minutes=5))
    market.lose(LATER, 7200, fault="unavailable")
    assert market.outcomes() == {"unknown": 2}
    assert market.resolve().outcomes == {"accepted": 1, "missed": 1}
    market.assert_nothing_is_twice_or_lost()


def test_what_the_bill_cannot_tell_apart_is_left_to_a_person(market: Market) -> None:
    market.lose(EARLIER, 3600)
    market.wait_until(LATER + HOUR + timedelta(minutes=5))
    market.lose(LATER, 3600, fault="unavailable")
    assert market.resolve().outcomes == {"unknown": 2}
    assert market.outcomes() == {"unknown": 2}


def test_a_bill_that_cannot_be_read_is_named_and_settles_nothing(market: Market) -> None:
    def no_access(_: str) -> Bss:
        raise ConfigurationError("The connection is missing.")

    market.lose(EARLIER, 3600)
    resolved = resolve_by_bills(market.warehouse, "alibaba-china", LONG_AFTER, no_access)
    assert resolved.failures == {market.buyer.account_id: "The connection is missing."}
    assert (resolved.outcomes, market.outcomes()) == ({"unknown": 1}, {"unknown": 1})


@given(st.lists(st.integers(1, 20), max_size=6), st.data())
def test_a_sum_is_taken_apart_only_where_there_is_one_way(quantities: list[int], data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(range(len(quantities))))) if quantities else set()
    wanted = sum(quantities[place] for place in chosen)
    ways = sum(
        1
        for mask in range(2 ** len(quantities))
        if sum(quantity for place, quantity in enumerate(quantities) if mask >> place & 1) == wanted
    )
    found = _only_sum(quantities, wanted)
    assert (found is not None) == (ways == 1)
    assert found is None or set(found) == chosen
