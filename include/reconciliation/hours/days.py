"""The difference of each day: the hours that do not agree, added up, in words and as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from include.domain.billing_cycles import CYCLE_ZONE, billing_cycle
from include.domain.errors import InvalidInputError
from include.domain.money import ZERO, Decimal, grouped
from include.domain.words.reconciliation import say_day
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import Engine

# The drawing, in its own units.
_LEFT, _TOP, _HALF, _STEP, _BAR = 72, 28, 90, 24, 16
_MIDDLE = _TOP + _HALF
_LOOK = 'role="img" font-family="sans-serif" font-size="11" fill="#6b7280"'


@dataclass(frozen=True, slots=True)
class DayDifference:
    """What the hours of one day that do not agree come to, of one subscription.

    Attributes:
        day: of UTC+8.
        difference: the Marketplace's amounts minus ours; hours in two currencies are not in it.
        hours: how many hours do not agree.
        causes: how many of them have which cause, a key of `words.reconciliation.HOUR_CAUSES`.
    """

    subscription_id: str
    day: date
    currency: str
    difference: Decimal
    hours: int
    causes: dict[str, int]

    @property
    def sentence(self) -> str:
        """The day in words."""
        return say_day(self.day, self.difference, self.currency, self.hours, self.causes)


def list_days(warehouse: Engine, period: str, subscription_id: str | None = None) -> list[DayDifference]:
    """The days of a period with hours that do not agree, by subscription and day.

    Raises:
        InvalidInputError: when the period is not a month.
    """
    asked = {"period": billing_cycle(period).name, "subscription_id": subscription_id, "zone": CYCLE_ZONE}
    with warehouse.connect() as connection:
        rows = connection.execute(statement("reconciliation/hours/list_differences"), asked).mappings()
        return [DayDifference(**row) for row in rows]


def say_days(days: Sequence[DayDifference]) -> str:
    """All days in words: how many, what they come to in each currency, and the day that differs most."""
    if not days:
        return "No hour that was compared differs."
    totals = {each.currency: ZERO for each in days}
    for each in days:
        totals[each.currency] += each.difference
    apart = ", ".join(f"{grouped(total, 2)} {currency}" for currency, total in sorted(totals.items()))
    count = len({each.day for each in days})
    largest = max(days, key=lambda each: abs(each.difference))
    where = f"{largest.subscription_id}, {largest.sentence}"
    return f"{count} {'day differs' if count == 1 else 'days differ'}, by {apart}. The largest: {where}"


def draw_days(period: str, days: Sequence[DayDifference]) -> str:
    """A bar for each day of the period as SVG, up where the Marketplace charges more, down where it charges less.

    Days of several subscriptions are added up.

    Raises:
        InvalidInputError: when the period is not a month, or the days are in two currencies.
    """
    cycle = billing_cycle(period)
    if len(currencies := sorted({each.currency for each in days})) > 1:
        rule = "are two currencies, which cannot be added up"
        raise InvalidInputError("Differences", " and ".join(currencies), rule, "Draw one subscription.")
    first = cycle.local_start.date()
    count = (cycle.local_end.date() - first).days
    currency = days[0].currency if days else ""
    totals = {first + timedelta(days=n): ZERO for n in range(count)}
    for each in days:
        totals[each.day] += each.difference
    top = max((abs(total) for total in totals.values()), default=ZERO) or Decimal(1)
    width = _LEFT + count * _STEP + 8
    bars = [
        _bar(number, day, total, f"{grouped(total, 2)} {currency}", int(abs(total) * _HALF / top))
        for number, (day, total) in enumerate(totals.items())
    ]
    scale = [
        f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{escape(label)}</text>'
        for y, label in (
            (_TOP, f"+{grouped(top, 2)}"),
            (_MIDDLE, f"0 {currency}".strip()),
            (_MIDDLE + _HALF, f"-{grouped(top, 2)}"),
        )
        if days or y == _MIDDLE
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_MIDDLE + _HALF + 28}" {_LOOK}>',
            f"<desc>{escape(say_days(days))}</desc>",
            f"<title>Marketplace minus ours, {escape(period)}, by day</title>",
            f'<text x="{_LEFT}" y="14">Marketplace minus ours, {escape(period)}, by day (UTC+8)</text>',
            f'<line x1="{_LEFT}" x2="{width - 8}" y1="{_MIDDLE}" y2="{_MIDDLE}" stroke="#6b7280"/>',
            *scale,
            *bars,
            "</svg>",
            "",
        ]
    )


def _bar(number: int, day: date, total: Decimal, said: str, height: int) -> str:
    x = _LEFT + number * _STEP + (_STEP - _BAR) // 2
    label = f'<text x="{x + _BAR // 2}" y="{_MIDDLE + _HALF + 18}" text-anchor="middle">{day.day}</text>'
    if not total:
        return label
    y, shade = (_MIDDLE - max(height, 1), "#b45309") if total > 0 else (_MIDDLE, "#1d4ed8")
    return (
        f'<rect x="{x}" y="{y}" width="{_BAR}" height="{max(height, 1)}" fill="{shade}">'
        f"<title>{day:%Y-%m-%d}: {escape(said)}</title></rect>{label}"
    )
