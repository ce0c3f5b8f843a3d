"""Usage of a bill by day and by hour: tables for its page, and for its print bars as geometry, which Typst draws.

Lengths are whole units of the drawing's own coordinates, computed by integer arithmetic.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from include.reporting.presentation import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from include.reporting.bill_detail import UsageDay, UsageHour

_HOUR = 3600
_SERIES_SHOWN = 6
_LEVELS = 5

_LEFT, _TOP, _PLOT_HEIGHT, _STEP, _BAR = 56, 12, 200, 29, 21


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, and the series that it belongs to."""

    x: int
    y: int
    width: int
    height: int
    shade: int


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Series:
    """One instance, or the smallest ones together, with the sum over the period."""

    name: str
    shade: int
    aku_seconds: int


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
class DailyTable:
    """AKU-seconds of each day, one column a series."""

    series: Sequence[Series]
    days: Sequence[tuple[date, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour of the calendar: its level is its share of the highest hour, from 0 to 5."""

    day: date
    level: int
    aku_seconds: int
    estimated_aku_seconds: int


@dataclass(frozen=True, slots=True)
class HourCalendar:
    """Hours of the period, a row per hour of the day and a column per day."""

    days: Sequence[date]
    rows: Sequence[Sequence[Cell]]
    highest: int
    has_estimated: bool


def daily_table(first: date, days: int, usage: Sequence[UsageDay]) -> DailyTable:
    """The `days` days from `first` on; beyond six instances the smallest are one series."""
    series, used = _by_day(usage)
    return DailyTable(
        series,
        [(day, [used[day][each.shade] for each in series]) for day in (first + timedelta(n) for n in range(days))],
    )


def daily_chart(first: date, days: int, usage: Sequence[UsageDay]) -> DailyChart:
    """Bars of `days` days from `first` on; beyond six instances the smallest are drawn as one."""
    series, used = _by_day(usage)
    top = _nice_ceiling(max((sum(day.values()) for day in used.values()), default=0))
    bottom = _TOP + _PLOT_HEIGHT
    boxes: list[Box] = []
    for index in range(days):
        day = used[first + timedelta(days=index)]
        below = 0
        for shade in sorted(day):
            y = bottom - (below + day[shade]) * _PLOT_HEIGHT // top
            height = bottom - below * _PLOT_HEIGHT // top - y
            boxes.append(Box(_LEFT + index * _STEP + 4, y, _BAR, height, shade))
            below += day[shade]
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
        series=series,
    )


def hour_calendar(first: date, days: int, hours: Sequence[UsageHour]) -> HourCalendar:
    """Every hour of `days` days from `first` on."""
    by_hour = {(hour.used_on, hour.hour_of_day): hour for hour in hours}
    highest = max((hour.aku_seconds for hour in hours), default=0)
    columns = [first + timedelta(days=index) for index in range(days)]

    def cell(day: date, hour_of_day: int) -> Cell:
        hour = by_hour.get((day, hour_of_day))
        if hour is None:
            return Cell(day, 0, 0, 0)
        level = -(-hour.aku_seconds * _LEVELS // highest) if highest else 0
        return Cell(day, level, hour.aku_seconds, hour.estimated_aku_seconds)

    return HourCalendar(
        days=columns,
        rows=[[cell(day, hour_of_day) for day in columns] for hour_of_day in range(24)],
        highest=highest,
        has_estimated=any(hour.estimated_aku_seconds for hour in hours),
    )


def _by_day(usage: Sequence[UsageDay]) -> tuple[list[Series], defaultdict[date, defaultdict[int, int]]]:
    """The series, and AKU-seconds by day and series."""
    names, shades = _series(usage)
    used: defaultdict[date, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for part in usage:
        used[part.used_on][shades[part.instance_id]] += part.aku_seconds
    sums = {shade: sum(day.get(shade, 0) for day in used.values()) for shade in names}
    return [Series(names[shade], shade, sums[shade]) for shade in sorted(names)], used


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
