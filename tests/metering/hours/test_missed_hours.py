"""Hours that no run has closed are closed later, and one environment's trouble is not the others'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.domain.errors import ConflictError
from include.metering.hours.close import close_asked, close_hour
from include.warehouse.engine import open_warehouse
from tests.support.metering.lives import Environment, at, every_five_minutes, gaps, hour_states, hours, kafka

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_window_closed_by_hand_after_a_pause_leaves_no_hole_behind(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 485, kafka(6)))
    close_asked(warehouse, at(361), at(300).isoformat(), at(360).isoformat())
    assert hour_states(warehouse) == [*((hour, "stale", 0) for hour in range(5)), (5, "closed", 1)]

    close_hour(warehouse, at(360), at(427))

    assert hour_states(warehouse) == [(hour, "closed", 1) for hour in range(7)]
    assert [used.aku_seconds for used in hours(warehouse)] == [21_600] * 7


def test_a_window_before_metering_started_makes_no_partitions(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 65, kafka(6)))
    partitions = text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1")
    with warehouse.connect() as connection:
        before = connection.scalars(partitions).all()
    close_asked(warehouse, at(61), "2016-10-01T12:00:00Z", at(0).isoformat())
    close_asked(warehouse, at(61), "2016-10-01T12:00:00Z", at(60).isoformat())
    with warehouse.connect() as connection:
        made = set(connection.scalars(partitions).all()) - set(before)
    assert made == {"usage_2026_10", "subscription_hours_2026_10"} - set(before)
    assert hour_states(warehouse) == [(0, "closed", 1)]


def test_an_older_run_that_is_tried_again_opens_nothing_that_a_later_one_closed(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(orders.poll(-5, kafka(6)), orders.poll(0, kafka(6)))
    orders.close(0, 1, now=67)
    orders.close(0, 1, now=127)
    known = (hour_states(warehouse), hours(warehouse), gaps(warehouse))
    assert known[0] == [(0, "provisional", 1)]
    orders.close(0, 1, now=67)
    assert (hour_states(warehouse), hours(warehouse), gaps(warehouse)) == known


def test_what_the_database_refuses_of_one_environment_is_named_and_the_others_are_closed(warehouse: Engine) -> None:
    sick, *others = (Environment(warehouse, name) for name in ("sick", "orders", "stock"))
    for environment in (sick, *others):
        environment.tell(*every_five_minutes(environment, 65, kafka(6, name=f"kf-{environment.key}")))
    owner = open_warehouse(warehouse.url, role=None)
    with owner.begin() as connection:
        connection.execute(
            text(f"ALTER TABLE metering.environment_hours ADD CONSTRAINT trouble CHECK (environment_key <> {sick.key})")
        )
    owner.dispose()

    with pytest.raises(ConflictError, match="env-11-sick could not be closed"):
        close_hour(warehouse, at(0), at(67))

    assert [used.aku_seconds for used in hours(warehouse)] == [21_600] * len(others)


@pytest.mark.parametrize("condition", ["deadlock_detected", "serialization_failure", "lock_not_available"])
@pytest.mark.parametrize(("failures", "others"), [(2, 2), (100, 1)])
def test_what_others_at_work_cause_is_tried_again_and_then_named_and_stops_no_other(
    warehouse: Engine, failures: int, others: int, condition: str
) -> None:
    sick, well = (Environment(warehouse, name) for name in ("sick", "orders"))
    for environment in (sick, well):
        environment.tell(*every_five_minutes(environment, 65, kafka(6, name=f"kf-{environment.key}")))
    change(
        warehouse,
        f"""
        CREATE SEQUENCE public.attempts;
        GRANT USAGE ON SEQUENCE public.attempts TO billing_writer;
        CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.environment_key = {sick.key} AND nextval('public.attempts') <= {failures} THEN
                RAISE EXCEPTION 'others are at work' USING ERRCODE = '{condition}';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER fail BEFORE INSERT ON metering.usage FOR EACH ROW EXECUTE FUNCTION public.fail();
        """,
    )
    if failures == 2:
        close_hour(warehouse, at(0), at(67))
    else:
        with pytest.raises(ConflictError, match=r"env-11-sick could not be closed: others are at work"):
            close_hour(warehouse, at(0), at(67))
    assert [used.aku_seconds for used in hours(warehouse)] == [21_600] * others


def test_an_hour_that_was_refused_is_closed_once_it_can_be_though_later_ones_were_closed(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 245, kafka(6)))
    trouble = f"ADD CONSTRAINT trouble CHECK (hour_start <> '{at(60):%Y-%m-%dT%H}:00Z')"
    change(warehouse, f"ALTER TABLE metering.environment_hours {trouble}")
    close_hour(warehouse, at(0), at(67))
    for hour in (1, 2):
        with pytest.raises(ConflictError, match="env-11-orders could not be closed"):
            close_hour(warehouse, at(60 * hour), at(60 * hour + 67))
    assert [hour for hour, _, _ in hour_states(warehouse)] == [0, 2]

    change(warehouse, "ALTER TABLE metering.environment_hours DROP CONSTRAINT trouble")
    close_hour(warehouse, at(180), at(247))

    assert hour_states(warehouse) == [(hour, "closed", 1) for hour in range(4)]


def change(warehouse: Engine, query: str) -> None:
    """Change the schema as its owner may."""
    owner = open_warehouse(warehouse.url, role=None)
    with owner.begin() as connection:
        connection.execute(text(query))
    owner.dispose()
