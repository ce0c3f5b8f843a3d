"""What all benchmarks share: taking times in turns, and a warehouse with believable subscriptions."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlalchemy import Engine, text

from include.warehouse.embedded import temporary_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from include.warehouse.vault import Vault
    from tests.support.sandbox import SandboxConsole

HISTORY_START = "2026-01-01T00:00:00Z"
_BUYER = "INSERT INTO core.buyers (account_id, site, registered_at) VALUES ('1', 'china', :start)"
_SUBSCRIPTIONS = """
INSERT INTO core.subscriptions (subscription_id, product, account_id, region, network, department, environment_name,
    payment, price_plan, state, attempt, request, requested_at, started_at)
SELECT 'sub-' || n, 'automq-byoc-payg', '1', 'cn-hangzhou', 'vpc-' || n, '', 'env-' || n, 'payg', 'automq-byoc-payg',
    'active', 1, '{}', :start, :start
FROM generate_series(0, :last) AS n
"""
_ENVIRONMENTS = """
INSERT INTO core.environments (environment_id, subscription_key, console_url, state, shard, registered_at)
SELECT 'env-' || subscription_id, subscription_key, 'http://127.0.0.1', 'metered', 0, :start
FROM core.subscriptions ORDER BY subscription_key
"""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One line of the table: our seconds, the bare seconds, and their ratio held against the goal.

    Attributes:
        ratio: as the goal is stated: ours ÷ bare for costs, bare ÷ ours (relative rate) for rates.
        goal: "≤ 1.2" or "≥ 0.5"; empty where there is none.
    """

    name: str
    ours: float
    bare: float
    ratio: float
    goal: str
    note: str

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if not self.goal:
            return None
        sign, limit = self.goal.split()
        return self.ratio <= float(limit) if sign == "≤" else self.ratio >= float(limit)


def cost(name: str, ours: float, bare: float, goal: str, note: str = "") -> Ratio:
    return Ratio(name, ours, bare, ours / bare, goal, note)


def rate(name: str, ours: float, bare: float, goal: str, note: str = "") -> Ratio:
    return Ratio(name, ours, bare, bare / ours, goal, note)


def in_turns(repetitions: int, **works: Callable[[], object]) -> dict[str, float]:
    """The median seconds of each work, all of them done once before any is done again."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repetitions):
        for name, work in works.items():
            start = time.perf_counter()
            took = work()
            seconds[name].append(took if isinstance(took, float) else time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def empty_warehouse() -> AbstractContextManager[Engine]:
    """A migrated warehouse of its own on a PostgreSQL of its own; sessions run as its owner."""
    return temporary_warehouse(role=None)


def enter_subscriptions(warehouse: Engine, count: int) -> None:
    """Active subscriptions sub-0 … with an environment each, of one buyer."""
    with warehouse.begin() as connection:
        connection.execute(text(_BUYER), {"start": HISTORY_START})
        connection.execute(text(_SUBSCRIPTIONS), {"start": HISTORY_START, "last": count - 1})
        connection.execute(text(_ENVIRONMENTS), {"start": HISTORY_START})


def enter_consoles(warehouse: Engine, vault: Vault, consoles: Sequence[SandboxConsole], shards: int = 1) -> None:
    """Give each environment, in their order, a console, spread over that many shards."""
    with warehouse.begin() as connection:
        keys = connection.scalars(text("SELECT environment_key FROM core.environments ORDER BY 1")).all()
        rows = [
            {
                "key": key,
                "id": console.environment_id,
                "url": console.console_url,
                "shard": number % shards,
                "access_key_id": console.access_key_id,
                "secret": vault.encrypt(SecretStr(console.access_key_secret)),
                "at": HISTORY_START,
            }
            for number, (key, console) in enumerate(zip(keys, consoles, strict=True))
        ]
        connection.execute(
            text(
                "UPDATE core.environments SET environment_id = :id, console_url = :url, shard = :shard "
                "WHERE environment_key = :key"
            ),
            rows,
        )
        connection.execute(
            text("INSERT INTO core.environment_credentials VALUES (:key, :access_key_id, :secret, :at)"), rows
        )


def settle(warehouse: Engine) -> None:
    """Do what autovacuum does in time: statistics, and which pages are all visible."""
    with warehouse.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
