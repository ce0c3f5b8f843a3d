"""Closes hours: polls and readings → usage by instance and hour, with how it is known, and gaps.

The rules (docs/concepts/metering.md) are functions in warehouse/routines/metering: interval_rule, measured_interval. A
closing replaces exactly the hours of its window, in transactions of a bounded size, and is a function of what is
stored: the same rows come out when it runs twice, late, or beside another one. No poll is written while hours are
being closed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from include.domain.errors import ConflictError, InvalidInputError
from include.domain.periods import HOUR, Window, floor_to_hour, parse_instant
from include.domain.usage import BILLABLE_STATES, TOLERANCE
from include.metering.hours.dropped_hours import refuse_dropped_hours
from include.metering.hours.rollup import refreshed_sums
from include.warehouse.engine import USAGE, ensure_partitions, locked, run_steps, statement
from include.warehouse.outages import may_pass, outage_reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Engine

#: The work that polls and closings take turns at; see `include.warehouse.engine.locked`.
CLOSING = ("metering", "closing")
_RAISE_WORK_MEM = text("SELECT set_config('work_mem', '128MB', true), set_config('enable_mergejoin', 'off', true)")
_SET_NESTED_LOOPS = text(
    "SELECT set_config('enable_nestloop', :value, true), set_config('enable_memoize', 'off', true)"
)
#: What is found from polls and readings, into tables of the transaction; then what is made of it.
_FINDING = (
    "metering/hours/create_environments",
    "metering/hours/create_polls",
    "metering/hours/create_environment_hours",
    "metering/hours/add_tails",
    "metering/hours/create_usage",
    "metering/hours/create_gaps",
    "metering/hours/create_sightings",
    "metering/hours/create_instances",
    "metering/hours/create_intervals",
    "metering/hours/add_gaps",
    "metering/hours/create_pieces",
    "metering/hours/compute_usage",
    "metering/hours/add_silences",
    "metering/hours/create_imports",
    "metering/hours/use_imports",
    "metering/hours/create_cuts",
    "metering/hours/find_imported_spans",
    "metering/hours/find_frozen_spans",
    "metering/hours/cut_gaps",
)
_STORING = (
    "metering/hours/keep_imports",
    "metering/hours/create_differences",
    "metering/hours/store_usage",
    "metering/hours/record_revisions",
    "metering/hours/create_late_usage",
    "metering/hours/find_late_usage",
    "metering/hours/record_late_usage",
    "metering/hours/store_hours",
    "metering/hours/store_gaps",
    "metering/hours/reject_change_times",
)
#: The most that is closed of given environments in one transaction: a month of one, a day of many.
_ENVIRONMENT_DAYS = 31
_DROP = (
    "DROP TABLE closing_environments, closing_polls, closing_hours, closing_usage, closing_gaps, closing_cuts, "
    "closing_sightings, closing_instances, closing_intervals, closing_pieces, closing_imports, closing_differences, "
    "found_late_usage"
)
#: Tables (and columns) that later steps join to; the planner has to know how large they are.
_MEASURED = {
    "metering/hours/add_tails": (
        "closing_environments",
        "closing_polls (environment_key, observed_at, is_edge)",
        "closing_hours",
    ),
    "metering/hours/add_silences": ("closing_gaps",),
    "metering/hours/create_imports": ("closing_imports", "closing_usage"),
    "metering/hours/create_differences": (
        "closing_differences (hour_start, environment_key, bill_key, is_found, is_kept)",
    ),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be set about closing.

    Attributes:
        tolerance: the longest interval between two answers in which nothing needs a proof.
        provisional_after: how long after its end an hour waits for a poll before it is closed without one.
        carries: whether an hour that is closed without a further poll carries the last answer on, as estimated.
    """

    tolerance: timedelta = TOLERANCE
    provisional_after: timedelta = timedelta(minutes=40)
    carries: bool = True


@dataclass(frozen=True, slots=True)
class ClosedHours:
    """What a closing did, in numbers of environment-hours, instance-hours and gaps."""

    closed: int = 0
    provisional: int = 0
    still_open: int = 0
    instance_hours: int = 0
    gaps: int = 0

    def __add__(self, other: ClosedHours) -> ClosedHours:
        pairs = zip(asdict(self).values(), asdict(other).values(), strict=True)
        return ClosedHours(*(mine + theirs for mine, theirs in pairs))

    def counts(self) -> dict[str, int]:
        """The same as plain values, for XCom and JSON."""
        return asdict(self)


