"""The sums by subscription and hour are those of the usage after every kind of change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.metering.hours.close import close_due_hours
from include.metering.hours.digests import take_missing_digests
from include.metering.imports.load import import_usage
from tests.support.metering.lives import (
    NOON,
    Environment,
    at,
    every_five_minutes,
    kafka,
    sums_and_usage,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


def test_a_closing_adds_up_its_hours_by_subscription(warehouse: Engine) -> None:
    orders, payments = Environment(warehouse), Environment(warehouse, "payments")
    orders.tell(*every_five_minutes(orders, 120, kafka(6), kafka(4, name="kf-2")))
    payments.tell(*every_five_minutes(payments, 120, kafka(3, name="kf-3")))
    orders.close(0, 2)
    sums, used = sums_and_usage(warehouse)
    assert sums == used
    assert [(row[2], row[3]) for row in sums] == [(2, 36_000)] * 2 + [(1, 10_800)] * 2


def test_late_polls_and_vanished_usage_reach_the_sums(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(orders.poll(0, kafka(6)), orders.poll(10, kafka(6)), orders.poll(121, kafka(6)))
    orders.close(0, 2)
    # The hour from 13:00 on turns out to be empty: its only instance had gone.
    orders.tell(orders.poll(15), orders.poll(120))
    close_due_hours(warehouse, at(200))
    sums, used = sums_and_usage(warehouse)
    assert sums == used
    assert [(row[1], row[3]) for row in sums] == [(NOON, 6 * 600)]


def test_an_import_reaches_the_sums_and_a_correction_of_it_is_kept(warehouse: Engine, tmp_path: Path) -> None:
    Environment(warehouse, metered_from=at(600))
    head = "subscription_id,instance_id,hour,aku_seconds\n"
    for name, quantity in (("first", 100), ("second", 250)):
        file = tmp_path / f"{name}.csv"
        file.write_text(
            head + f"sub-11-orders,kf-1,2026-10-01T12:00:00Z,{quantity}\nsub-11-orders,kf-2,2026-10-01T12:00:00Z,7\n"
        )
        import_usage(warehouse, file, at(6000))
    sums, used = sums_and_usage(warehouse)
    assert sums == used
    assert [(row[2], row[3]) for row in sums] == [(2, 257)]
    with warehouse.connect() as connection:
        [revision] = connection.execute(
            text("SELECT old_aku_seconds, new_aku_seconds, cause FROM metering.usage_revisions")
        ).all()
    assert tuple(revision) == (100, 250, "corrected")


#: Hours whose digest is not that of their usage.
OTHER_DIGESTS = """
SELECT count(*)
FROM metering.subscription_hours AS h
LEFT JOIN metering.summed_usage('2026-01-01', '2027-01-01', NULL) AS u USING (subscription_key, hour_start)
WHERE h.usage_digest IS NOT NULL AND h.usage_digest IS DISTINCT FROM u.usage_digest
"""
OWNERS = {"kf-1": "sub-11-orders", "kf-2": "sub-11-orders", "kf-3": "sub-11-payments"}
FILES = st.lists(st.tuples(st.sampled_from(sorted(OWNERS)), st.integers(-2, 3), st.integers(0, 3)), min_size=1)


@pytest.fixture
def orders(warehouse: Engine) -> Environment:
    """Metered from noon, one instance, two hours of polls; the other subscription has no polls."""
    Environment(warehouse, "payments", metered_from=at(600))
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 120, kafka(6)))
    return orders


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(FILES | st.just([]), min_size=1, max_size=5))
def test_imports_and_closings_in_any_order_keep_the_sums(
    orders: Environment, tmp_path: Path, steps: list[list[tuple[str, int, int]]]
) -> None:
    """New hours, hours that earlier files gave differently, hours that readings took over; no rows mean a closing."""
    with orders.warehouse.begin() as connection:
        for table in ("usage", "subscription_hours", "usage_revisions", "environment_hours", "imports", "rejections"):
            connection.execute(text(f"DELETE FROM metering.{table}"))
    for step in steps:
        if step:
            lines = [f"{OWNERS[name]},{name},{at(60 * hour).isoformat()},{value}" for name, hour, value in step]
            file = tmp_path / "usage.csv"
            file.write_text("\n".join(["subscription_id,instance_id,hour,aku_seconds", *lines]))
            import_usage(orders.warehouse, file, at(6000))
        else:
            orders.close(0, 2)
        sums, used = sums_and_usage(orders.warehouse)
        assert sums == used
        with orders.warehouse.connect() as connection:
            assert connection.scalar(text(OTHER_DIGESTS)) == 0
    take_missing_digests(orders.warehouse)
    with orders.warehouse.connect() as connection:
        assert (
            connection.scalar(text("SELECT count(*) FROM metering.subscription_hours WHERE usage_digest IS NULL")) == 0
        )
        assert connection.scalar(text(OTHER_DIGESTS)) == 0
