"""Differences that the final bill leaves are findings, which the comparison or a person closes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.domain.billing_cycles import billing_cycle, final_at
from include.domain.errors import ConflictError, InvalidInputError, NoUserError
from include.domain.words.reconciliation import FINDING_OWNERS
from include.reconciliation.charges import fetch_charges
from include.reconciliation.compare import reconcile_period
from include.reconciliation.findings import explain_findings, list_findings
from include.warehouse.tables.reconciliation import FINDINGS
from tests.support.builders import make_bill, make_buyer, make_subscription
from tests.support.paper_bills import BillsOnPaper, Charge

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from include.domain.findings import Finding

PERIOD = "2026-10"
FINAL = final_at(billing_cycle(PERIOD))
DAY = timedelta(days=1)
BUYER, INSTANCE = "1100000000000001", "mp-01-orders"
WHY = "The buyer had a voucher of the Marketplace."


@pytest.fixture
def key(warehouse: Engine) -> int:
    """A subscription with an issued bill of 12.34."""
    with warehouse.begin() as connection:
        subscription = make_subscription(connection, make_buyer(connection, BUYER))
        make_bill(connection, subscription, PERIOD, "12.34")
    return subscription


def reconcile(warehouse: Engine, *charges: Charge, at: datetime = FINAL) -> list[str]:
    """The open points of a run."""
    fetch_charges(warehouse, PERIOD, at, lambda _: BillsOnPaper(charges))
    return reconcile_period(warehouse, PERIOD, at, "a run").open_points


def findings(warehouse: Engine) -> list[Finding]:
    return list_findings(warehouse, with_closed=True)


def story(warehouse: Engine) -> list[tuple[str, str | None]]:
    return [(each.kind, each.closed_as) for each in findings(warehouse)]


def add_note(warehouse: Engine, key: int, amount: str, state: str = "issued") -> None:
    """A note that corrects the bill by that amount."""
    with warehouse.begin() as connection:
        bill = connection.execute(text("SELECT bill_key FROM billing.bills WHERE document = 'bill'")).scalar_one()
        document = "credit_note" if amount.startswith("-") else "debit_note"
        columns = {"document": document, "corrects_bill_key": bill, "bill_id": f"{document}-1"}
        note = make_bill(connection, key, PERIOD, amount, state="draft", **columns)
        connection.execute(
            text("UPDATE billing.bill_lines SET corrects_bill_key = :bill WHERE bill_key = :note"),
            {"bill": bill, "note": note},
        )
        if state == "issued":
            issued = "UPDATE billing.bills SET state = 'issued', issued_at = drafted_at WHERE bill_key = :note"
            connection.execute(text(issued), {"note": note})


@pytest.mark.usefixtures("key")
def test_a_difference_is_found_once_however_often_it_is_compared(warehouse: Engine) -> None:
    [point] = reconcile(warehouse, Charge(INSTANCE, "5.00"))
    assert point.startswith("2026-10, orders (sub-01-orders): The Marketplace charges 5.00 CNY, 7.34 CNY less")
    assert point.endswith("(Finding 1, owner billing, new.)")
    [found] = findings(warehouse)
    assert reconcile(warehouse, Charge(INSTANCE, "5.00")) == [point]
    assert findings(warehouse) == [found], "running it again changes nothing"
    [later] = reconcile(warehouse, Charge(INSTANCE, "5.00"), at=FINAL + 3 * DAY)
    assert later.endswith("(Finding 1, owner billing, 3 days old.)")


@pytest.mark.usefixtures("key")
def test_what_is_provisional_is_no_finding(warehouse: Engine) -> None:
    assert reconcile(warehouse, Charge(INSTANCE, "5.00"), Charge("mp-x", "1.00"), at=FINAL - DAY) == []
    assert findings(warehouse) == []


@pytest.mark.usefixtures("key")
def test_the_final_bill_closes_it_and_another_difference_is_another_finding(warehouse: Engine) -> None:
    reconcile(warehouse, Charge(INSTANCE, "5.00"))
    assert reconcile(warehouse, Charge(INSTANCE, "12.34"), at=FINAL + DAY) == []
    reconcile(warehouse, at=FINAL + 2 * DAY)
    assert story(warehouse) == [("differs", "final_bill"), ("missing_there", None)]
    first, second = findings(warehouse)
    assert (first.closed_by, first.age(FINAL + 9 * DAY), second.owner) == ("a run", DAY, "operations")


def test_an_issued_correction_closes_it_and_a_drafted_one_does_not(warehouse: Engine, key: int) -> None:
    add_note(warehouse, key, "-7.34", state="draft")
    assert len(reconcile(warehouse, Charge(INSTANCE, "5.00"))) == 1
    with warehouse.begin() as connection:
        issued = "UPDATE billing.bills SET state = 'issued', issued_at = drafted_at WHERE document = 'credit_note'"
        connection.execute(text(issued))
    assert reconcile(warehouse, Charge(INSTANCE, "5.00"), at=FINAL + DAY) == []
    assert story(warehouse) == [("differs", "correction")]


def test_a_correction_that_leaves_a_difference_leaves_the_finding(warehouse: Engine, key: int) -> None:
    add_note(warehouse, key, "-7.00")
    assert len(reconcile(warehouse, Charge(INSTANCE, "5.00"))) == 1


@pytest.mark.usefixtures("key")
def test_a_person_explains_it_for_as_long_as_it_is_the_same(warehouse: Engine) -> None:
    reconcile(warehouse, Charge(INSTANCE, "5.00"))
    assert explain_findings(warehouse, "1", "alice", f"  {WHY} ", FINAL + DAY) == "1 finding explained."
    [found] = findings(warehouse)
    assert (found.closed_as, found.closed_by, found.reason, found.closed_at) == (
        *("explanation", "alice", WHY),
        FINAL + DAY,
    )
    explain_findings(warehouse, [1], "alice", WHY, FINAL + 2 * DAY)
    assert findings(warehouse) == [found], "explaining it again changes nothing"
    assert reconcile(warehouse, Charge(INSTANCE, "5.00"), at=FINAL + 2 * DAY) == []
    [point] = reconcile(warehouse, Charge(INSTANCE, "5.01"), at=FINAL + 3 * DAY)
    assert "5.01 CNY" in point
    assert story(warehouse) == [("differs", "explanation"), ("differs", None)]


@pytest.mark.usefixtures("key")
def test_an_explanation_needs_a_finding_a_person_and_a_reason(warehouse: Engine) -> None:
    reconcile(warehouse, Charge(INSTANCE, "5.00"))
    with pytest.raises(NoUserError):
        explain_findings(warehouse, "1", None, WHY, FINAL)
    with pytest.raises(InvalidInputError, match="has 4 characters"):
        explain_findings(warehouse, "1", "alice", "fine", FINAL)
    for numbers, rule in (("", "are missing"), ("1, 7", "is the number of no finding"), ("one", "whole number")):
        with pytest.raises(InvalidInputError, match=rule):
            explain_findings(warehouse, numbers, "alice", WHY, FINAL)
    assert story(warehouse) == [("differs", None)], "all or none"
    explain_findings(warehouse, "1", "alice", WHY, FINAL)
    with pytest.raises(ConflictError, match=r"Finding 1 was closed by alice \(explanation\)"):
        explain_findings(warehouse, "1", "bob", WHY, FINAL)


@pytest.mark.usefixtures("key")
def test_a_charge_without_a_subscription_is_a_finding_until_it_has_one(warehouse: Engine) -> None:
    charges = (Charge(INSTANCE, "12.34"), Charge("mp-stranger", "5.00"))
    [point] = reconcile(warehouse, *charges)
    assert point.startswith(f"2026-10, buyer {BUYER}: The Marketplace charges 5.00 CNY for mp-stranger, which belongs")
    with warehouse.begin() as connection:
        make_subscription(connection, BUYER, "second", marketplace_instance_id="mp-stranger")
    reconcile(warehouse, *charges)
    assert story(warehouse) == [("unknown_instance", "final_bill"), ("missing_here", None)]


def test_every_kind_has_an_owner() -> None:
    assert set(FINDING_OWNERS) == set(FINDINGS)


@pytest.mark.usefixtures("key")
def test_the_command_line_lists_and_explains_them(warehouse: Engine, akubill, airflow_connections) -> None:
    reconcile(warehouse, Charge(INSTANCE, "5.00"))
    code, out, _ = akubill("reconciliation", "findings", "--format", "json")
    [row] = json.loads(out)
    assert (code, row["finding_key"], row["difference"], row["owner"]) == (0, 1, "-7.34", "billing")
    code, out, _ = akubill("reconciliation", "explain", "1", "--reason", WHY)
    assert (code, out) == (0, "1 finding explained.\n")
    code, out, _ = akubill("reconciliation", "findings", "--format", "json")
    assert json.loads(out) == []
    code, out, _ = akubill("reconciliation", "findings", "--all", "--format", "json")
    assert [each["closed_as"] for each in json.loads(out)] == ["explanation"]
