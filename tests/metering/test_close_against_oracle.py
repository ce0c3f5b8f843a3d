"""Whatever polls come, in whatever order, and however often hours are closed meanwhile: the SQL agrees with the oracle.

AKUBILL_EXAMPLES sets how many lives are tried.
"""

from __future__ import annotations

import itertools
import os
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.domain.periods import Window
from include.metering.close import Rules, close_due_hours, close_hours
from include.metering.readings import Poll, Reading
from tests.metering import oracle
from tests.metering.lives import NOON, Environment

if TYPE_CHECKING:
    from sqlalchemy import Engine

HOURS = 3
TOLERANCE = 900
NAMES = ("a", "b")
_numbers = itertools.count()

# Coarse steps make changes meet polls and hours; fine ones do not let them.
moments = st.one_of(
    st.integers(-40, HOURS * 60 + 40).map(lambda minute: minute * 60), st.integers(-2400, HOURS * 3600 + 2400)
)
sights = st.tuples(st.sampled_from([0, 3, 3, 4, 7]), moments, moments)
listings = st.dictionaries(st.sampled_from(NAMES), sights)
polls = st.dictionaries(moments, st.one_of(listings, listings, listings, st.none()), max_size=14).map(
    lambda d: list(d.items())
)


@st.composite
def histories(draw):
    """Polls in the order in which they arrive, in batches, and the hours that are closed after each batch."""
    told = draw(polls)
    order = draw(st.permutations(told))
    batches, rest = [], list(order)
    while rest:
        size = draw(st.integers(1, len(rest)))
        closing = draw(
            st.one_of(st.none(), st.tuples(st.integers(0, HOURS - 1), st.integers(1, HOURS), st.integers(0, 120)))
        )
        batches.append((rest[:size], closing))
        # Something may be told twice.
        rest = rest[size:] + (draw(st.sampled_from([[], rest[:1]])) if len(batches) < 4 else [])
    return told, batches, draw(st.sampled_from([0, 0, 1234]))


def as_poll(environment: Environment, moment: int, listing: oracle.Listing | None) -> Poll:
    observed_at = NOON + timedelta(seconds=moment)
    if listing is None:
        return Poll(environment.key, observed_at, cause="timeout", error="It took too long.")
    readings = [
        Reading(
            f"{environment.key}-{name}",
            name,
            "Running" if size else "Creating",
            size or 5,
            NOON + timedelta(seconds=created),
            NOON + timedelta(seconds=modified),
        )
        for name, (size, created, modified) in listing.items()
    ]
    return Poll(environment.key, observed_at, readings)


def stored(warehouse: Engine, environment: Environment) -> dict[tuple[str, int], oracle.Usage]:
    query = text("""
        SELECT name, CAST(EXTRACT(EPOCH FROM hour_start - :noon) / 3600 AS integer), aku_seconds,
            proved_aku_seconds, assumed_aku_seconds, gap_seconds
        FROM metering.usage INNER JOIN core.instances USING (instance_key)
        WHERE usage.environment_key = :key
    """)
    with warehouse.connect() as connection:
        rows = connection.execute(query, {"noon": NOON, "key": environment.key}).all()
    return {(name, hour): oracle.Usage(*usage) for name, hour, *usage in rows}


def sums(warehouse: Engine, environment: Environment) -> dict[int, tuple[int, ...]]:
    """The stored sums of the environment's subscription by hour: instances, then as in oracle.Usage."""
    query = text("""
        SELECT CAST(EXTRACT(EPOCH FROM hour_start - :noon) / 3600 AS integer), instance_count, aku_seconds,
            proved_aku_seconds, assumed_aku_seconds, gap_seconds
        FROM metering.subscription_hours WHERE subscription_key = :key
    """)
    with warehouse.connect() as connection:
        rows = connection.execute(query, {"noon": NOON, "key": environment.subscription_key}).all()
    return {hour: tuple(summed) for hour, *summed in rows}


def added_up(usage: dict[tuple[str, int], oracle.Usage]) -> dict[int, tuple[int, ...]]:
    """The same from what the oracle says."""
    by_hour: dict[int, list[oracle.Usage]] = {}
    for (_, hour), used in usage.items():
        by_hour.setdefault(hour, []).append(used)
    return {hour: (len(used), *map(sum, zip(*used, strict=True))) for hour, used in by_hour.items()}


def gap_seconds_by_gaps(warehouse: Engine, environment: Environment) -> dict[tuple[str, int], int]:
    """The same as usage.gap_seconds, from the open gaps."""
    query = text("""
        SELECT name, hour, sum(CAST(EXTRACT(EPOCH FROM
            least(gap_end, :noon + (hour + 1) * interval '1 hour')
            - greatest(gap_start, :noon + hour * interval '1 hour')
        ) AS integer))
        FROM metering.gaps INNER JOIN core.instances USING (instance_key)
        CROSS JOIN generate_series(0, :hours - 1) AS hour
        WHERE gaps.environment_key = :key AND gaps.state = 'open'
            AND gap_start < :noon + (hour + 1) * interval '1 hour' AND gap_end > :noon + hour * interval '1 hour'
        GROUP BY name, hour
    """)
    with warehouse.connect() as connection:
        rows = connection.execute(query, {"noon": NOON, "key": environment.key, "hours": HOURS}).all()
    return {(name, hour): seconds for name, hour, seconds in rows}


@settings(
    max_examples=int(os.environ.get("AKUBILL_EXAMPLES", "60")),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate] + [Phase.shrink] * bool(os.environ.get("AKUBILL_SHRINK")),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(history=histories())
def test_any_polls_in_any_order_give_the_usage_that_the_rules_say(warehouse: Engine, history) -> None:
    told, batches, start = history
    number = next(_numbers)
    life = Environment(warehouse, f"life-{number}", metered_from=NOON + timedelta(seconds=start))
    rules = Rules(tolerance=timedelta(seconds=TOLERANCE))
    everything = Window(NOON, NOON + timedelta(hours=HOURS))
    close_hours(warehouse, everything, everything.end, environments=[life.key], rules=rules)
    for batch, closing in batches:
        life.tell(*(as_poll(life, moment, listing) for moment, listing in batch))
        if closing:
            first, count, minutes = closing
            window = Window(NOON + timedelta(hours=first), NOON + timedelta(hours=min(first + count, HOURS)))
            close_hours(
                warehouse, window, window.end + timedelta(minutes=minutes), environments=[life.key], rules=rules
            )
    # Whatever was closed when: what is due now makes it right.
    close_due_hours(warehouse, everything.end + timedelta(hours=2), rules=rules)

    expected = oracle.meter(told, start, HOURS * 3600, TOLERANCE, carries=True)
    assert stored(warehouse, life) == expected
    assert sums(warehouse, life) == added_up(expected)
    assert gap_seconds_by_gaps(warehouse, life) == {
        key: usage.gap_seconds for key, usage in expected.items() if usage.gap_seconds
    }
