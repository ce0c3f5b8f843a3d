"""Reconciliation as people read it: how far both sides agree, what waits for them, and the evidence of each record."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from include.domain.money import Decimal
from include.domain.periods import BillingPeriod
from include.marketplace.push.adding_up import add_up
from include.reporting import money_ladder
from include.reporting.pages import ledger
from include.reporting.pages.app import create_pages
from tests.support.builders import ZONE, insert, make_bill, make_buyer, make_subscription, rows
from tests.support.showcase import NOW
from tests.support.work_queue import fill_work_queue


def open_pages(warehouse):
    return TestClient(create_pages(current_user=lambda: "ada", warehouse=lambda: warehouse))


def words_of(answer):
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


@pytest.fixture
def full(showcase_warehouse):
    return open_pages(showcase_warehouse)


@pytest.fixture
def empty(warehouse):
    return open_pages(warehouse)


def test_what_differs_comes_first_with_what_may_explain_it(full):
    page = words_of(full.get("/reconciliation"))
    subscriptions = page[page.index('id="subscriptions"') : page.index('id="days"')]
    order = [subscriptions.index(f"<strong>{name}</strong>") for name in ("payments", "risk", "clickstream", "orders")]
    assert order == sorted(order)
    assert "19 of 744 hours differ: 18 not charged there, 1 at the hour&#39;s peak." in subscriptions
    assert "<strong>The hour may not have been reported, or too late.</strong>" in subscriptions


def test_the_ladder_has_each_step_with_how_complete_it_is(full):
    page = words_of(full.get("/reconciliation?period=2026-10"))
    ladder = page[page.index("From usage to payout") : page.index('id="findings"')]
    for said in (
        "lost (missed or refused).",
        "in doubt.",
        "Our bills: 5, with licences, fees, discounts and minimums",
        "held: 1",
        "Marketplace instances charged: 4, of buyers: 3",
        "No settlement export of this period was imported.",
    ):
        assert said in ladder
    assert "Subscriptions: 4; the newest was imported" in words_of(full.get("/reconciliation?period=2026-09"))


def test_the_ladder_adds_up_what_bills_and_the_ledger_have(showcase_warehouse):
    with showcase_warehouse.connect() as connection:
        [ladder] = money_ladder.find_ladders(connection, "2026-10")
    of_usage = "SELECT sum(amount) FROM billing.bill_lines AS l INNER JOIN billing.bills AS b USING (bill_key)"
    [(rated,)] = rows(showcase_warehouse, f"{of_usage} WHERE b.period = '2026-10' AND l.kind = 'usage'")
    part = ladder.agreement
    assert ladder.bills.rated == rated
    assert part.licensed + part.taken + part.lost + part.unknown + part.waiting + part.unreported == rated
    assert (part.lost, part.unknown) > (Decimal(0), Decimal(0))


def test_bills_that_are_not_added_up_yet_say_who_does_it(empty, warehouse):
    with warehouse.begin() as connection:
        make_bill(connection, make_subscription(connection, make_buyer(connection)), "2026-10", "12.00")
    assert "Not added up yet: metering_push does it every five minutes." in empty.get("/reconciliation").text
    add_up(warehouse, NOW)
    assert "12.00 is in no record." in words_of(empty.get("/reconciliation"))


def test_findings_have_owner_age_amount_and_the_form_that_clears_them(full, showcase_warehouse):
    page = words_of(full.get("/reconciliation/findings"))
    [(key,)] = rows(showcase_warehouse, "SELECT finding_key FROM reconciliation.findings WHERE kind = 'differs'")
    assert "−412.60" in page
    assert '<td data-label="Owner">billing</td>' in page
    assert f"/start/difference_explanation?findings={key}" in page
    assert "/start/bill_correction?subscription=sub-02-risk" in page
    assert "Nothing. A difference" in words_of(full.get("/reconciliation/findings?search=nothing-such"))


def test_days_are_of_all_subscriptions_or_of_one(full):
    everyone = words_of(full.get("/reconciliation?period=2026-10"))
    assert "2026-10-14" in everyone[everyone.index('id="days"') :]
    assert "3 not charged there, 1 at the hour&#39;s peak" in everyone
    orders = words_of(full.get("/reconciliation?period=2026-10&subscription=sub-01-orders"))
    assert "No hour that was compared differs." in orders


def test_what_could_not_be_fetched_is_named_beside_what_is_final(full):
    page = words_of(full.get("/reconciliation?period=2026-10"))
    assert "final</span>" in page
    assert "Buyer 1100000000000003, its hours: bssapi:QuerySettleBill is refused." in page


def test_a_bill_that_was_not_compared_says_so(warehouse, empty):
    with warehouse.begin() as connection:
        make_bill(connection, make_subscription(connection, make_buyer(connection)), "2026-10", "12.00", state="draft")
    page = words_of(empty.get("/reconciliation"))
    assert "Nothing of it was compared yet." in page
    assert "Not compared yet" in page
    assert "drafts, which may change: 1" in page
    assert "No charge was fetched." in page


def test_without_data_pages_say_what_appears_and_when(empty):
    assert "the DAG <code>reconciliation</code> fetches" in words_of(empty.get("/reconciliation"))
    assert "Nothing. A difference" in words_of(empty.get("/reconciliation/findings"))
    assert "The DAG <code>metering_push</code> enters a record here" in words_of(empty.get("/reconciliation/ledger"))


def test_a_period_that_is_no_month_is_one_sentence(full):
    for path in ("/reconciliation?period=October", "/reconciliation/ledger?period=2026-13"):
        answer = full.get(path)
        assert answer.status_code == 422
        assert "must be" in answer.text or "is not" in answer.text


@pytest.mark.parametrize(
    "search", ["sub-01-orders", "order-01-orders", "mp-01-orders", "si-01-orders", "env-01-orders", "1100000000000001"]
)
def test_the_ledger_is_searched_by_any_id_of_a_subscription(full, search):
    page = words_of(full.get(f"/reconciliation/ledger?search={search}&outcome=unknown"))
    assert page.count('data-label="Record"') == 1
    assert "The marketplace did not answer, or its answer was lost." in page


def test_the_ledger_is_searched_by_a_request_and_by_a_record(full, showcase_warehouse):
    query = "SELECT record_key FROM marketplace.push_records WHERE outcome = 'refused'"
    [(key,)] = rows(showcase_warehouse, query)
    for search in (key, f"REQ-{key}"):
        page = words_of(full.get(f"/reconciliation/ledger?search={search}"))
        assert page.count('data-label="Record"') == 1
        assert "The marketplace refused it. (InvalidInstanceId)" in page
    assert "No record matches" in words_of(full.get("/reconciliation/ledger?search=REQ-nothing"))


def test_the_ledger_counts_outcomes_and_pages_them(full):
    page = words_of(full.get("/reconciliation/ledger?period=2026-10&page=2"))
    assert "101–200 of" in page
    assert "Missed <strong>1</strong>" in page
    assert "on the Marketplace after about" in page
    assert "Not compared yet" not in page, "an unknown record is not a verdict"


def test_the_ledger_says_where_it_stops_counting(full, monkeypatch):
    monkeypatch.setattr(ledger, "COUNTED", 100)
    page = words_of(full.get("/reconciliation/ledger?period=2026-10"))
    assert "<strong>100+</strong>" in page
    assert re.search(r"1–100 of \d+\+", page)


def test_a_record_has_the_raw_evidence_of_each_attempt(full, showcase_warehouse):
    [(key,)] = rows(showcase_warehouse, "SELECT record_key FROM marketplace.push_records WHERE outcome = 'unknown'")
    page = words_of(full.get(f"/reconciliation/ledger/{key}"))
    for said in (
        "Action=PushMeteringData&amp;Metering=%5B%7B",
        "&#34;failure&#34;: &#34;The marketplace did not answer within 10 s.&#34;",
        f"/start/metering_push_decision?records={key}&amp;decision=mark_accepted",
        "it is not known whether the marketplace has it. It is worth",
        "after about",
    ):
        assert said in page
    for path in ("0", "x", "99999999999999999999"):
        assert full.get(f"/reconciliation/ledger/{path}").status_code == 422
    assert "There is no record 987654321." in full.get("/reconciliation/ledger/987654321").text


def test_a_record_of_each_outcome_says_what_is_to_be_done(warehouse, empty):
    with warehouse.begin() as connection:
        fill_work_queue(connection, NOW)
    for (key,) in rows(warehouse, "SELECT record_key FROM marketplace.push_records"):
        page = words_of(empty.get(f"/reconciliation/ledger/{key}"))
        assert "when is not documented" in page or "never" in page
        assert "{" not in page


def test_what_others_wrote_is_shown_as_text(warehouse, empty):
    window = BillingPeriod("2026-10", ZONE).window
    with warehouse.begin() as connection:
        fill_work_queue(connection, window.start + timedelta(days=3))
        connection.execute(
            text("UPDATE core.subscriptions SET environment_name = '<img src=x>' WHERE environment_name = 'orders'")
        )
        [key] = connection.execute(text("SELECT min(record_key) FROM marketplace.push_records")).one()
        attempt = insert(
            connection,
            "marketplace.push_attempts",
            "attempt_key",
            channel="aws",
            product_code="code",
            begun_at=window.start,
            request="<img src=x>",
            ended_at=window.start,
            result="unknown",
            answer={"Message": "<img src=x>"},
            request_id="<img src=x>",
        )
        connection.execute(
            text("""
            INSERT INTO marketplace.push_attempt_records (attempt_key, record_key, hour_start)
            SELECT :attempt, record_key, hour_start FROM marketplace.push_records WHERE record_key = :key
            """),
            {"attempt": attempt, "key": key},
        )
    for path in ("", "/ledger", "/ledger?search=<img src=x>", f"/ledger/{key}", "/findings?search=<img src=x>"):
        page = words_of(empty.get(f"/reconciliation{path}"))
        assert "<img" not in page
        assert "&lt;img" in page
