"""The end of a subscription, by its life: its backlog and its last hour are reported while the marketplace takes them.

Consoles are polled, hours are closed by the rules of metering, and every minute counts as it does in production:
polls every five minutes, hours closed seven minutes after their end, pushes three minutes after each poll.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.domain.marketplace.changes import InstanceChange
from include.domain.marketplace.events import FROZEN, RELEASED
from include.domain.periods import Window
from include.domain.products import AkuRules
from include.marketplace.push.records import sum_agreement
from include.metering.hours.close import close_due_hours, close_hour, close_last_hours
from include.metering.polling.readings import Poll, read_listing
from include.metering.polling.record import record_polls
from include.onboarding.following import follow_marketplace
from include.onboarding.release import release_subscription
from tests.support.builders import environment_of, rows
from tests.support.marketplace.outsides import AWS, CHINA, INTERNATIONAL, Outside
from tests.support.marketplace.pushing import AT, HOUR, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle

MINUTE = timedelta(minutes=1)
AKU = AkuRules(minimum=3, maximum=500, fields=["reservedAku"])
SIZE = 6


class Life:
    """One vendor whose clock goes on by minutes, and does what production does at each of them."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.now = AT - 5 * MINUTE
        self.silent_from: datetime | None = None
        self.sizes: dict[int, int] = {}
        self.is_down = False
        self.named: list[str] = []
        self._access = vendor.access

    def begin(self, count: int = 1, size: int = SIZE) -> None:
        """Subscriptions at the marketplace, each with one instance that has run for long."""
        self.vendor.metered_since = AT - HOUR
        self.vendor.subscribe(count)
        ordered = "UPDATE core.subscriptions SET order_id = subscription_id WHERE order_id IS NULL"
        with self.vendor.warehouse.begin() as connection:
            connection.execute(text(ordered))
            for key in self.vendor.keys:
                self.sizes[environment_of(connection, key)] = size

    def go_on(self, until: datetime) -> None:
        """Minute by minute, up to and including that one."""
        while self.now < until:
            self.now += MINUTE
            self._tick()

    def _tick(self) -> None:
        warehouse, minute = self.vendor.warehouse, self.now.minute
        if minute % 5 == 0:
            record_polls(warehouse, [poll for key in self._asked() for poll in self._poll(key)])
            close_due_hours(warehouse, self.now)
        if minute == 7:
            close_hour(warehouse, self.now.replace(minute=0) - HOUR, self.now)
        if minute % 5 == 3:
            self.vendor.access = replace(self._access, endpoint="127.0.0.1:9") if self.is_down else self._access
            self.vendor.wait_until(self.now)
            if self.vendor.outside is AWS:
                close_last_hours(warehouse, [self.vendor.outside.item.product], self.now)
            self.named += self.vendor.push(minutes=0).open_points

    def _asked(self) -> list[int]:
        """Environments that are asked: not the released ones."""
        query = "SELECT environment_key FROM core.environments WHERE state = 'metered' ORDER BY 1"
        return [key for (key,) in rows(self.vendor.warehouse, query)]

    def _poll(self, key: int) -> list[Poll]:
        if self.silent_from is not None and self.now >= self.silent_from:
            return [Poll(key, self.now, cause="unreachable", error="It was not reached.")]
        made = (AT - 30 * HOUR).isoformat()
        instance: dict[str, Any] = {"instanceId": f"kf-of-{key}", "name": "orders", "state": "Running"}
        instance |= {"spec": {"reservedAku": self.sizes[key]}, "gmtCreate": made, "gmtModified": made}
        readings, rejections = read_listing([instance] if self.sizes[key] else [], self.now, AKU)
        return [Poll(key, self.now, readings, rejections)]

    def hear_of(self, state: str, expires_at: datetime | None = None) -> None:
        """An event of the marketplace has come to the subscription."""
        with self.vendor.warehouse.begin() as connection:
            order_id = rows(self.vendor.warehouse, "SELECT order_id FROM core.subscriptions")[0][0]
            change = InstanceChange("mp", str(order_id), state, expires_at, self.now)
            assert follow_marketplace(connection, change, self.now)

    def release(self, ended_at: datetime) -> None:
        """A person enters the end of the first subscription; at AWS its agreement ended then."""
        query = "SELECT subscription_id FROM core.subscriptions ORDER BY subscription_key"
        released = rows(self.vendor.warehouse, query)[0][0]
        release_subscription(self.vendor.warehouse, released, ended_at, "ann", "The buyer unsubscribed.", self.now)
        if self.vendor.outside is not AWS:
            return
        account_id, _, licence = self.vendor.instances[0].partition("/")
        wanted = {"account_id": account_id, "license_arn": licence, "ended_at": ended_at.isoformat()}
        self.vendor.sandbox.admin.post("/aws/agreements", json=wanted).raise_for_status()

    def reported(self, instance: int = 0) -> dict[str, list[int]]:
        """What the marketplace has of an instance, by hour."""
        name = self.vendor.instances[instance]
        parts = [(key.rpartition(" "), taken) for key, taken in self.vendor.book().items()]
        return {hour: taken for (instance_id, _, hour), taken in parts if instance_id == name}

    def assert_agrees(self) -> None:
        """Book and ledger agree, and every metered AKU-second has a place in the ledger."""
        self.vendor.assert_nothing_is_twice_or_lost()
        sums = sum_agreement(self.vendor.warehouse, Window(AT - 48 * HOUR, AT + 48 * HOUR))
        assert all(row["difference"] == row["differing_hours"] == row["waiting"] == 0 for row in sums)


