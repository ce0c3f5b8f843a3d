"""Judges a plan of pushes by rules that are written down a second time, in seconds and plain lists."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

HOUR = timedelta(hours=1)
#: Channel → records of a request, whether idle hours are sent, requests a second, seconds between an instance's.
LIMITS: dict[str, tuple[int, bool, int | None, int]] = {
    "alibaba-china": (50, False, None, 60),
    "alibaba-international": (50, False, None, 60),
    "aws": (25, True, 10, 0),
}


def is_late(channel: str, hour: datetime, at: datetime) -> bool:
    """Whether usage of the hour is not charged any more when it arrives then."""
    age = (at - hour).total_seconds()
    if channel != "aws":
        return age >= 1 * 3600 + 59 * 60
    another_month = (hour.year, hour.month) != (at.year, at.month)
    closed = another_month and not (at.day == 1 and at.hour < 6)
    return age >= 24 * 3600 or closed


def judge(channel: str, rows: list[tuple[str, str, datetime, int]], now: datetime, plan: dict[str, Any]) -> None:
    """Fail where a plan of these rows (instance, product, hour, quantity) is not one that the channel takes.

    Every row is sent once, missed once, or idle and left out; requests are full, paced and the oldest first.
    """
    records, sends_idle, per_second, pause = LIMITS[channel]
    wanted = {(i, p, h): q for i, p, h, q in rows if q or sends_idle}
    late = {key for key in wanted if is_late(channel, key[2], now)}
    sent: dict[tuple[str, str, datetime], datetime] = {}
    last: dict[str, datetime] = {}
    by_product: dict[str, list[list[datetime]]] = defaultdict(list)
    starts = [parsed(request["not_before"]) for request in plan["requests"]]
    assert starts == sorted(starts)
    for place, (request, at) in enumerate(zip(plan["requests"], starts, strict=True)):
        assert 1 <= len(request["records"]) <= records
        assert per_second is None or at >= now + timedelta(seconds=place // per_second)
        for record in request["records"]:
            key = (record["marketplace_instance_id"], request["product_code"], parsed(record["hour"]))
            assert key not in sent
            assert not is_late(channel, key[2], at)
            assert record["quantity"] == wanted[key]
            assert (parsed(record["start"]), parsed(record["end"])) == (key[2], key[2] + HOUR)
            sent[key] = at
        instances = {record["marketplace_instance_id"] for record in request["records"]}
        waits = [last[instance] + timedelta(seconds=pause) for instance in instances if instance in last]
        assert at >= max([now, *waits]), "an instance is not asked for more often than its pause"
        last |= dict.fromkeys(instances, at)
        by_product[request["product_code"]].append([parsed(record["hour"]) for record in request["records"]])
    for batches in by_product.values():
        if per_second is None and len(set(starts)) > 1:
            continue  # a pause may have put a later batch first
        hours = [hour for batch in batches for hour in batch]
        assert hours == sorted(hours), "the oldest first"
        assert all(len(batch) == records for batch in batches[:-1]), "no request more than needed"
    missed = [(row["marketplace_instance_id"], parsed(row["hour"]), row["quantity"]) for row in plan["missed"]]
    assert [hour for _, hour, _ in missed] == sorted(hour for _, hour, _ in missed)
    unsent = [(i, h, q) for (i, p, h), q in wanted.items() if (i, p, h) not in sent]
    assert sorted(missed) == sorted(unsent)
    assert late.isdisjoint(sent)
    for instance, product, hour in wanted.keys() - sent.keys() - late:
        latest = max([now, *(at + timedelta(seconds=pause) for at in last.values())])
        paced = now + timedelta(seconds=(len(sent) // records + 1) // per_second) if per_second else latest
        assert is_late(channel, hour, max(paced, latest)), f"{instance} of {product} could still be sent"


def parsed(text: str) -> datetime:
    """An instant as the plan prints it."""
    assert text.endswith("Z")
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
