"""Which requests report which usage to a marketplace, and when: a pure function of the usage and the instant.

Oldest hours come first. Every request is inside the channel's limits: records, bytes, one product, and the pause
between two requests with one instance. What cannot arrive before its cut-off is missed, and no request has it.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from include.domain.periods import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from include.domain.channels import Channel

#: A character of an id, percent-encoded.
_ENCODED = 3
_NO_LIMIT = 10**9


class HourlyUsage(NamedTuple):
    """What one marketplace instance used in one UTC hour.

    Attributes:
        marketplace_instance_id: the Marketplace's id of it.
        product_code: the product that it is of.
        hour: its start.
        quantity: AKU-seconds.
        most_together: how many records its request may have, where a larger one was refused; None: as many as fit.
        record_key: of the ledger; 0 for rows of a file.
        apart: what the records of one request agree in, besides their product.
    """

    marketplace_instance_id: str
    product_code: str
    hour: datetime
    quantity: int
    most_together: int | None = None
    record_key: int = 0
    apart: str = ""

    @property
    def start(self) -> datetime:
        """The start of the time that is reported."""
        return self.hour

    @property
    def end(self) -> datetime:
        """Its end (exclusive)."""
        return self.hour + HOUR


class PlannedRequest(NamedTuple):
    """One request: its product, the instant before which it must not go, and its records, the oldest first."""

    product_code: str
    not_before: datetime
    records: list[HourlyUsage]


class PushPlan(NamedTuple):
    """What to send, the earliest first; and what is too late, the oldest first."""

    requests: list[PlannedRequest]
    missed: list[HourlyUsage]


def plan_pushes(
    channel: Channel,
    usage: Iterable[HourlyUsage],
    now: datetime,
    last_requests: Mapping[str, datetime] = MappingProxyType({}),
) -> PushPlan:
    """Plan how usage that was not reported yet is reported to a channel.

    Args:
        channel: which marketplace.
        usage: closed hours; one row for each instance and hour.
        now: when the first request may go.
        last_requests: when the last request with an instance went, where that was not long ago.
    """
    cut_off = cache(channel.cut_off_of)  # many rows, few hours
    missed, batches = [], _Batches(channel)
    for row in sorted(usage, key=_order):
        if row.quantity == 0 and channel.idle_hours == "left_out":
            continue
        if cut_off(row.hour) <= now:
            missed.append(row)
        else:
            batches.add(row)
    pace, requests = _Pace(channel, now, last_requests), []
    for product_code, records in batches.oldest_first():
        not_before = pace.earliest(records)
        in_time = [row for row in records if cut_off(row.hour) > not_before]
        missed += [row for row in records if cut_off(row.hour) <= not_before]
        if in_time:
            pace.take(in_time, not_before)
            requests.append(PlannedRequest(product_code, not_before, in_time))
    requests.sort(key=attrgetter("not_before"))
    missed.sort(key=attrgetter("hour", "product_code", "marketplace_instance_id"))
    return PushPlan(requests, missed)


def _order(row: HourlyUsage) -> tuple[datetime, str, int, str, int]:
    """The oldest first; those of a refused request are by themselves, the smallest requests first."""
    return row.hour, row.product_code, row.most_together or _NO_LIMIT, row.marketplace_instance_id, row.record_key


class _Batches:
    """Records by request, each inside the limits of records and bytes; the last of each product still takes some."""

    def __init__(self, channel: Channel) -> None:
        self._limits = channel.request
        self._all: list[tuple[str, list[HourlyUsage]]] = []
        self._open: dict[tuple[str, str], tuple[list[HourlyUsage], int]] = {}

    def add(self, row: HourlyUsage) -> None:
        size = self._limits.record_bytes + _ENCODED * len(row.marketplace_instance_id)
        group = row.product_code, row.apart
        records, filled = self._open.get(group, ([], 0))
        most = min([self._limits.records, *(each.most_together or _NO_LIMIT for each in (*records, row))])
        if not records or len(records) >= most or filled + size > self._limits.bytes:
            records, filled = [], 0
            self._all.append((row.product_code, records))
        records.append(row)
        self._open[group] = records, filled + size

    def oldest_first(self) -> list[tuple[str, list[HourlyUsage]]]:
        return sorted(self._all, key=lambda batch: batch[1][0].hour)


class _Pace:
    """When a further request may go."""

    def __init__(self, channel: Channel, now: datetime, last_requests: Mapping[str, datetime]) -> None:
        self._limits, self._now = channel.request, now
        self._count = 0
        self._last = dict(last_requests)

    def earliest(self, records: list[HourlyUsage]) -> datetime:
        per_second = self._limits.per_second
        at = self._now + timedelta(seconds=self._count // per_second if per_second else 0)
        pause = timedelta(seconds=self._limits.instance_pause_seconds or 0)
        ids = (row.marketplace_instance_id for row in records)
        return max([at, *(self._last[each] + pause for each in ids if each in self._last)])

    def take(self, records: list[HourlyUsage], at: datetime) -> None:
        self._count += 1
        self._last |= {row.marketplace_instance_id: at for row in records}
