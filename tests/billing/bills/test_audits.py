"""Each audit finds what breaks its claim, in the bill that breaks it, and says nothing of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.billing.bills.audits import audit_drafts
from include.billing.bills.blocks import subscription_alone
from include.billing.bills.close import close_period, draft_and_audit
from include.billing.prices.plans import publish_price_plans
from include.domain.words.billing import FINDINGS, Finding
from include.warehouse.engine import audits
from tests.support.billing.october import DUE, OCTOBER, price_plan, version
from tests.support.builders import make_bill

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

TAXED = version(price="0.37", tax_rate="0.06")


@pytest.fixture
def findings(warehouse: Engine, subscribe: Callable[..., int]) -> Callable[..., dict[str, str]]:
    """Drafts two taxed bills, breaks one by a statement (or a function), and audits."""
    publish_price_plans(warehouse, [price_plan(TAXED)])
    keys = {"key": subscribe("broken", usage=(3601, 7199)), "other": subscribe("whole", usage=(3600,))}

    def find(*breaking: str) -> dict[str, str]:
        with subscription_alone(warehouse, keys["key"]) as connection:
            draft_and_audit(connection, OCTOBER, DUE, "a run", list(keys.values()))
            assert connection.scalar(text("SELECT count(*) FROM billing.bill_findings")) == 0
            for statement in breaking:
                connection.execute(text(statement), keys)
            audit_drafts(connection, OCTOBER, DUE, list(keys.values()))
            rows = connection.execute(
                text("SELECT bill_id, finding, facts FROM billing.bill_findings JOIN billing.bills USING (bill_key)")
            )
            found = {
                row.finding: Finding(row.finding, row.facts).sentence
                for row in rows
                if row.bill_id == "2026-10-sub-01-broken" and FINDINGS[row.finding].names() <= set(row.facts)
            }
            assert connection.scalar(text("SELECT count(*) FROM billing.bill_findings")) == len(found)
            connection.rollback()
        return found

    return find


BROKEN = "(SELECT bill_key FROM billing.bills WHERE subscription_key = :key AND document = 'bill' AND state = 'draft')"
CASES: dict[str, tuple[str, str]] = {
    "lines_add_up": (
        f"UPDATE billing.bills SET subtotal = subtotal + 1, total = total + 1 WHERE bill_key = {BROKEN}",
        "1 line adds up to 1.10 and 10,800 AKU-seconds, the bill says 2.10 and 10,800",
    ),
    "all_usage_is_billed": (
        "UPDATE metering.subscription_hours SET aku_seconds = aku_seconds + 1 WHERE subscription_key = :key",
        "The bill has 10,800 AKU-seconds, metering has 10,802",
    ),
    "hours_are_charged_by_their_measure": (
        f"UPDATE billing.bill_lines SET aku_seconds = aku_seconds + 5 WHERE bill_key = {BROKEN}",
        "The bill charges 5 AKU-seconds more than were metered; by the hour measure of its price plan it should be 0",
    ),
    "hourly_sums_equal_usage": (
        "UPDATE metering.usage SET aku_seconds = aku_seconds + 1 WHERE subscription_key = :key",
        "The sums of 2 hours, the first 2026-09-30 16:00 UTC, differ",
    ),
    "taxes_add_up": (
        f"UPDATE billing.bill_taxes SET base = base + 1 WHERE bill_key = {BROKEN}",
        "Tax at 6 % is not that of its lines",
    ),
    "hours_are_truncated_like_the_marketplace": (
        f"UPDATE billing.bill_lines SET amount = 1.11 WHERE bill_key = {BROKEN}",
        "Line 1 charges 1.11, but its hours, each truncated as the Marketplace does, come to 1.10",
    ),
    "no_hour_is_billed_twice": (
        """
        INSERT INTO billing.bills (
            bill_id, subscription_key, period, period_start, period_end, price_plan, currency, state, aku_seconds,
            subtotal, tax, total, fingerprint, drafted_at
        )
        SELECT 'elsewhere', subscription_key, '2026-10', period_start + interval '15 hours',
            period_end + interval '15 hours', price_plan, currency, 'draft', 0, 0, 0, 0, '', drafted_at
        FROM billing.bills WHERE subscription_key = :key
        """,
        "Hours from 2026-10-01 07:00 UTC to 2026-10-31 16:00 UTC are on elsewhere too",
    ),
    "corrections_point_at_issued_lines": (
        f"""
        INSERT INTO billing.bill_lines (
            bill_key, line_no, kind, description, line_start, line_end, aku_seconds, metered_aku_seconds, quantity,
            unit, unit_price, exact_amount, amount, corrects_bill_key
        )
        SELECT bill_key, 99, 'usage', 'x', line_start, line_end, 0, 0, 0, 'AKU-hour', 0, 0, 0, bill_key
        FROM billing.bill_lines WHERE bill_key = {BROKEN}
        """,
        "1 correction line points at something that was not issued, the first is line 99",
    ),
}


@pytest.mark.parametrize("claim", CASES)
def test_an_audit_finds_what_breaks_its_claim(findings: Callable[..., dict[str, str]], claim: str) -> None:
    breaking, sentence = CASES[claim]
    found = findings(breaking)
    assert sentence in found[claim]


def test_every_audit_is_broken_by_some_test() -> None:
    elsewhere = {
        "earlier_usage_is_known",
        "every_hour_is_closed",
        "no_gap_is_open",
        "licence_prices_match_the_plan",
        "refunds_do_not_exceed_the_bill",
        "prepaid_usage_is_licensed",
        "no_usage_after_the_end",
        "late_usage_has_a_next_bill",
    }
    assert set(audits()) == set(CASES) | elsewhere


def test_every_audit_and_every_other_reason_to_hold_a_bill_has_words() -> None:
    assert set(FINDINGS) == set(audits()) | {"amount_is_usual", "is_not_rejected", "is_what_was_shown"}
    assert all(words.title for words in FINDINGS.values())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("tax = tax + 1, total = total + 1", "the bill says tax 1.06"),
        ("tax_included = 1, total = total - 1", "contained 1"),
    ],
)
def test_a_bill_whose_tax_is_not_that_of_its_taxes_is_found(
    findings: Callable[..., dict[str, str]], change: str, sentence: str
) -> None:
    found = findings(f"UPDATE billing.bills SET {change} WHERE bill_key = {BROKEN}")
    assert sentence in found["taxes_add_up"]


def test_a_tax_that_is_not_its_rate_of_its_base_is_found(findings: Callable[..., dict[str, str]]) -> None:
    found = findings(
        f"UPDATE billing.bill_taxes SET amount = amount + 0.02 WHERE bill_key = {BROKEN}",
        f"UPDATE billing.bills SET tax = tax + 0.02, total = total + 0.02 WHERE bill_key = {BROKEN}",
    )
    assert "Tax at 6 % is not that of its lines" in found["taxes_add_up"]


def test_bills_of_september_and_october_share_no_hour(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    publish_price_plans(warehouse, [price_plan()])
    key = subscribe(usage=(3600,))
    with warehouse.begin() as connection:
        make_bill(connection, key, "2026-09", "1.00")
    assert close_period(warehouse, OCTOBER, DUE).held == []


def test_auditing_one_subscription_says_nothing_of_the_others(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    publish_price_plans(warehouse, [price_plan()])
    keys = [subscribe(name, usage=(3600,)) for name in ("a", "b")]
    with subscription_alone(warehouse, keys[0]) as connection:
        draft_and_audit(connection, OCTOBER, DUE, "a run", keys)
        connection.execute(text("UPDATE billing.bills SET aku_seconds = 1"))
        assert audit_drafts(connection, OCTOBER, DUE, keys[:1]) == 1
