"""The ledger of one channel: what is to be reported, and what became of it. Each method is one transaction.

It works on the session that holds the channel's lock (see deliver.py), so a run that lost the lock cannot write.
"""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from include.domain.periods import HOUR, floor_to_hour
from include.marketplace.push.senders import PushRecord
from include.warehouse.engine import ensure_partitions, statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.channels import Channel
    from include.marketplace.push.answers import Booking

#: Hours are looked at again for so long: usage, or a marketplace instance, may become known late. The first run of a
#: channel begins so long ago.
_LOOKED_AT_AGAIN = timedelta(hours=26)
#: Usage that became known late is entered of hours that are not older than this.
_EARLIEST = timedelta(days=92)
_LONGEST_PAUSE = timedelta(minutes=10)


class MeteredItem(NamedTuple):
    """What a channel charges of a product.

    Attributes:
        product: of the catalogue.
        product_code: the product at the marketplace.
        dimension: what is measured, by the marketplace's id of it.
        item_key: its unit there.
        is_pushed: whether the vendor reports it, and not the marketplace itself.
        unit_seconds: AKU-seconds in one unit of what is reported.
    """

    product: str
    product_code: str
    dimension: str
    item_key: str
    is_pushed: bool
    unit_seconds: int = 1


class UnknownRecord(NamedTuple):
    """A record of which it is not known whether it arrived: when its last request began, and until when it counts."""

    record: PushRecord
    begun_at: datetime
    cut_off: datetime


class Evidence(NamedTuple):
    """What is kept of a call: no secrets."""

    answer: Mapping[str, Any]
    request_id: str | None
    duration_ms: int


