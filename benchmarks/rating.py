"""Rating a month from the sums by hour, for each price model, against a bare GROUP BY of the same rows.

Full size is 1,000 subscriptions × 744 hours. "Hours" are the statements of rating that read hours; "in all" is rating
whole, from the parts of the period to lines and taxes, of which the rest is about subscriptions and not about hours.
Beside it the same month as one would rate it in a notebook: pandas, and Decimal for each hour.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import text

from benchmarks.measuring import Ratio, cost, empty_warehouse, enter_subscriptions
from include.billing.prices.plans import publish_price_plan
from include.billing.rating import rate
from include.domain.money import Decimal, round_amount
from include.domain.periods import BillingPeriod
from include.domain.price_plans import PricePlan
from include.warehouse.engine import ensure_partitions

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

SIZES = {"full": (1000, 7), "small": (50, 3)}
PERIOD = BillingPeriod("2026-10", "Asia/Shanghai")
BARE = text(
    "SELECT subscription_key, sum(aku_seconds) FROM metering.subscription_hours "
    "WHERE hour_start >= :period_start AND hour_start < :period_end GROUP BY subscription_key"
)
TIERS = [
    {"up_to": "5000", "unit_price": "1.20", "flat_fee": "0"},
    {"up_to": "15000", "unit_price": "1.00", "flat_fee": "0"},
    {"up_to": None, "unit_price": "0.85", "flat_fee": "0"},
]
ONE = [{"up_to": None, "unit_price": "1.20", "flat_fee": "0"}]
FREE = [{"up_to": None, "unit_price": "0", "flat_fee": "0"}]
MODELS: dict[str, dict[str, Any]] = {
    "per_unit": {"tiers": ONE},
    "graduated": {"tiers": TIERS},
    "volume": {"tiers": TIERS},
    "package": {"tiers": ONE, "package_size": "100"},
    "included": {"tiers": ONE, "model": "per_unit", "included": "5000"},
    "peak": {"tiers": ONE, "model": "per_unit", "hour_measure": "peak"},
    "licence": {"tiers": FREE, "model": "per_unit", "licence": {"price_per_aku_month": "620", "overage_price": "1.2"}},
}


def run(size: str) -> list[Ratio]:
    subscriptions, repetitions = SIZES[size]
    with empty_warehouse() as warehouse:
        rows = enter_hours(warehouse, subscriptions)
        lines = [
            line
            for name in MODELS
            for charge_every in ("hour", "period")
            for line in _compare(warehouse, name, charge_every, rows, repetitions)
        ]
        ours = lines[1].ours
        return [*lines, cost("per_unit by the hour: in all, against pandas", ours, _rate_with_pandas(warehouse), "")]


def enter_hours(warehouse: Engine, subscriptions: int) -> int:
    """A month of sums by hour; how many."""
    enter_subscriptions(warehouse, subscriptions)
    window = PERIOD.window
    with warehouse.begin() as connection:
        ensure_partitions(connection, window.start, window.end)
        rows = connection.execute(
            text(
                "INSERT INTO metering.subscription_hours "
                "SELECT hour_start, subscription_key, 10, "
                "10 * ((3 + subscription_key % 48) * 3600 - extract(hour FROM hour_start)::int), 0, 0, 0, "
                "10 * (3 + subscription_key % 48), "
                "10 * ((3 + subscription_key % 48) * 3600 - extract(hour FROM hour_start)::int) "
                "FROM generate_series(CAST(:start AS timestamptz), :last, interval '1 hour') AS hour_start "
                "CROSS JOIN core.subscriptions"
            ),
            {"start": window.start, "last": window.end - timedelta(hours=1)},
        ).rowcount
    with warehouse.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return rows


def _compare(warehouse: Engine, model: str, charge_every: str, rows: int, repetitions: int) -> list[Ratio]:
    name, rules = f"{model} by the {charge_every}", MODELS[model]
    took: dict[str, list[float]] = {"bare": [], "hours": [], "all": []}
    with warehouse.connect() as connection:
        publish_price_plan(connection, _plan(model, charge_every))
        if "licence" in rules:
            connection.execute(
                text(
                    "INSERT INTO core.licences (subscription_key, term_start, term_end, term_months, capacity_aku, "
                    "price, currency, auto_renew) SELECT subscription_key, :start, :end, 1, 200, 0, 'CNY', FALSE "
                    "FROM core.subscriptions"
                ),
                {"start": PERIOD.window.start - timedelta(days=3), "end": PERIOD.window.end + timedelta(days=3)},
            )
        for _ in range(repetitions):
            _take_times(connection, took)
        connection.rollback()
    bare, hours, whole = (sorted(took[part])[repetitions // 2] for part in ("bare", "hours", "all"))
    return [
        cost(f"{name}: hours", hours, bare, "≤ 1.5", f"{rows:,} rows"),
        cost(f"{name}: in all", whole, bare, ""),
    ]


def _rate_with_pandas(warehouse: Engine) -> float:
    """Seconds that a straightforward script takes for per_unit by the hour, cut down to the cent."""
    start = time.perf_counter()
    with warehouse.connect() as connection:
        query = BARE.text.replace("sum(aku_seconds)", "aku_seconds").replace(" GROUP BY subscription_key", "")
        hours = pd.read_sql(text(query), connection, params=rate.window_of(PERIOD))
    price = Decimal("1.20")
    amounts = [round_amount(price * used / 3600, 2, "down") for used in hours["aku_seconds"].tolist()]
    hours["amount"] = pd.Series(amounts, dtype=object)
    hours.groupby("subscription_key")["amount"].sum()
    return time.perf_counter() - start


def _plan(model: str, charge_every: str) -> PricePlan:
    version = {
        "effective_from": "2024-01-01T00:00:00+08:00",
        "charge_every": charge_every,
        "rounding": {"digits": 2, "mode": "down"},
        "model": model,
    } | MODELS[model]
    return PricePlan.model_validate(
        {"name": "automq-byoc-payg", "currency": "CNY", "time_zone": "Asia/Shanghai", "versions": [version]}
    )


def _take_times(connection: Connection, took: dict[str, list[float]]) -> None:
    """One turn: the bare statement, then rating, with the time of its statements over hours aside."""
    rate.use_memory(connection)
    start = time.perf_counter()
    connection.execute(BARE, rate.window_of(PERIOD)).all()
    took["bare"].append(time.perf_counter() - start)
    everyone = connection.scalars(text("SELECT subscription_key FROM core.subscriptions")).all()
    start = time.perf_counter()
    parameters = rate.split_periods(connection, PERIOD, subscriptions=everyone, known_at=None)
    before = time.perf_counter()
    rate.sum_hours(connection, parameters)
    took["hours"].append(time.perf_counter() - before)
    rate.charge_segments(connection, parameters)
    took["all"].append(time.perf_counter() - start)
