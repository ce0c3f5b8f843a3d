"""Whatever polls come, in whatever order, and however often hours are closed meanwhile: the SQL agrees with the oracle.

An example plays the histories of three environments side by side, as a run of the product sees them: one batch of polls
holds what several consoles said, and one closing is of all environments or of some. Each history is held against an
oracle that knows of no other. AKUBILL_EXAMPLES sets how many examples are tried.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.support.metering import oracle
from tests.support.metering.histories import (
    HOURS,
    NAMES,
    TOLERANCE,
    Closing,
    History,
    changing,
    histories,
    moments,
    plans,
    play,
    steady,
)
from tests.support.metering.lives import NOON, Environment
from tests.support.metering.properties import property_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

USAGE = """
SELECT usage.environment_key, split_part(instance_id, '-', 2),
    CAST(EXTRACT(EPOCH FROM hour_start - :noon) / 3600 AS integer), aku_seconds,
    inferred_aku_seconds, estimated_aku_seconds, gap_seconds, peak_aku, used_seconds
FROM metering.usage INNER JOIN metering.instances USING (instance_key)
"""
#: The stored sums of the environment's subscription by hour: instances, then as in oracle.Usage, at last whole hours.
SUMS = """
SELECT environment_key, CAST(EXTRACT(EPOCH FROM hour_start - :noon) / 3600 AS integer), instance_count, aku_seconds,
    inferred_aku_seconds, estimated_aku_seconds, gap_seconds, peak_aku, whole_hour_aku_seconds
FROM metering.subscription_hours INNER JOIN core.environments USING (subscription_key)
"""
#: The same as usage.gap_seconds, from the open gaps.
GAP_SECONDS = """
SELECT gaps.environment_key, split_part(instance_id, '-', 2), hour, sum(CAST(EXTRACT(EPOCH FROM
    least(gap_end, :noon + (hour + 1) * interval '1 hour')
    - greatest(gap_start, :noon + hour * interval '1 hour')
) AS integer))
FROM metering.gaps INNER JOIN metering.instances USING (instance_key)
CROSS JOIN generate_series(0, :hours - 1) AS hour
WHERE gaps.state = 'open'
    AND gap_start < :noon + (hour + 1) * interval '1 hour' AND gap_end > :noon + hour * interval '1 hour'
GROUP BY gaps.environment_key, instance_id, hour
"""


def rows(warehouse: Engine, query: str) -> dict[int, list[tuple]]:
    """The rows of a query by their first column, an environment's key."""
    found = defaultdict(list)
    with warehouse.connect() as connection:
        for environment, *row in connection.execute(text(query), {"noon": NOON, "hours": HOURS}):
            found[environment].append(tuple(row))
    return found


def usage(warehouse: Engine) -> dict[int, dict[tuple[str, int], oracle.Usage]]:
    """The stored usage by environment, as the oracle gives it."""
    return {
        environment: {(name, hour): oracle.Usage(*used) for name, hour, *used in found}
        for environment, found in rows(warehouse, USAGE).items()
    }


def added_up(usage: dict[tuple[str, int], oracle.Usage]) -> set[tuple[int, ...]]:
    """What the sums have to be by what the oracle says."""
    by_hour: dict[int, list[oracle.Usage]] = {}
    for (_, hour), used in usage.items():
        by_hour.setdefault(hour, []).append(used)
    return {
        (hour, len(used), *map(sum, zip(*((*each[:-1], each.whole_hour) for each in used), strict=True)))
        for hour, used in by_hour.items()
    }


def lived(history: History, hour: int) -> int:
    """Seconds of the hour between the start of metering and the end of the subscription."""
    last = (hour + 1) * oracle.HOUR
    end = last if history.ended is None else min(last, history.ended)
    return max(end - max(hour * oracle.HOUR, history.start), 0)


@property_of
@given(lives=histories(changing, steady), plan=plans)
def test_any_polls_in_any_order_give_the_usage_that_the_rules_say(
    warehouse: Engine, environments: list[Environment], lives: list[History], plan: list[Closing | None]
) -> None:
    play(environments, lives, plan)
    found, sums, gaps = usage(warehouse), rows(warehouse, SUMS), rows(warehouse, GAP_SECONDS)
    states = rows(warehouse, "SELECT environment_key, state FROM metering.environment_hours")
    for environment, history in zip(environments, lives, strict=True):
        expected = oracle.meter(
            history.listings, history.start, HOURS * oracle.HOUR, TOLERANCE, carries=True, ended=history.ended
        )
        assert found.get(environment.key, {}) == expected
        # However it fell silent: what has ended waits for nothing.
        assert history.ended is None or states[environment.key] == [("closed",)] * HOURS
        assert set(sums[environment.key]) == added_up(expected)
        assert set(gaps[environment.key]) == {
            (name, hour, used.gap_seconds) for (name, hour), used in expected.items() if used.gap_seconds
        }


#: Of instances that were always there, at 1 AKU, so that AKU-seconds are seconds.
one_aku = st.tuples(st.just(1), st.just(-2400), moments)


@property_of
@given(lives=histories(st.fixed_dictionaries(dict.fromkeys(NAMES, one_aku))), plan=plans)
def test_measured_proved_assumed_and_not_known_seconds_make_up_the_hour(
    warehouse: Engine, environments: list[Environment], lives: list[History], plan: list[Closing | None]
) -> None:
    play(environments, lives, plan)
    found = usage(warehouse)
    for environment, history in zip(environments, lives, strict=True):
        seconds = {
            key: (used.aku_seconds - used.inferred - used.estimated)  # measured
            + used.inferred
            + used.estimated
            + (used.gap_seconds - used.estimated)  # not known
            for key, used in found.get(environment.key, {}).items()
        }
        answered = any(listing is not None for _, listing in history.listings)
        assert seconds == {
            (name, hour): alive
            for name in NAMES
            for hour in range(HOURS)
            if answered and (alive := lived(history, hour))
        }
