"""Explains an hour's usage by readings: which polls bound each span of one size, by which rule, and what they said.

The rules are those of docs/concepts/metering.md. Stretches in which all answers say the same are put together, with
the intervals counted. Polls older than their retention are gone; that is said, and the usage stays.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from include.domain.periods import HOUR
from include.domain.usage import BILLABLE_STATES, TOLERANCE
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

#: What each rule says, for people.
RULES = {
    "steady": "both answers say the same, and nothing was modified between them",
    "touched": "both answers say the same size; the instance was modified between them",
    "changed": "the size changed at the instant that the console gives",
    "inconsistent": "the size changed, but not at a time between the answers: the smaller one counts",
    "appeared": "it appeared between the answers, and counts from its creation or last change",
    "first": "it was there at the first answer, and counts from its last change or the start of metering",
    "rejected": "the later reading broke a rule: the earlier one is carried on",
    "carried": "no answer came after: the last one is carried on",
    "held": "the subscription ended within the tolerance after it: the last answer holds until then",
}


@dataclass(frozen=True, slots=True)
class Poll:
    """A raw poll of the environment.

    Attributes:
        observed_at: the instant that it describes.
        cause: why it failed; None for an answer.
        instance: what the console said of the instance, as it came; None where it did not list it.
        is_kept: False where the payload is not kept.
    """

    observed_at: datetime
    cause: str | None
    instance_count: int | None
    instance: dict[str, Any] | None
    is_kept: bool


@dataclass(frozen=True, slots=True)
class UsageSpan:
    """Time in which an instance has one size, known in one way.

    Attributes:
        known: measured, inferred, estimated or unknown.
        rule: a key of RULES.
        from_poll: answer at or before its start; None before an environment's first one.
        to_poll: answer at or after its end; None where none came.
        interval_count: intervals between answers that were put together.
        polls: the two answers as they came, where asked for.
    """

    instance_id: str
    start_at: datetime
    end_at: datetime
    aku: int
    known: str
    rule: str
    from_poll: datetime | None
    to_poll: datetime | None
    aku_seconds: int
    interval_count: int = 1
    polls: tuple[Poll, ...] = ()

    @property
    def reason(self) -> str:
        """The rule in words."""
        return RULES[self.rule]


@dataclass(frozen=True, slots=True)
class HourOfReadings:
    """An hour's usage as it follows from readings.

    Attributes:
        failures: polls that failed between the answers, in words.
        notes: what is not there any more, and where readings do not lead to the usage.
    """

    hour_start: datetime
    spans: list[UsageSpan]
    failures: list[str]
    notes: list[str]


def explain_readings(
    connection: Connection,
    environment_key: int,
    hour: datetime,
    used: Mapping[str, int],
    *,
    with_polls: bool = False,
    only: str | None = None,
) -> HourOfReadings:
    """How the usage of an environment's hour follows from readings.

    Args:
        connection: nothing is changed.
        environment_key: the environment.
        hour: start of a UTC hour.
        used: AKU-seconds by instance as they were billed, of instances known from readings.
        with_polls: whether the polls at both ends of each span come along.
        only: one instance.
    """
    facts = {"environment_key": environment_key, "hour_start": hour, "hour_end": hour + HOUR}
    dropped = connection.execute(
        statement("billing/evidence/find_dropped_polls"), {"hour_start": hour, "hour_end": hour + HOUR}
    ).scalar()
    if dropped is not None:
        gone = f"The polls of this hour were dropped at {dropped:%Y-%m-%d} after their retention; its usage stays."
        return HourOfReadings(hour, [], [], [gone])
    rows = connection.execute(
        statement("billing/evidence/list_readings"),
        {**facts, "billable_states": sorted(BILLABLE_STATES), "tolerance": TOLERANCE},
    )
    found = [
        UsageSpan(
            row.instance_id,
            row.start_at,
            row.end_at,
            row.aku,
            row.known,
            row.rule,
            row.from_poll,
            row.to_poll,
            row.aku_seconds,
        )
        for row in rows
        if only in {None, row.instance_id}
    ]
    notes = _disagreements(found, used)
    spans = _put_together(found)
    if with_polls:
        spans = _with_polls(connection, environment_key, spans)
    return HourOfReadings(hour, spans, _failures(connection, facts), notes)


def _disagreements(spans: Iterable[UsageSpan], used: Mapping[str, int]) -> list[str]:
    sums: dict[str, int] = dict.fromkeys(used, 0)
    for span in spans:
        sums[span.instance_id] = sums.get(span.instance_id, 0) + span.aku_seconds
    return [
        f"{instance_id}: readings as they stand now come to {found} AKU-seconds, {used.get(instance_id, 0)} were "
        "billed. What became known after the bill was issued is a correction."
        for instance_id, found in sorted(sums.items())
        if found != used.get(instance_id, 0)
    ]


def _put_together(spans: Iterable[UsageSpan]) -> list[UsageSpan]:
    """Neighbouring spans in which all answers say the same, as one."""
    merged: list[UsageSpan] = []
    for span in spans:
        last = merged[-1] if merged else None
        if last is not None and _continues(last, span):
            merged[-1] = replace(
                last,
                end_at=span.end_at,
                to_poll=span.to_poll,
                aku_seconds=last.aku_seconds + span.aku_seconds,
                interval_count=last.interval_count + 1,
            )
        else:
            merged.append(span)
    return merged


def _continues(last: UsageSpan, span: UsageSpan) -> bool:
    is_alike = (last.instance_id, last.aku, last.known) == (span.instance_id, span.aku, span.known)
    return is_alike and last.end_at == span.start_at and last.rule == span.rule == "steady"


def _with_polls(connection: Connection, environment_key: int, spans: list[UsageSpan]) -> list[UsageSpan]:
    instants = sorted({at for each in spans for at in (each.from_poll, each.to_poll) if at is not None})
    facts = {"environment_key": environment_key, "instants": instants}
    rows = {row.observed_at: row for row in connection.execute(statement("billing/evidence/list_polls"), facts)}
    pages = {at: unpack(row.payload) for at, row in rows.items()}
    return [
        replace(
            span,
            polls=tuple(
                Poll(
                    at,
                    rows[at].cause,
                    rows[at].instance_count,
                    _instance(pages[at], span.instance_id),
                    rows[at].payload is not None,
                )
                for at in (span.from_poll, span.to_poll)
                if at is not None and at in rows
            ),
        )
        for span in spans
    ]


def unpack(payload: bytes | None) -> list[dict[str, Any]]:
    """The pages of a listing as they came from the console; none where they are not kept."""
    if payload is None:
        return []
    pages: list[dict[str, Any]] = json.loads(zlib.decompress(payload))
    return pages


def _instance(pages: Iterable[Mapping[str, Any]], instance_id: str) -> dict[str, Any] | None:
    listed = (instance for page in pages for instance in page.get("list", []))
    return next((instance for instance in listed if instance.get("instanceId") == instance_id), None)


def _failures(connection: Connection, facts: Mapping[str, Any]) -> list[str]:
    window = {
        "environment_key": facts["environment_key"],
        "window_start": facts["hour_start"],
        "window_end": facts["hour_end"],
    }
    return [
        f"{row.poll_count} poll(s) failed ({row.cause}), from {row.first_at:%H:%M:%S} to {row.last_at:%H:%M:%S} UTC."
        for row in connection.execute(statement("billing/evidence/list_failed_polls"), window)
    ]
