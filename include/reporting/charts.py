"""Usage of a bill as pictures: days as stacked bars, hours as a calendar. Only geometry; templates draw it as SVG.

Lengths are whole units of the drawing's own coordinates, computed by integer arithmetic.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from babel.dates import format_date

from include.reporting.presentation import aku_hours, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from include.reporting.bill_detail import UsageDay, UsageHour

_HOUR = 3600
_SERIES_SHOWN = 6
_LEVELS = 5

# The drawing of days.
_LEFT, _TOP, _PLOT_HEIGHT, _STEP, _BAR = 56, 12, 200, 29, 21
# The calendar of hours.
_CELL_WIDTH, _CELL_HEIGHT, _CELL_GAP = 27, 8, 2


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, what it belongs to (a series, a level) and what it says when pointed at."""

    x: int
    y: int
    width: int
    height: int
    shade: int
    title: str
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Series:
    """One instance of the picture, with its sum over the period."""

    name: str
    shade: int
    aku_hours: str


@dataclass(frozen=True, slots=True)
class DailyChart:
    """Days of the period as stacked bars."""

    width: int
    height: int
    plot_left: int
    plot_bottom: int
    boxes: Sequence[Box]
    grid: Sequence[Label]
    days: Sequence[Label]
    series: Sequence[Series]


@dataclass(frozen=True, slots=True)
class HourCalendar:
    """Hours of the period, a column per day and a row per hour, shaded by size in five levels."""

    width: int
    height: int
    boxes: Sequence[Box]
    hours: Sequence[Label]
    days: Sequence[Label]
    highest: str
    has_estimated: bool


def daily_chart(first: date, days: int, usage: Sequence[UsageDay]) -> DailyChart:
    """Bars of `days` days from `first` on; beyond six instances the smallest are drawn as one."""
    names, shades = _series(usage)
    used: defaultdict[date, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for part in usage:
        used[part.used_on][shades[part.instance_id]] += part.aku_seconds
    top = _nice_ceiling(max((sum(day.values()) for day in used.values()), default=0))
    bottom = _TOP + _PLOT_HEIGHT
    boxes: list[Box] = []
    for index in range(days):
        day = first + timedelta(days=index)
        below = 0
        for shade in sorted(used[day]):
            y = bottom - (below + used[day][shade]) * _PLOT_HEIGHT // top
            height = bottom - below * _PLOT_HEIGHT // top - y
            title = f"{_day(day)}, {names[shade]}: {aku_hours(used[day][shade])} AKU-hours"
            boxes.append(Box(_LEFT + index * _STEP + 4, y, _BAR, height, shade, title))
            below += used[day][shade]
    totals = {shade: sum(day[shade] for day in used.values() if shade in day) for shade in names}
    return DailyChart(
        width=_LEFT + days * _STEP + 4,
        height=bottom + 26,
        plot_left=_LEFT,
        plot_bottom=bottom,
        boxes=boxes,
        grid=[Label(_LEFT, bottom - part * _PLOT_HEIGHT // 4, number(top // _HOUR * part // 4)) for part in range(5)],
        days=[
            Label(_LEFT + index * _STEP + 4 + _BAR // 2, bottom + 18, str((first + timedelta(index)).day))
            for index in range(days)
        ],
        series=[Series(names[shade], shade, aku_hours(totals[shade])) for shade in sorted(names)],
    )


def hour_calendar(first: date, days: int, hours: Sequence[UsageHour]) -> HourCalendar:
    """Every hour of `days` days from `first` on; the shade is the hour's share of the highest one."""
    by_hour = {(hour.used_on, hour.hour_of_day): hour for hour in hours}
    highest = max((hour.aku_seconds for hour in hours), default=0)
    boxes = []
    for index in range(days):
        day = first + timedelta(days=index)
        for hour_of_day in range(24):
            hour = by_hour.get((day, hour_of_day))
            seconds, guess = (hour.aku_seconds, hour.estimated_aku_seconds) if hour else (0, 0)
            title = f"{_day(day)}, {hour_of_day:02d}:00: {aku_hours(seconds)} AKU-hours"
            title += f", of these {aku_hours(guess)} estimated" if guess else ""
            level = -(-seconds * _LEVELS // highest) if highest else 0
            boxes.append(
                Box(
                    _LEFT + index * (_CELL_WIDTH + _CELL_GAP),
                    hour_of_day * (_CELL_HEIGHT + _CELL_GAP),
                    _CELL_WIDTH,
                    _CELL_HEIGHT,
                    level,
                    title,
                    guess > 0,
                )
            )
    height = 24 * (_CELL_HEIGHT + _CELL_GAP)
    return HourCalendar(
        width=_LEFT + days * (_CELL_WIDTH + _CELL_GAP),
        height=height + 20,
        boxes=boxes,
        hours=[Label(_LEFT - 10, h * (_CELL_HEIGHT + _CELL_GAP) + 8, f"{h:02d}:00") for h in range(0, 24, 6)],
        days=[
            Label(
                _LEFT + index * (_CELL_WIDTH + _CELL_GAP) + _CELL_WIDTH // 2,
                height + 14,
                str((first + timedelta(index)).day),
            )
            for index in range(days)
        ],
        highest=aku_hours(highest),
        has_estimated=any(hour.estimated_aku_seconds for hour in hours),
    )


def _series(usage: Sequence[UsageDay]) -> tuple[dict[int, str], dict[str, int]]:
    """Names by shade and shades by instance id, the largest instance first."""
    sums: defaultdict[str, int] = defaultdict(int)
    labels: dict[str, str] = {}
    for part in usage:
        sums[part.instance_id] += part.aku_seconds
        labels[part.instance_id] = part.instance_name
    ordered = sorted(sums, key=lambda instance: (-sums[instance], instance))
    own = ordered if len(ordered) <= _SERIES_SHOWN else ordered[: _SERIES_SHOWN - 1]
    names = {shade: labels[instance] for shade, instance in enumerate(own)}
    if len(own) < len(ordered):
        names[len(own)] = f"{len(ordered) - len(own)} others"
    return names, {instance: min(shade, len(names) - 1) for shade, instance in enumerate(ordered)}


def _nice_ceiling(aku_seconds: int) -> int:
    """A round number of AKU-hours that holds it and has whole quarters, in AKU-seconds; at least 4 AKU-hours."""
    quarter, power = max(-(-aku_seconds // (4 * _HOUR)), 1), 1
    while power * 10 < quarter:
        power *= 10
    factor = next(factor for factor in (1, 2, 3, 4, 5, 6, 8, 10) if factor * power >= quarter)
    return 4 * factor * power * _HOUR


def _day(day: date) -> str:
    return format_date(day, "EEE d MMM", locale="en")
