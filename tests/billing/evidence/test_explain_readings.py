"""Whatever polls come and however late: readings, explained hour by hour, come to the usage that metering stored.

The two are written apart: metering adds up sets of hours by short cuts, an explanation goes span by span.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from sqlalchemy import text

from include.billing.evidence.explain_readings import explain_readings, unpack
from tests.support.metering.histories import HOURS, Closing, History, changing, histories, plans, play, steady
from tests.support.metering.lives import NOON, Environment, kafka
from tests.support.metering.properties import property_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine


def used_in(connection: Connection, environment_key: int, hour: datetime) -> dict[str, tuple[int, int, int]]:
    """AKU-seconds, inferred and estimated ones, by instance."""
    query = text("""
        SELECT instance_id, aku_seconds, inferred_aku_seconds, estimated_aku_seconds
        FROM metering.usage INNER JOIN metering.instances USING (instance_key)
        WHERE usage.environment_key = :environment AND hour_start = :hour
    """)
    rows = connection.execute(query, {"environment": environment_key, "hour": hour})
    return {row.instance_id: (row.aku_seconds, row.inferred_aku_seconds, row.estimated_aku_seconds) for row in rows}


@property_of
@given(lives=histories(changing, steady), plan=plans)
def test_readings_explain_exactly_the_usage_that_metering_stored(
    warehouse: Engine, environments: list[Environment], lives: list[History], plan: list[Closing | None]
) -> None:
    play(environments, lives, plan)
    with warehouse.connect() as connection:
        for environment in environments:
            for hour in (NOON + timedelta(hours=n) for n in range(HOURS)):
                used = used_in(connection, environment.key, hour)
                explained = explain_readings(connection, environment.key, hour, {key: n[0] for key, n in used.items()})
                assert explained.notes == []
                for instance_id, (_, inferred, estimated) in used.items():
                    mine = [each for each in explained.spans if each.instance_id == instance_id]
                    by = {
                        known: sum(each.aku_seconds for each in mine if each.known == known)
                        for known in ("inferred", "estimated")
                    }
                    assert by == {"inferred": inferred, "estimated": estimated}


@pytest.mark.parametrize(("tolerance", "known"), [(10, "inferred"), (30, "measured")])
def test_an_hour_is_explained_by_the_tolerance_that_it_was_closed_with(
    warehouse: Engine, tolerance: int, known: str
) -> None:
    """Twenty minutes between two answers; the default of a later release changes nothing about it."""
    orders = Environment(warehouse)
    orders.tell(*(orders.poll(minutes, kafka(6)) for minutes in (0, 20, 25, 30, 35, 40, 45, 50, 55, 60)))
    orders.close(tolerance=timedelta(minutes=tolerance))
    with warehouse.connect() as connection:
        explained = explain_readings(connection, orders.key, NOON, {"kf-1": 6 * 3600})
    assert (explained.notes, explained.spans[0].known, explained.spans[0].start_at) == ([], known, NOON)


def test_a_payload_that_is_not_kept_has_no_pages() -> None:
    assert unpack(None) == []
