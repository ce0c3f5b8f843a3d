"""Polls as tests tell them, and the warehouse they go into."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from include.domain.periods import Window
from include.domain.products import AkuRules
from include.metering.hours.close import Rules, close_hours
from include.metering.polling.readings import Poll, read_listing
from include.metering.polling.record import record_polls
from tests.support.builders import environment_of, make_buyer, make_subscription

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

#: Noon of a day on which metering starts; tests count minutes from here.
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
AKU = AkuRules(minimum=3, maximum=500, fields=["currentAku", "reservedAku"])


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def kafka(
    aku: object = 6, *, name: str = "kf-1", state: object = "Running", c: float = -60, m: float | None = None
) -> dict:
    """An instance as a console lists it, created and modified so many minutes after noon."""
    return {
        "instanceId": name,
        "name": name,
        "state": state,
        "spec": {"reservedAku": aku},
        "gmtCreate": at(c).isoformat(),
        "gmtModified": at(c if m is None else m).isoformat(),
    }


class Hour(NamedTuple):
    """What the warehouse says of an instance-hour, the hour in hours after noon."""

    instance_id: str
    hour: int
    aku_seconds: int
    inferred: int
    estimated: int
    gap_seconds: int


class Environment:
    """One metered environment whose polls a test tells."""

    def __init__(
        self,
        warehouse: Engine,
        name: str = "orders",
        *,
        metered_from: datetime = NOON,
        started_at: datetime | None = None,
        account: str = "11",
    ) -> None:
        self.warehouse = warehouse
        with warehouse.begin() as connection:
            connection.execute(text("SELECT 1"))
            if not connection.scalar(text("SELECT 1 FROM core.buyers WHERE account_id = :a"), {"a": account}):
                make_buyer(connection, account)
            began = {"metering_started_at": metered_from} | ({} if started_at is None else {"started_at": started_at})
            subscription = make_subscription(connection, account, name, **began)
            self.subscription_key = subscription
            self.key = environment_of(connection, subscription)

    def poll(self, minutes: float, *instances: dict[str, Any], error: str | None = None) -> Poll:
        """A poll so many minutes after noon; with an error, a failed one."""
        if error:
            return Poll(self.key, at(minutes), cause=error, error=f"It was {error}.")
        readings, rejections = read_listing(instances, at(minutes), AKU)
        return Poll(self.key, at(minutes), readings, rejections)

    def tell(self, *polls: Poll) -> None:
        """Enter polls."""
        record_polls(self.warehouse, polls)

    def close(self, first: int = 0, last: int = 1, *, now: float | None = None, **rules: Any) -> Any:
        """Close hours [first, last) after noon, as a run at `now` minutes (by default 7 minutes after the last)."""
        run = at(last * 60 + 7 if now is None else now)
        return close_hours(self.warehouse, Window(at(first * 60), at(last * 60)), run, rules=Rules(**rules))


def hours(warehouse: Engine) -> list[Hour]:
    """All usage, in order."""
    query = text("""
        SELECT instance_id, CAST(EXTRACT(EPOCH FROM hour_start - :noon) / 3600 AS integer), aku_seconds,
            inferred_aku_seconds, estimated_aku_seconds, gap_seconds
        FROM metering.usage INNER JOIN metering.instances USING (instance_key) ORDER BY instance_id, hour_start
    """)
    with warehouse.connect() as connection:
        return [Hour(*row) for row in connection.execute(query, {"noon": NOON})]


def gaps(warehouse: Engine) -> list[tuple[Any, ...]]:
    """Gaps as (instance or None, from minute, to minute, cause, state)."""
    query = text("""
        SELECT instance_id, CAST(EXTRACT(EPOCH FROM gap_start - :noon) AS integer) / 60,
            CAST(EXTRACT(EPOCH FROM gap_end - :noon) AS integer) / 60, cause, gaps.state
        FROM metering.gaps LEFT JOIN metering.instances USING (instance_key)
        ORDER BY instance_id NULLS FIRST, gap_start, gaps.state
    """)
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(query, {"noon": NOON})]


def hour_states(warehouse: Engine) -> list[tuple[int, str, int]]:
    """Environment-hours as (hour after noon, state, revision)."""
    query = text("""
        SELECT CAST(EXTRACT(EPOCH FROM hour_start - :noon) / 3600 AS integer), state, revision
        FROM metering.environment_hours ORDER BY environment_key, hour_start
    """)
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(query, {"noon": NOON})]


def every_five_minutes(
    environment: Environment, until: float, *instances: dict[str, Any], since: float = 0
) -> Iterable[Poll]:
    """Polls from `since` to `until`, both included, that all say the same."""
    count = int((until - since) // 5) + 1
    return [environment.poll(since + 5 * n, *instances) for n in range(count)]


COLUMNS = "aku_seconds, inferred_aku_seconds, estimated_aku_seconds, gap_seconds, peak_aku"


SUMS = f"""
SELECT subscription_key, hour_start, instance_count, {COLUMNS}, whole_hour_aku_seconds
FROM metering.subscription_hours ORDER BY 1, 2
"""


USED = f"""
SELECT subscription_key, hour_start, count(*), {", ".join(f"sum({name})" for name in COLUMNS.split(", "))},
    sum(CASE WHEN used_seconds > 0 THEN div(aku_seconds * 3600, used_seconds) ELSE 0 END)
FROM metering.usage GROUP BY 1, 2 ORDER BY 1, 2
"""


def sums_and_usage(warehouse: Engine) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """What the sums say, and what they should."""
    with warehouse.connect() as connection:
        sums, used = (connection.execute(text(query)).all() for query in (SUMS, USED))
    return [tuple(row) for row in sums], [tuple(row) for row in used]