class Ledger:
    """A channel's records, on the session that holds its lock."""

    def __init__(self, connection: Connection, channel: Channel) -> None:
        self._connection, self._channel = connection, channel

    def enter(self, items: Sequence[MeteredItem], now: datetime) -> int:
        """Make records of closed hours that have none; how many were made."""
        until = floor_to_hour(now)
        with self._connection.begin():
            known = self._run("marketplace/push/find_progress").scalar()
            start = min(known or until, until - _LOOKED_AT_AGAIN)
            # The running hour as well, of subscriptions that have ended in it, where that may not wait.
            running = 1 if self._channel.last_hour == "at_once" else 0
            made = self._enter_hours(
                items, [start + n * HOUR for n in range(int((until - start) / HOUR) + running)], now
            )
            self._run("marketplace/push/record_progress", entered_from=start, entered_until=until)
        return made

    def enter_earlier(self, items: Sequence[MeteredItem], now: datetime) -> int:
        """Make records of earlier hours whose usage became known late, as by an import; how many were made.

        Only of what the marketplace measures itself: it counted the hours, whenever we learn of them.
        """
        measured = [item for item in items if not item.is_pushed]
        asked = {
            "products": [item.product for item in measured],
            "since": now - _EARLIEST,
            "until": floor_to_hour(now) - _LOOKED_AT_AGAIN,
        }
        with self._connection.begin():
            hours = self._run("marketplace/push/list_unrecorded_hours", **asked).scalars().all()
        # Month by month, because that is how the ledger is stored.
        return sum(self._enter_month(measured, list(month), now) for _, month in groupby(hours, _month_of))

    def _enter_month(self, items: Sequence[MeteredItem], hours: Sequence[datetime], now: datetime) -> int:
        with self._connection.begin():
            return self._enter_hours(items, hours, now)

    def _enter_hours(self, items: Sequence[MeteredItem], hours: Sequence[datetime], now: datetime) -> int:
        facts = {
            "channel": self._channel.name,
            "products": [item.product for item in items],
            "product_codes": [item.product_code for item in items],
            "dimensions": [item.dimension for item in items],
            "item_keys": [item.item_key for item in items],
            "are_pushed": [item.is_pushed for item in items],
            # What the marketplace measures itself, it measures to the second.
            "unit_seconds": [item.unit_seconds if item.is_pushed else 1 for item in items],
            "hours": hours,
            "first_hour": hours[0],
            "last_hour": hours[-1],
            "cut_offs": [self._channel.cut_off_of(hour) for hour in hours],
            "idle_hours_are_sent": self._channel.idle_hours == "sent",
            "silent_untils": [self._channel.silent_until(hour) for hour in hours],
            "now": now,
        }
        ensure_partitions(self._connection, hours[0], hours[-1] + HOUR)
        # The planner may take the ledger for empty, and would look through all of it for each hour.
        self._connection.execute(text("SELECT set_config('enable_nestloop', 'off', TRUE)"))
        return self._connection.execute(statement("marketplace/push/enter_records"), facts).rowcount

    def settle_interrupted(self, now: datetime) -> list[int]:
        """Records of requests that ended before their answer become unknown; whose keys these are."""
        with self._connection.begin():
            return list(self._run("marketplace/push/settle_interrupted", now=now).scalars())

    def send_unknown_again(self, now: datetime) -> None:
        """Have unknown records sent again, where the channel never charges one twice."""
        with self._connection.begin():
            self._run("marketplace/push/send_unknown_again", now=now)

    def miss(self, now: datetime) -> list[int]:
        """What is past its cut-off is missed; whose keys these are."""
        with self._connection.begin():
            return list(self._run("marketplace/push/miss_records", now=now).scalars())

    def leave_unsent(self, reason: str, now: datetime) -> list[int]:
        """What waits is not sent; whose keys these are."""
        with self._connection.begin():
            return list(self._run("marketplace/push/leave_unsent", reason=reason, now=now).scalars())

    def waiting(self) -> list[PushRecord]:
        """What is to be sent."""
        with self._connection.begin():
            return [PushRecord(**row) for row in self._run("marketplace/push/list_waiting").mappings()]

    def unknown(self) -> list[UnknownRecord]:
        """Records of which it is not known whether they arrived, the oldest hours first."""
        with self._connection.begin():
            rows = [dict(row) for row in self._run("marketplace/push/list_unknown").mappings()]
        begun = [(row.pop("begun_at"), row.pop("cut_off"), row) for row in rows]
        return [UnknownRecord(PushRecord(**row), begun_at, cut_off) for begun_at, cut_off, row in begun]

    def settle_unknown(self, record_key: int, outcome: str, reason: str, now: datetime) -> bool:
        """Give an unknown record its outcome; False where it is not unknown any more."""
        changed = {"record_keys": [record_key], "outcome": outcome, "reason": reason, "now": now}
        with self._connection.begin():
            return bool(self._run("marketplace/push/resolve_unknown", **changed).rowcount)

    def last_requests(self, now: datetime) -> dict[str, datetime]:
        """When each instance was last in a request, as far as that still matters."""
        with self._connection.begin():
            return {
                row.marketplace_instance_id: row.begun_at
                for row in self._run("marketplace/push/list_last_requests", since=now - _LONGEST_PAUSE)
            }

    def is_held(self) -> bool:
        """Whether a person holds the channel."""
        with self._connection.begin():
            last = self._run("marketplace/push/find_hold").first()
        return last is not None and last.decision == "hold"

    def is_in_doubt(self) -> bool:
        """Whether it is not known how the channel's last request ended."""
        with self._connection.begin():
            last = self._run("marketplace/push/find_last_result").first()
        return last is not None and last.result in {None, "unknown"}

    def begin(self, records: Sequence[PushRecord], request: str, now: datetime) -> int:
        """Enter a request before its call; its key."""
        with self._connection.begin():
            begun = self._run(
                "marketplace/push/begin_attempt", product_code=records[0].product_code, now=now, request=request
            )
            attempt_key = int(begun.scalar_one())
            taking = {"attempt_key": attempt_key, "record_keys": [record.record_key for record in records]}
            taken = self._connection.execute(statement("marketplace/push/take_records"), taking)
            if taken.rowcount != len(records):
                raise AssertionError("Records left the queue while the channel was locked.")
        return attempt_key

    def book(
        self,
        attempt_key: int,
        records: Sequence[PushRecord],
        bookings: Sequence[Booking],
        evidence: Evidence,
        now: datetime,
    ) -> dict[str, list[int]]:
        """Store a request's answer, and what it means for each of its records; whose keys have which outcome."""
        outcomes = {booking.outcome for booking in bookings}
        ended = {
            "attempt_key": attempt_key,
            "now": now,
            # One record in doubt leaves the request in doubt.
            "result": "unknown" if "unknown" in outcomes else outcomes.pop() if len(outcomes) == 1 else "mixed",
            "answer": json.dumps(evidence.answer),
            "request_id": evidence.request_id,
            "duration_ms": evidence.duration_ms,
        }
        booked = {
            "attempt_key": attempt_key,
            "record_keys": [record.record_key for record in records],
            "outcomes": [booking.outcome for booking in bookings],
            "reasons": [booking.reason for booking in bookings],
            "their_codes": [booking.their_code for booking in bookings],
            "most_together": [booking.most_together for booking in bookings],
            "now": now,
        }
        found: dict[str, list[int]] = {}
        with self._connection.begin():
            self._connection.execute(statement("marketplace/push/end_attempt"), ended)
            for row in self._connection.execute(statement("marketplace/push/book_records"), booked):
                found.setdefault(row.outcome, []).append(row.record_key)
        return found

    def _run(self, name: str, **facts: object) -> Any:  # noqa: ANN401 (a result)
        return self._connection.execute(statement(name), {"channel": self._channel.name, **facts})


def _month_of(hour: datetime) -> tuple[int, int]:
    return hour.year, hour.month
