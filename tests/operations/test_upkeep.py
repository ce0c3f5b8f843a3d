"""Partitions ahead of time, and the report."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import DBAPIError

from include.domain.errors import ConflictError
from include.operations.retention import DroppedMonths
from include.operations.upkeep import make_partitions, report_upkeep
from include.warehouse.engine import ensure_partitions
from tests.support.partitions import partitions


def test_partitions_of_three_months_are_made_ahead(warehouse):
    for _ in range(2):
        make_partitions(warehouse, datetime(2026, 11, 24, tzinfo=UTC))
    months = ("2026_11", "2026_12", "2027_01", "2027_02")
    assert partitions(warehouse) == {f"{table}_{month}" for table in ("polls", "readings", "usage") for month in months}


def test_more_than_five_years_of_partitions_are_a_mistake(warehouse):
    with warehouse.begin() as connection, pytest.raises(DBAPIError, match="more than five years"):
        ensure_partitions(connection, datetime(2006, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


def test_the_report_fails_where_a_person_has_to_do_something():
    report_upkeep(DroppedMonths(["2025-09"], {}), [])
    with pytest.raises(
        ConflictError, match=r"^A claim is broken\.\nPolls and readings of 2025-09 stay: for a reason\.$"
    ):
        report_upkeep(DroppedMonths([], {"2025-09": "for a reason"}), ["A claim is broken."])
