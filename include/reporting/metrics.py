"""The product's own metrics: what an operator is woken for. Airflow's own say how tasks run.

`freshness_alarms` measures every five minutes and sends them where Airflow sends its own. docs/reference/metrics.md has
each with its meaning, and what to do about it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from include.domain.periods import floor_to_hour
from include.domain.words.work import TITLES
from include.reporting.pages.work_queue import count_work
from include.reporting.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.money import Decimal

#: Name → what it is, with its unit. Labels are in brackets.
METRICS = {
    "metered_aku_seconds": "AKU-seconds metered in the last 24 whole hours.",
    "lateness_seconds": "Seconds since the end of the oldest hour that is due and not closed; 0 without one.",
    "failing_consoles": "Consoles whose last poll failed.",
    "open_gaps": "Gaps that are open.",
    "unreported_records": "Hours of usage that wait to be reported [channel].",
    "cut_off_slack_seconds": "Seconds until the first of these can no longer be reported; negative after it [channel].",
    "unreported_amount": "What these are worth, where it is known [channel, currency].",
    "work_items": "Items of the work queue that wait for a person [kind].",
    "work_amount": "What they are worth [kind, currency].",
}


class Metric(NamedTuple):
    """A value of one of METRICS at an instant. Money is Decimal here; what sends it makes it a float, to look at."""

    name: str
    value: int | Decimal
    labels: Mapping[str, str] = {}


def read_metrics(connection: Connection, now: datetime) -> list[Metric]:
    """All metrics as of `now` (UTC). Counts of nothing are 0, so that alerts end; amounts of nothing are absent."""
    return [*_measure(connection, now), *_unreported(connection, now), *_work(connection, now)]


def _measure(connection: Connection, now: datetime) -> Iterator[Metric]:
    day_end = floor_to_hour(now)
    [row] = read_rows(connection, "metrics/measure", {"day_start": day_end - timedelta(days=1), "day_end": day_end})
    yield Metric("metered_aku_seconds", int(row["metered"]))
    yield Metric("lateness_seconds", int((now - row["oldest_due"]).total_seconds()) if row["oldest_due"] else 0)
    yield Metric("failing_consoles", row["failing_consoles"])
    yield Metric("open_gaps", row["open_gaps"])


def _unreported(connection: Connection, now: datetime) -> Iterator[Metric]:
    records: dict[str, int] = defaultdict(int)
    cut_offs: dict[str, datetime] = {}
    for row in read_rows(connection, "metrics/list_unreported"):
        channel = row["channel"]
        records[channel] += row["record_count"]
        cut_offs[channel] = min(row["first_cut_off"], cut_offs.get(channel, row["first_cut_off"]))
        if row["amount"] is not None and row["currency"]:
            yield Metric("unreported_amount", row["amount"], {"channel": channel, "currency": row["currency"]})
    for channel, count in records.items():
        yield Metric("unreported_records", count, {"channel": channel})
        slack = int((cut_offs[channel] - now).total_seconds())
        yield Metric("cut_off_slack_seconds", slack, {"channel": channel})


def _work(connection: Connection, now: datetime) -> Iterator[Metric]:
    items = dict.fromkeys(TITLES, 0)
    for count in count_work(connection, now):
        items[count.kind] += count.item_count
        if count.currency:
            yield Metric("work_amount", count.amount, {"kind": count.kind, "currency": count.currency})
    for kind, waiting in items.items():
        yield Metric("work_items", waiting, {"kind": kind})