@pytest.fixture
def life_at(warehouse: Engine, sandbox: SandboxHandle) -> Callable[[Outside], Life]:
    """A life at a marketplace, from five minutes before AT on."""

    def begin(outside: Outside) -> Life:
        return Life(Vendor(warehouse, sandbox, outside.access(sandbox), AT, outside=outside))

    return begin


def at(hour: int, minute: int = 0) -> datetime:
    return AT.replace(hour=hour, minute=minute)


@pytest.mark.parametrize("outside", [CHINA, INTERNATIONAL])
def test_the_hour_that_contains_the_expiry_is_reported_whole_and_later_ones_are_not(
    outside: Outside, life_at: Callable[[Outside], Life]
) -> None:
    life = life_at(outside)
    life.begin()
    life.go_on(at(8, 20))
    life.hear_of(FROZEN, expires_at=at(8, 20))
    life.go_on(at(10, 15))
    assert life.reported() == {"10T07": [SIZE * 3600], "10T08": [SIZE * 3600]}
    assert life.named == []
    life.assert_agrees()


@pytest.mark.parametrize("outside", [CHINA, INTERNATIONAL])
def test_the_hour_of_a_release_is_reported_up_to_it(outside: Outside, life_at: Callable[[Outside], Life]) -> None:
    life = life_at(outside)
    life.begin()
    life.go_on(at(8, 20))
    life.hear_of(RELEASED)
    life.go_on(at(10, 15))
    assert life.reported() == {"10T07": [SIZE * 3600], "10T08": [SIZE * 1200]}
    assert life.named == []
    life.assert_agrees()


def test_a_release_before_the_last_hour_was_reported_leaves_no_backlog(life_at: Callable[[Outside], Life]) -> None:
    life = life_at(CHINA)
    life.begin()
    life.go_on(at(9, 2))
    assert life.reported() == {"10T07": [SIZE * 3600]}
    life.hear_of(RELEASED)
    life.go_on(at(10, 15))
    assert life.reported() == {"10T07": [SIZE * 3600], "10T08": [SIZE * 3600], "10T09": [SIZE * 120]}
    life.assert_agrees()


