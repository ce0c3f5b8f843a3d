"""Reports usage to a marketplace: the ledger first, then the call, then what came of it.

One session holds the channel's lock for the whole run and does all of its writing. A run that is killed loses the lock
with its session; what it had under way becomes *unknown* in the next run, and is not sent again by itself unless the
channel never charges a record twice. So no call is ever made that the ledger does not know, and none twice.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from include.domain.errors import AkubillError
from include.domain.words.pushes import OPEN_POINTS
from include.marketplace.push.asking import ask_about_unknown
from include.marketplace.push.calling import call
from include.marketplace.push.ledger import Ledger
from include.marketplace.push.open_points import describe_records
from include.marketplace.push.plan import HourlyUsage, plan_pushes
from include.warehouse.engine import alone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from include.domain.channels import Channel
    from include.marketplace.push.ledger import MeteredItem
    from include.marketplace.push.senders import PushRecord, Sender

#: Of these nothing is left to be done: the run goes on with its plan.
_SETTLED = frozenset({"accepted", "duplicate_same", "duplicate_different"})


@dataclass(frozen=True, slots=True)
class Clock:
    """The real time, and how one waits for it: cut-offs are the marketplace's, so they are not a run's logical time."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Pushed:
    """What a run did.

    Attributes:
        entered: records that were made.
        requests: calls that were made.
        outcomes: how many records got each outcome in this run, pending included where they were not taken.
        open_points: what a person has to know, in words; each record is named in the run that gave it its outcome.
        stopped: why the run made no more calls, in words; None where nothing was left to send.
    """

    entered: int = 0
    requests: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    open_points: list[str] = field(default_factory=list)
    stopped: str | None = None

    def counts(self) -> dict[str, int]:
        """What a task returns."""
        return {"entered": self.entered, "requests": self.requests, **self.outcomes}


def push_due(
    warehouse: Engine,
    channel: Channel,
    items: Sequence[MeteredItem],
    open_sender: Callable[[], Sender],
    clock: Clock,
    *,
    ends_at: datetime,
    is_dry_run: bool = False,
) -> Pushed:
    """Enter what is known, and send what is due, until nothing is left or the run's time is over.

    Args:
        warehouse: where usage and the ledger are.
        channel: which marketplace.
        items: what it charges of which product.
        open_sender: opens the way to it; raises where access is missing.
        clock: the real time.
        ends_at: no request is begun after this.
        is_dry_run: enter and plan, and send nothing.

    Raises:
        RetriableError: when another run is at work on the channel.
    """
    pushed = Pushed()
    with alone(warehouse, ("marketplace", "push", channel.name)) as connection:
        run = _Run(Ledger(connection, channel), channel, clock, pushed)
        run.prepare(items)
        run.deliver(open_sender, ends_at, is_dry_run=is_dry_run)
    pushed.open_points += describe_records(warehouse, run.to_describe)
    return pushed


def enter_earlier(warehouse: Engine, channel: Channel, items: Sequence[MeteredItem], now: datetime) -> int:
    """Enter usage that became known late, of hours that the marketplace measured itself; how many records.

    Raises:
        RetriableError: when another run is at work on the channel.
    """
    with alone(warehouse, ("marketplace", "push", channel.name)) as connection:
        return Ledger(connection, channel).enter_earlier(items, now)


class _Due(NamedTuple):
    """A planned request, with the first instant at which one of its records would be too late."""

    records: list[PushRecord]
    not_before: datetime
    cut_off: datetime


