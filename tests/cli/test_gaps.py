"""`akubill gaps`: what it lists, and waivers from the command line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from include.cli.gaps import app
from include.metering.gaps.gaps import list_gaps
from tests.support.metering.lives import Environment, at, every_five_minutes, kafka

pytestmark = pytest.mark.slow
REASON = "The console was being moved; the buyer agrees."


def call(*arguments: str):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "LOGNAME": "anna"})


def test_gaps_are_listed_waived_and_then_gone(airflow_connections, warehouse):
    assert call("list").output == "No gap is open.\n"
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 20, kafka(6)), *every_five_minutes(orders, 65, kafka(6), since=50))
    orders.close()
    [gap] = list_gaps(warehouse, at(70))
    listed = call("list", "--environment", "env-11-orders").output
    assert "2026-10-01 12:20:00" in listed
    assert "operations" in listed
    assert call("list", "--environment", "env-other").output == "No gap is open.\n"
    refused = call("waive", "999999", "--reason", REASON)
    assert "Gap is '999999': it is not known" in str(refused.exception)
    done = call("waive", str(gap.gap_key), "--reason", REASON)
    assert done.output == "Waived 1 gap(s) of 1800 s together. Close the billing period again.\n"
    assert call("list").output == "No gap is open.\n"
    [waived] = json.loads(call("list", "--state", "waived", "--format", "json").output)
    assert (waived["closed_by"], waived["closed_reason"]) == ("anna (command line)", REASON)
    assert waived["gap_start"] == "2026-10-01T12:20:00+00:00"