def close_hours(
    warehouse: Engine,
    window: Window,
    at: datetime,
    *,
    environments: Sequence[int] | None = None,
    rules: Rules = Rules(),
) -> ClosedHours:
    """Close every hour of the window, of all metered environments or of the given ones.

    Args:
        warehouse: where polls and readings are, and usage goes.
        window: whole UTC hours that have ended by `at`.
        at: the instant of the run.
        environments: keys, to close only these.
        rules: what can be set.

    Raises:
        InvalidInputError: when the window is not of whole hours, or has not ended.
        ConflictError: when what its hours are made of was dropped after its retention.
    """
    _check(window, at)
    with warehouse.begin() as connection, locked(connection, *CLOSING):
        metered_from: datetime | None = connection.scalar(statement("metering/hours/find_metered_from"))
        if metered_from is None or window.end <= metered_from:
            return ClosedHours()
        window = Window(max(window.start, floor_to_hour(metered_from)), window.end)
        facts = {"window_start": window.start, "environments": environments and list(environments), "at": at}
        connection.execute(statement("metering/hours/mark_missed_hours"), facts)
    return _close(warehouse, [(window, environments)], at, rules)


def _close(
    warehouse: Engine, spans: Iterable[tuple[Window, Sequence[int] | None]], at: datetime, rules: Rules
) -> ClosedHours:
    """Close spans of environments one after the other. What fails is reported once all others are closed.

    Raises:
        AkubillError, DBAPIError: the failure, where there was one.
        ConflictError: all failures, where there were several.
    """
    done = ClosedHours()
    failures: list[Exception] = []
    for window, environments in spans:
        for piece in _pieces(window, environments):
            try:
                done += _close_piece(warehouse, piece, at, environments, rules=rules, failures=failures)
            except (ConflictError, InvalidInputError) as refusal:
                failures.append(refusal)
    if len(failures) > 1:
        raise ConflictError("\n".join([f"{len(failures)} spans of hours could not be closed:", *map(str, failures)]))
    if failures:
        raise failures[0]
    return done


def _close_piece(
    warehouse: Engine,
    piece: Window,
    at: datetime,
    environments: Sequence[int] | None,
    *,
    rules: Rules,
    failures: list[Exception],
) -> ClosedHours:
    """Close one piece; where the database refuses something in it, close all environments but the ones with that."""
    try:
        for attempt in Retrying(
            retry=retry_if_exception(may_pass), stop=stop_after_attempt(3), wait=wait_random(max=1), reraise=True
        ):
            # Usage first: a close of bills then holds up this closing, and not the polls behind it.
            with attempt, warehouse.begin() as connection, locked(connection, *USAGE), locked(connection, *CLOSING):
                refuse_dropped_hours(connection, piece)
                closed = close_window(connection, piece, at, environments=environments, rules=rules)
    except DBAPIError as error:
        if outage_reason(error):
            raise  # Nothing is wrong with the hours.
        with warehouse.connect() as connection:
            listed = connection.execute(
                statement("metering/hours/list_metered_environments"),
                {"environments": environments and list(environments)},
            ).all()
        if len(listed) <= 1:
            names = ", ".join(environment.environment_id for environment in listed)
            failures.append(ConflictError(f"Hours of {piece} of environment {names} could not be closed: {error.orig}"))
            return ClosedHours()
        keys = [environment.environment_key for environment in listed]
        half = len(keys) // 2
        halves = (keys[:half], keys[half:])
        return sum(
            (_close_piece(warehouse, piece, at, part, rules=rules, failures=failures) for part in halves),
            start=ClosedHours(),
        )
    else:
        return closed


def close_asked(
    warehouse: Engine, at: datetime, start: str | None, end: str | None, *, hour: str | None = None
) -> ClosedHours:
    """Close what was asked for: the window from start to end, or else the given hour, or else the last one that ended.

    Args:
        warehouse: where polls and readings are, and usage goes.
        at: the instant of the run.
        start: start of a window, ISO 8601 with an offset.
        end: its end (exclusive).
        hour: start of an hour in UTC, ISO 8601 without an offset.

    Raises:
        InvalidInputError: when one of start and end is missing, or is not an instant, or the window has not ended.
    """
    if (start is None) != (end is None):
        raise InvalidInputError("Window", f"{start} to {end}", "has one end only", "Give both ends, or none.")
    if start is not None and end is not None:
        return close_hours(warehouse, Window(parse_instant(start, "From"), parse_instant(end, "To")), at)
    if hour is not None:
        return close_hour(warehouse, parse_instant(f"{hour}Z", "Hour"), at)
    return close_hour(warehouse, floor_to_hour(at) - HOUR, at)


def close_hour(warehouse: Engine, hour: datetime, at: datetime, *, rules: Rules = Rules()) -> ClosedHours:
    """Close the hour that starts then, after all earlier ones that no run has closed, and what became due.

    Args:
        warehouse: where polls and readings are, and usage goes.
        hour: start of a UTC hour that has ended by `at`.
        at: the instant of the run.
        rules: what can be set.

    Raises:
        InvalidInputError: when the hour has not ended.
    """
    window = Window(hour, hour + HOUR)
    _check(window, at)
    with warehouse.connect() as connection:
        missed = connection.execute(statement("metering/hours/find_missed_hours"), {"window_start": window.start}).all()
    spans = [(Window(start, window.start), environments) for start, environments in missed]
    return _close(warehouse, chain(spans, [(window, None)], _due(warehouse, at, rules)), at, rules)