@pytest.mark.parametrize("outside", [CHINA, AWS])
def test_what_a_silent_console_leaves_of_the_last_hour_is_a_gap_and_the_rest_is_reported(
    outside: Outside, life_at: Callable[[Outside], Life]
) -> None:
    life = life_at(outside)
    life.begin()
    life.silent_from = at(8, 15)
    life.go_on(at(8, 40))
    life.release(at(8, 40))
    life.go_on(at(10, 15))
    ((known, gap),) = rows(
        life.vendor.warehouse,
        "SELECT aku_seconds, gap_seconds FROM metering.subscription_hours WHERE hour_start = '2026-11-10 08:00Z'",
    )
    assert life.reported() == {"10T07": [SIZE * 3600], "10T08": [known]}
    # The last answer is carried on to the end, as estimated; the time of the silence is the gap.
    assert (known, gap) == (SIZE * 2400, 1800)
    gaps = "SELECT gap_start, gap_end, state FROM metering.gaps WHERE instance_key IS NULL ORDER BY gap_start DESC"
    assert rows(life.vendor.warehouse, gaps)[0] == (at(8, 10), at(8, 40), "open")
    life.assert_agrees()


def test_an_end_early_in_an_hour_is_reported_at_once_where_the_licence_is_soon_gone(
    life_at: Callable[[Outside], Life],
) -> None:
    life = life_at(AWS)
    life.begin(2)
    life.go_on(at(8, 2))
    life.release(at(8, 1))
    assert life.reported() == {}, "the hour that has just ended is not closed yet"
    life.go_on(at(8, 3))
    assert life.reported() == {"10T07": [SIZE * 3600], "10T08": [SIZE * 60]}, "backlog and last hour"
    assert life.reported(1) == {}, "of that subscription alone"
    life.go_on(at(10, 15))
    assert life.reported() == {"10T07": [SIZE * 3600], "10T08": [SIZE * 60]}
    assert life.reported(1) == {f"10T{hour:02}": [SIZE * 3600] for hour in (7, 8, 9)}
    assert life.named == []
    life.assert_agrees()


def test_a_last_hour_without_usage_is_reported_as_0_where_idle_hours_are(life_at: Callable[[Outside], Life]) -> None:
    life = life_at(AWS)
    life.begin(size=0)
    life.go_on(at(8, 20))
    life.release(at(8, 20))
    life.go_on(at(10, 15))
    assert life.reported() == {"10T07": [0], "10T08": [0]}
    life.assert_agrees()


def test_an_end_that_is_entered_late_is_reported_as_soon_as_it_is_known(life_at: Callable[[Outside], Life]) -> None:
    life = life_at(AWS)
    life.begin()
    life.go_on(at(8, 55))
    life.release(at(8, 1))
    life.go_on(at(10, 15))
    assert life.reported() == {"10T07": [SIZE * 3600], "10T08": [SIZE * 60]}
    life.assert_agrees()


@pytest.mark.parametrize("minutes", [50, 70])
@pytest.mark.parametrize("outside", [CHINA, AWS])
def test_a_release_while_the_marketplace_is_down(
    outside: Outside, minutes: int, life_at: Callable[[Outside], Life]
) -> None:
    life = life_at(outside)
    life.begin()
    life.go_on(at(8, 12))
    life.is_down = True
    life.go_on(at(8, 14))
    life.release(at(8, 14))
    life.go_on(at(8, 14) + minutes * MINUTE)
    life.is_down = False
    life.go_on(at(10, 15))
    # AWS takes the last hour until 9:14; the one before was reported in time. Alibaba takes it until 9:59.
    is_lost = outside is AWS and minutes == 70
    assert life.reported() == {"10T07": [SIZE * 3600]} | ({} if is_lost else {"10T08": [SIZE * 840]})
    ledger = dict(rows(life.vendor.warehouse, "SELECT hour_start, outcome FROM marketplace.push_records"))
    assert ledger[AT] == ("refused" if is_lost else "accepted")
    assert len(life.named) == (1 if is_lost else 0)
    assert all("CustomerNotSubscribed" in named for named in life.named)
    life.assert_agrees()
