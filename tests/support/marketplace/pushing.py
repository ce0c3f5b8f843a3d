"""A vendor with subscriptions at the sandbox's Marketplace, whose clocks both go only when one waits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.catalog.loader import load_channel
from include.marketplace.push.deliver import Clock, Pushed, enter_earlier, push_due
from tests.support.builders import (
    environment_of,
    insert,
    make_buyer,
    make_instance,
    make_subscription,
    make_usage,
    rows,
)
from tests.support.marketplace.outsides import CHINA, Outside

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.marketplace.push.ledger import MeteredItem
    from tests.support.sandbox import SandboxHandle

HOUR = timedelta(hours=1)
AT = datetime(2026, 11, 10, 8, tzinfo=UTC)
ITEM = CHINA.item


@dataclass
class Vendor:
    """The vendor's side, and the Marketplace that it reports to."""

    warehouse: Engine
    sandbox: SandboxHandle
    access: Any
    now: datetime = AT + HOUR + timedelta(minutes=5)
    instances: list[str] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    outside: Outside = CHINA
    metered_since: datetime | None = None

    def __post_init__(self) -> None:
        self._tell_time()

    def _tell_time(self) -> None:
        self.sandbox.settings(push_clock_ahead_seconds=int(self.now.timestamp() - time.time()))

    def wait(self, seconds: float) -> None:
        """Both clocks go on."""
        self.now += timedelta(seconds=seconds)
        self._tell_time()

    def wait_until(self, instant: datetime) -> None:
        """Both clocks go on until then."""
        self.wait((instant - self.now).total_seconds())

    def subscribe(self, count: int = 1) -> None:
        """Subscriptions that the Marketplace knows, metered since long ago."""
        names = [f"env-{len(self.keys) + number:03}" for number in range(count)]
        account_id, sold = self.outside.sell(self.sandbox, names)
        with self.warehouse.begin() as connection:
            make_buyer(connection, account_id)
            for name, (instance, order_id) in zip(names, sold, strict=True):
                since = {"metering_started_at": self.metered_since} if self.metered_since else {}
                key = make_subscription(
                    connection, account_id, name, marketplace_instance_id=instance, order_id=order_id, **since
                )
                make_instance(connection, key, f"kf-{len(self.keys)}")
                self.keys.append(key)
                self.instances.append(instance)

    def rename(self, instance: str, to: str) -> None:
        """Let a subscription be of another marketplace instance."""
        change = "UPDATE core.subscriptions SET marketplace_instance_id = :to WHERE marketplace_instance_id = :instance"
        with self.warehouse.begin() as connection:
            connection.execute(text(change), {"to": to, "instance": instance})

    def fault(self, kind: str, **traits: Any) -> None:
        """Let something go wrong with the calls that report usage."""
        self.sandbox.fault(kind, service=self.outside.service, action=self.outside.action, **traits)

    def use(self, hour: datetime, *aku_seconds: int, closed: bool = True) -> None:
        """Usage of the subscriptions in an hour, and whether their consoles have answered since."""
        with self.warehouse.begin() as connection:
            for key, quantity in zip(self.keys, aku_seconds, strict=False):
                instance = text("SELECT instance_key FROM metering.instances WHERE subscription_key = :key")
                make_usage(connection, connection.execute(instance, {"key": key}).scalar_one(), hour, [quantity])
                environment = environment_of(connection, key)
                insert(
                    connection, "metering.environment_hours", hour_start=hour, environment_key=environment,
                    state="closed" if closed else "open", revision=1, closed_at=hour + HOUR,
                )  # fmt: skip

    def push(self, minutes: int = 30, items: tuple[MeteredItem, ...] | None = None, **options: Any) -> Pushed:
        """A run of that time at most, with the real SDK."""
        clock = Clock(lambda: self.now, self.wait)
        ends_at = self.now + timedelta(minutes=minutes)
        options = {"open_sender": lambda: self.outside.sender(self.access), "ends_at": ends_at, **options}
        channel = load_channel(self.outside.channel)
        return push_due(self.warehouse, channel, items or (self.outside.item,), clock=clock, **options)

    def enter_earlier(self, items: tuple[MeteredItem, ...]) -> int:
        """The daily look for usage that became known late."""
        return enter_earlier(self.warehouse, load_channel(self.outside.channel), items, self.now)

    def ledger(self) -> list[tuple[Any, ...]]:
        """Outcome and reason of each record, by hour and instance."""
        return rows(
            self.warehouse,
            "SELECT outcome, reason FROM marketplace.push_records ORDER BY hour_start, marketplace_instance_id",
        )

    def outcomes(self) -> dict[str, int]:
        """How many records have each outcome."""
        query = "SELECT outcome, count(*) FROM marketplace.push_records GROUP BY outcome"
        return dict(rows(self.warehouse, query))

    def booked(self) -> dict[str, tuple[str, int]]:
        """What the ledger has: instance and hour → outcome, and what is sent."""
        query = "SELECT marketplace_instance_id, hour_start, outcome, units FROM marketplace.push_records"
        return {
            f"{name} {at:%dT%H}": (outcome, quantity) for name, at, outcome, quantity in rows(self.warehouse, query)
        }

    def book(self) -> dict[str, list[int]]:
        """What the Marketplace has: instance and hour → every quantity that it took."""
        found: dict[str, list[int]] = {}
        for instance, hour, quantity in self.outside.book(self.sandbox):
            found.setdefault(f"{instance} {datetime.fromtimestamp(hour, UTC):%dT%H}", []).append(quantity)
        return found

    def assert_nothing_is_twice_or_lost(self) -> None:
        """The Marketplace's own book and the ledger agree, as far as the ledger says that it knows."""
        book, ledger = self.book(), self.booked()
        assert [name for name, quantities in book.items() if len(quantities) > 1] == [], "charged twice"
        assert set(book) <= set(ledger), "the Marketplace has what the ledger does not know"
        for name, (outcome, quantity) in ledger.items():
            if outcome == "accepted":
                assert book.get(name) == [quantity], name
            elif name in book:
                assert outcome in {"unknown", "duplicate_different"}, f"{name} is {outcome}, and the Marketplace has it"


@pytest.fixture
def vendor(warehouse: Engine, sandbox: SandboxHandle) -> Vendor:
    """A vendor without subscriptions."""
    return Vendor(warehouse, sandbox, CHINA.access(sandbox))
