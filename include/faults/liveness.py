"""Whether a scenario has healed: what is not final is not older than it may be, and something was done at all.

It shares no code with the product: plain SQL on its tables.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import psycopg

_STATES = """
SELECT 'subscription', state, count(*) FROM core.subscriptions GROUP BY state
UNION ALL SELECT 'environment', state, count(*) FROM core.environments GROUP BY state
UNION ALL SELECT 'hour', state, count(*) FROM metering.environment_hours GROUP BY state
UNION ALL SELECT 'gap', state, count(*) FROM metering.gaps GROUP BY state
UNION ALL SELECT 'usage', source, sum(aku_seconds) FROM metering.usage GROUP BY source
UNION ALL SELECT 'push', outcome, count(*) FROM marketplace.push_records GROUP BY outcome
UNION ALL SELECT 'bill', state, count(*) FROM billing.bills GROUP BY state
UNION ALL SELECT 'event', state, count(*) FROM marketplace.inbox GROUP BY state
UNION ALL SELECT 'late usage', state, count(*) FROM billing.late_usage GROUP BY state
ORDER BY 1, 2
"""
#: What may stay as it is when all is over; a bill that is held, and a gap, wait for a person.
_FINAL = {
    "subscription": {"released"},
    "environment": {"released"},
    "hour": {"closed"},
    "gap": {"open", "resolved", "waived"},
    "usage": {"readings", "import"},
    "push": {"accepted", "missed", "refused", "duplicate_same"},
    "bill": {"issued", "reconciled"},
    "event": {"applied", "repeated"},
    "late usage": {"applied", "withdrawn"},
}
#: What there has to be, or nothing was done.
NEEDED = (("hour", "closed"), ("push", "accepted"), ("usage", "import"), ("usage", "readings"))


def states(session: psycopg.Connection) -> list[tuple[Any, ...]]:
    """How many of each thing are in each state."""
    return list(session.execute(_STATES))


def judge(
    session: psycopg.Connection,
    needed: Iterable[tuple[str, str]] = NEEDED,
    before: Iterable[tuple[Any, ...]] = (),
    waiting: Mapping[tuple[str, str], int] = MappingProxyType({}),
    times: int = 1,
) -> Iterator[str]:
    """What has not healed, in words.

    Args:
        session: sees all of the warehouse.
        needed: of what there has to be more than before, so many times, or nothing was done.
        before: the states before the scenario.
        waiting: how many may be in a state that is not final, because its time has not come yet.
        times: how many scenarios there were.
    """
    found, had = _counts(states(session)), _counts(before)
    for (thing, state), count in found.items():
        late = count - waiting.get((thing, state), 0)
        is_held_for_a_gap = (thing, state) == ("bill", "held") and ("gap", "open") in found
        if state not in _FINAL[thing] and late > 0 and not is_held_for_a_gap:
            yield f"{late} {thing}: {state}, when all is over"
    for each in needed:
        if found.get(each, 0) - had.get(each, 0) < times:
            yield f"no {' '.join(each)}: nothing was done"


def _counts(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, str], int]:
    return {(str(thing), str(state)): int(count) for thing, state, count in rows}