class _Run:
    def __init__(self, ledger: Ledger, channel: Channel, clock: Clock, pushed: Pushed) -> None:
        self._ledger, self._channel, self._clock, self._pushed = ledger, channel, clock, pushed
        self.to_describe: list[int] = []

    def prepare(self, items: Sequence[MeteredItem]) -> None:
        """Say what became of an earlier run that was interrupted, and enter what is new."""
        now = self._clock.now()
        self._note("unknown", self._ledger.settle_interrupted(now))
        self._pushed.entered = self._ledger.enter(items, now)

    def deliver(self, open_sender: Callable[[], Sender], ends_at: datetime, *, is_dry_run: bool) -> None:
        """Send request after request, in the order of the plan."""
        self._note("missed", self._ledger.miss(self._clock.now()))
        if self._ledger.is_held():
            self._pushed.stopped = "A person holds the channel."
            return
        if not self._ledger.waiting() and not self._has_unknown():
            return
        if is_dry_run:
            self._note("not_sent", self._ledger.leave_unsent("dry_run", self._clock.now()), is_open=False)
            self._pushed.stopped = "It was a dry run."
            return
        sender = self._opened(open_sender)
        if sender is None:
            return
        self._resolve_unknown(sender, ends_at)
        while self._pushed.stopped is None and (requests := self._next(sender, ends_at)):
            self._send_all(sender, requests, ends_at)

    def _has_unknown(self) -> bool:
        """Whether there is an unknown record about which this channel can do something."""
        if self._channel.can_be_asked:
            return bool(self._ledger.unknown())
        now, sends_again = self._clock.now(), self._channel.on_unknown == "send_again"
        return sends_again and any(unknown.cut_off > now for unknown in self._ledger.unknown())

    def _resolve_unknown(self, sender: Sender, ends_at: datetime) -> None:
        """Ask, or send again; a question that is not answered does not keep new hours from being sent."""
        if self._channel.can_be_asked:
            asked = ask_about_unknown(self._ledger, self._channel, sender, self._clock.now, ends_at)
            for outcome, record_keys in asked.outcomes.items():
                self._note(outcome, record_keys)
        elif self._channel.on_unknown == "send_again":
            self._ledger.send_unknown_again(self._clock.now())

    def _send_all(self, sender: Sender, requests: list[_Due], ends_at: datetime) -> None:
        """Send planned requests, until one is not settled or must wait: then what is left is planned again."""
        for due in requests:
            now = self._clock.now()
            if not due.not_before <= now < due.cut_off or now > ends_at:
                return
            if not self._send(sender, due.records, ends_at):
                return

    def _opened(self, open_sender: Callable[[], Sender]) -> Sender | None:
        """The way to the marketplace, after a call that changes nothing where the last one may have been lost."""
        try:
            sender = open_sender()
        except AkubillError as error:
            self._note("not_sent", self._ledger.leave_unsent("no_access", self._clock.now()))
            self._pushed.stopped = str(error)
            return None
        if self._ledger.is_in_doubt():
            try:
                sender.check_reachable()
            except AkubillError as error:
                self._pushed.stopped = str(error)
                return None
        return sender

    def _next(self, sender: Sender, ends_at: datetime) -> list[_Due]:
        """The planned requests, once the first of them may go; none where the run ends before that."""
        while True:
            now = self._clock.now()
            self._note("missed", self._ledger.miss(now))
            by_identity = {_usage_of(record, sender.apart(record)): record for record in self._ledger.waiting()}
            plan = plan_pushes(self._channel, by_identity, now, self._ledger.last_requests(now))
            if not plan.requests or not self._wait_until(plan.requests[0].not_before, ends_at):
                return []
            if plan.requests[0].not_before <= now:
                return [
                    _Due(
                        [by_identity[row] for row in request.records],
                        request.not_before,
                        min(self._channel.cut_off_of(row.hour) for row in request.records),
                    )
                    for request in plan.requests
                ]

    def _wait_until(self, instant: datetime, ends_at: datetime) -> bool:
        """Wait; False where the run would be over."""
        seconds = (instant - self._clock.now()).total_seconds()
        if instant > ends_at or self._clock.now() > ends_at:
            self._pushed.stopped = "The run's time is over; the next one goes on."
            return False
        if seconds > 0:
            self._clock.sleep(seconds)
        return True

    def _send(self, sender: Sender, records: list[PushRecord], ends_at: datetime) -> bool:
        """Enter, call, book; False where what is left is to be planned again."""
        request = sender.encode(records)
        attempt_key = self._ledger.begin(records, request, self._clock.now())
        self._pushed.requests += 1
        bookings, evidence, message = call(sender, request, len(records))
        booked = self._ledger.book(attempt_key, records, bookings, evidence, self._clock.now())
        for outcome, record_keys in booked.items():
            self._note(outcome, record_keys)
        wait_seconds = max(booking.wait_seconds for booking in bookings)
        if any(booking.stops for booking in bookings):
            self._pushed.stopped = message or "The marketplace's answer is not one that is known."
        elif wait_seconds:
            self._wait_until(self._clock.now() + timedelta(seconds=wait_seconds), ends_at)
        return set(booked) <= _SETTLED

    def _note(self, outcome: str, record_keys: list[int], *, is_open: bool = True) -> None:
        if record_keys:
            self._pushed.outcomes[outcome] += len(record_keys)
            if is_open and outcome in OPEN_POINTS:
                self.to_describe += record_keys


def _usage_of(record: PushRecord, apart: str) -> HourlyUsage:
    """What the plan looks at. Two dimensions of one hour are two rows."""
    return HourlyUsage(
        record.marketplace_instance_id,
        record.product_code,
        record.hour_start,
        record.quantity,
        record.most_together,
        record.record_key,
        apart,
    )
