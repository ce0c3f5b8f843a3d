from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.domain.lifecycles import (
    BILL,
    CORRECTION,
    ENVIRONMENT,
    EVENT,
    GAP,
    HOUR,
    LIFECYCLES,
    SUBSCRIPTION,
    Lifecycle,
)

SQL = Path(__file__).parents[2] / "include" / "warehouse"
TABLES = {
    "core.subscriptions": SUBSCRIPTION,
    "core.environments": ENVIRONMENT,
    "metering.environment_hours": HOUR,
    "metering.gaps": GAP,
    "billing.bills": BILL,
    "billing.corrections": CORRECTION,
    "billing.late_usage": CORRECTION,
    "marketplace.inbox": EVENT,
}
UPDATE = re.compile(r"UPDATE\s+([a-z_]+\.[a-z_]+)(?:\s+AS\s+\w+)?\s+SET\s[^;]*?\bstate = '(\w+)'")


@pytest.mark.parametrize("life", LIFECYCLES, ids=lambda life: life.name)
def test_each_state_has_a_meaning_and_can_be_reached(life: Lifecycle) -> None:
    assert set(life.meaning) == set(life.states)
    reached = {life.begins}
    while further := {end for start, end in life.transitions if start in reached} - reached:
        reached |= further
    assert reached == set(life.states)


def test_what_has_ended_stays_ended() -> None:
    ends = {(life.name, state) for life in LIFECYCLES for state in life.states if not life.steps[state]}
    assert ends == {
        ("subscription", "released"),
        ("marketplace instance", "released"),
        ("environment", "released"),
        ("bill", "reconciled"),
        ("correction", "applied"),
        ("correction", "withdrawn"),
        ("record of a metering push", "accepted"),
        ("record of a metering push", "refused"),
        ("record of a metering push", "duplicate_same"),
        ("record of a metering push", "missed"),
        ("record of a metering push", "expected"),
        ("record of a metering push", "carried"),
        ("event of the Marketplace", "applied"),
        ("event of the Marketplace", "repeated"),
    }


def test_statements_set_only_states_that_a_step_leads_to() -> None:
    updates = {
        update
        for file in (*SQL.glob("sql/**/*.sql"), *SQL.glob("routines/**/*.sql"))
        for update in UPDATE.findall(file.read_text(encoding="utf-8"))
        if update[0] in TABLES
    }
    assert {table for table, _ in updates} == set(TABLES)
    ends = {table: {end for _, end in life.transitions} for table, life in TABLES.items()}
    assert {(table, state) for table, state in updates if state not in ends[table]} == set()