def close_due_hours(warehouse: Engine, at: datetime, *, rules: Rules = Rules()) -> ClosedHours:
    """Close what became due since: hours that a late poll changes, and hours that waited long enough for one.

    Raises:
        ConflictError: when some of them cannot be closed any more (see `close_hours`); after all others are.
    """
    return _close(warehouse, _due(warehouse, at, rules), at, rules)


def close_last_hours(
    warehouse: Engine, products: Sequence[str], at: datetime, *, rules: Rules = Rules()
) -> ClosedHours:
    """Close the hours in which subscriptions of these products have just ended, and the ones before, at once.

    Nothing more comes of an hour in which a subscription has ended, so it need not be over. Closing it again when it is
    changes nothing.

    Raises:
        ConflictError: when some of them cannot be closed; after all others are.
    """
    facts = {"products": list(products), "at": at}
    with warehouse.connect() as connection:
        ended = connection.execute(statement("metering/hours/find_last_hours"), facts).all()
    spans = ((Window(start, end), environments) for start, end, environments in ended)
    return _close(warehouse, spans, at, rules)


def _due(warehouse: Engine, at: datetime, rules: Rules) -> Iterator[tuple[Window, Sequence[int]]]:
    """Spans that are due; looked up when the first of them is asked for, after what comes before it is closed."""
    with warehouse.connect() as connection:
        due = connection.execute(
            statement("metering/hours/find_due_hours"), {"at": at, "provisional_before": at - rules.provisional_after}
        ).all()
    for window_start, window_end, environments in due:
        yield Window(window_start, window_end), environments


def close_window(
    connection: Connection,
    window: Window,
    at: datetime,
    *,
    environments: Sequence[int] | None = None,
    rules: Rules = Rules(),
) -> ClosedHours:
    """Close one window within the caller's transaction, which holds the locks of usage and of closings."""
    ensure_partitions(connection, floor_to_hour(window.start), window.end)
    find_usage(connection, window, at, environments=environments, rules=rules)
    _run(connection, _STORING, window_start=window.start, window_end=window.end, at=at, tolerance=rules.tolerance)
    with refreshed_sums(connection, window):
        _run(connection, ("metering/hours/mark_changed_sums",))
    connection.execute(_SET_NESTED_LOOPS, {"value": "on"})
    counts = connection.execute(statement("metering/hours/count_changes")).one()
    connection.execute(text(_DROP))
    return ClosedHours(*counts)


def find_usage(
    connection: Connection,
    window: Window,
    at: datetime,
    *,
    environments: Sequence[int] | None = None,
    rules: Rules = Rules(),
) -> None:
    """Find usage and gaps of the window by the rules, into closing_usage and closing_gaps; nothing is stored."""
    # Sets of hundreds of thousands, without spilling to disk, and no cache for keys that are looked up once. A whole
    # hour is one scan, hashed: not a look for each poll, and nothing sorted.
    connection.execute(_RAISE_WORK_MEM)
    connection.execute(_SET_NESTED_LOOPS, {"value": "on" if environments is not None else "off"})
    _run(
        connection,
        _FINDING,
        window_start=window.start,
        window_end=window.end,
        environments=list(environments) if environments is not None else None,
        tolerance=rules.tolerance,
        at=at,
        provisional_before=at - rules.provisional_after,
        carry=rules.carries,
        billable_states=sorted(BILLABLE_STATES),
    )


def _run(connection: Connection, steps: Sequence[str], **facts: object) -> None:
    for step in steps:
        run_steps(connection, (step,), facts)
        for table in _MEASURED.get(step, ()):
            connection.execute(text(f"ANALYZE {table}"))


def _check(window: Window, at: datetime) -> None:
    if {floor_to_hour(window.start), floor_to_hour(window.end)} != {window.start, window.end}:
        raise InvalidInputError(
            "Window", str(window), "is not of whole hours", "Give instants on the hour, like 2026-10-01T00:00:00Z."
        )
    if window.end > at.astimezone(UTC):
        raise InvalidInputError(
            "Window", str(window), "has not ended yet", f"Close it later, or give an end up to {floor_to_hour(at)}."
        )


def _pieces(window: Window, environments: Sequence[int] | None) -> Iterator[Window]:
    """The window in whole days: one at a time, or as many as few environments may have; none crosses a month's end.

    So no transaction grows with the window, and closing a month of one environment again costs what that one has, and
    not a transaction for each day.
    """
    days = 1 if environments is None else max(1, _ENVIRONMENT_DAYS // max(1, len(environments)))
    start = window.start
    while start < window.end:
        midnight = start.replace(hour=0)
        next_month = (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
        end = min(midnight + timedelta(days=days), next_month, window.end)
        yield Window(start, end)
        start = end
