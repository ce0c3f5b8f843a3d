"""The evidence of a bill's line as its pages show it: billing explains the line, the pages group and bound it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

from include.domain.money import ZERO, Decimal
from include.domain.periods import time_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

#: Spans of one size that the page of an hour shows at most, and characters of what a console said of an instance.
SPANS_SHOWN = 200
_CHARACTERS_SHOWN = 4_000


class Hour(Protocol):
    """An hour of a line; see include/billing/evidence/explanation.py."""

    @property
    def hour_start(self) -> datetime: ...  # noqa: D102
    @property
    def aku_seconds(self) -> int: ...  # noqa: D102
    @property
    def exact_amount(self) -> Decimal: ...  # noqa: D102
    @property
    def amount(self) -> Decimal | None: ...  # noqa: D102
    @property
    def instances(self) -> Sequence[Any]: ...  # noqa: D102
    @property
    def readings(self) -> Any: ...  # noqa: ANN401, D102


class Line(Protocol):
    """A line with how it follows; see include/billing/evidence/explanation.py."""

    @property
    def row(self) -> Row[Any]: ...  # noqa: D102
    @property
    def rules(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def hours(self) -> Sequence[Hour]: ...  # noqa: D102
    @property
    def correction(self) -> Any: ...  # noqa: ANN401, D102
    @property
    def disagreements(self) -> Sequence[str]: ...  # noqa: D102


class Explanation(Protocol):
    """A document with the lines that were asked for."""

    @property
    def bill(self) -> Row[Any]: ...  # noqa: D102
    @property
    def lines(self) -> Sequence[Line]: ...  # noqa: D102


class Explain(Protocol):
    """Explains a line of a document down to its instances, or one hour of it down to its polls."""

    def __call__(  # noqa: D102
        self, connection: Connection, bill_id: str, line_no: int | None = None, *, hour: datetime | None = None
    ) -> Explanation: ...


@dataclass(frozen=True, slots=True)
class Part:
    """What hours come to together; the amount is None where the plan rounds by the period."""

    aku_seconds: int
    exact_amount: Decimal
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Day:
    """The hours of a line in one day of the plan's wall clock, and what they come to."""

    day: date
    hours: Sequence[Hour]
    sum: Part


@dataclass(frozen=True, slots=True)
class Said:
    """What a console said of an instance in one poll, as text; None where it did not list it, or it is not kept."""

    instance_id: str
    observed_at: datetime
    is_kept: bool
    content: str | None
    left_out: int


def days_of(hours: Iterable[Hour], zone_name: str) -> list[Day]:
    """The hours by day."""
    zone = time_zone(zone_name)
    by_day = groupby(hours, key=lambda hour: hour.hour_start.astimezone(zone).date())
    return [Day(day, mine, sum_of(mine)) for day, mine in ((day, list(group)) for day, group in by_day)]


def sum_of(hours: Sequence[Hour]) -> Part:
    """What hours come to together."""
    charged = [hour.amount for hour in hours if hour.amount is not None]
    return Part(
        sum(hour.aku_seconds for hour in hours),
        sum((hour.exact_amount for hour in hours), ZERO),
        sum(charged, ZERO) if charged else None,
    )


def instances_of(hours: Iterable[Hour]) -> list[tuple[str, int]] | None:
    """What each instance adds to the hours, the largest first; None where other lines have a part of an hour."""
    charged: dict[str, int] = {}
    for hour in hours:
        if sum(used.charged_aku_seconds for used in hour.instances) != hour.aku_seconds:
            return None
        for used in hour.instances:
            charged[used.instance_id] = charged.get(used.instance_id, 0) + used.charged_aku_seconds
    return sorted(charged.items(), key=lambda each: (-each[1], each[0]))


def polls_of(spans: Iterable[Any]) -> list[Said]:
    """What the polls at the ends of the spans said, each once."""
    found: dict[tuple[str, datetime], Said] = {}
    for span in spans:
        for poll in span.polls:
            content = None if poll.instance is None else _text(poll.instance)
            found[span.instance_id, poll.observed_at] = Said(
                span.instance_id,
                poll.observed_at,
                poll.is_kept,
                content and content[:_CHARACTERS_SHOWN],
                max(len(content or "") - _CHARACTERS_SHOWN, 0),
            )
    return [found[key] for key in sorted(found)]


def _text(instance: Mapping[str, Any]) -> str:
    return json.dumps(instance, ensure_ascii=False, sort_keys=True, indent=2)
