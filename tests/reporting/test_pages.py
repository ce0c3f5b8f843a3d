from __future__ import annotations

import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.routing import Mount

from include.domain.errors import ConfigurationError
from include.domain.money import Decimal
from include.reporting.pages import create_pages
from include.warehouse.engine import open_warehouse
from tests.reporting.conftest import NOW
from tests.support.builders import insert, make_bill, make_buyer, make_subscription

PATHS = ["/", "/bills/2026-10-sub-01-orders", "/environments", "/static/pages.css", "/static/theme.js"]


def client_of(pages, prefix=""):
    """The pages as Airflow holds them: mounted in an app of its own."""
    return TestClient(Starlette(routes=[Mount(prefix or "/", pages)]), raise_server_exceptions=False)


@pytest.fixture
def empty(warehouse):
    return client_of(create_pages(current_user=lambda: "someone", warehouse=lambda: warehouse))


@pytest.fixture
def full(showcase_warehouse):
    return client_of(create_pages(current_user=lambda: "someone", warehouse=lambda: showcase_warehouse), "/billing")


@pytest.mark.parametrize("path", PATHS)
def test_without_a_login_nothing_is_shown(path):
    def anonymous():
        raise HTTPException(401, "Not authenticated")

    def never():
        raise AssertionError("The warehouse was opened without a user.")

    answer = client_of(create_pages(current_user=anonymous, warehouse=never)).get(path)
    assert answer.status_code == 401
    assert "Log in to Airflow" in answer.text


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_api_is_not_described_to_strangers(empty, path):
    assert empty.get(path).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_forbids_what_it_does_not_need(full, path):
    answer = full.get(f"/billing{path}")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PATHS[:3])
def test_pages_load_nothing_from_elsewhere_and_have_no_inline_code(full, path):
    page = full.get(f"/billing{path}").text
    for forbidden in ("http://", "https://", "style=", "onclick", "<style", "javascript:"):
        assert forbidden not in page
    assert page.count("<script") == 1


def test_an_empty_warehouse_says_what_to_do_next(empty):
    assert "trigger the DAG <code>subscription_onboarding</code>" in empty.get("/").text
    assert "<code>subscription_onboarding</code>" in empty.get("/environments").text


def test_links_keep_the_prefix_that_the_pages_are_mounted_at(full):
    page = full.get("/billing/").text
    assert 'href="/billing/bills/2026-10-sub-01-orders"' in page
    assert 'href="/billing/static/pages.css"' in page


def test_the_newest_period_is_shown_unless_another_is_asked_for(full):
    assert "2026-10-sub-01-orders" in full.get("/billing/").text
    assert "2026-09-sub-01-orders" not in full.get("/billing/").text
    everything = full.get("/billing/?period=all").text
    assert "2026-09-sub-01-orders" in everything
    assert "2026-10-sub-01-orders" in everything
    assert "No bill matches" in full.get("/billing/?search=nothing").text


def test_a_bill_shows_amount_rounding_verdict_findings_and_fingerprint(full):
    page = full.get("/billing/bills/2026-10-sub-02-risk").text
    for part in ("5\u202f620.19", "\u22120.", "which rounding of", "Why it is held", "Asia/Shanghai (UTC+08:00)"):
        assert part in page


def test_a_console_that_failed_in_several_runs_says_since_when(empty, warehouse):
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection), "orders")
        connection.execute(
            text("""
            INSERT INTO metering.failing_consoles (environment_key, failed_runs, failing_since, last_failed_at, cause)
            SELECT environment_key, 6, '2026-10-01T04:00:00Z', '2026-10-01T04:25:00Z', 'timeout' FROM core.environments
            """)
        )
    page = " ".join(empty.get("/environments").text.split())
    assert "6 failed in a row since 1 Oct 2026, 12:00" in page


def test_a_missing_bill_is_named_and_escaped(full):
    answer = full.get("/billing/bills/%3Cscript%3Ealert(1)%3C%2Fscript%3E".replace("%2F", ""))
    assert answer.status_code == 404
    assert "There is no bill &lt;script&gt;" in answer.text
    assert "<script>alert" not in answer.text
    assert "There is no page /billing/nothing." in full.get("/billing/nothing").text


def test_everything_that_people_entered_is_escaped(warehouse, empty):
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), "x", department="<img src=x onerror=alert(1)>")
        make_bill(connection, key, "2026-10", "1.00")
    for path in ("/", "/environments", "/bills/2026-10-sub-01-x", "/?search=<img src=x>"):
        page = empty.get(path).text
        assert "<img" not in page
        assert "&lt;img" in page


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=10001", f"search={'x' * 201}"])
def test_an_address_with_a_wrong_value_is_answered_with_its_name(full, query):
    answer = full.get(f"/billing/?{query}")
    assert answer.status_code == 422
    assert f"wrong value for: {query.split('=')[0]}." in answer.text


@pytest.mark.parametrize("path", ["/billing/?search=a%00b", "/billing/bills/2026-10%00"])
def test_an_address_that_the_warehouse_cannot_hold_does_not_blame_the_warehouse(full, path):
    answer = full.get(path)
    assert answer.status_code == 422
    assert "a NUL character at place" in answer.text


def test_a_warehouse_that_does_not_answer_is_said_without_internals():
    gone = open_warehouse("postgresql://unknown:s3cret@127.0.0.1:1/nothing")
    answer = client_of(create_pages(current_user=lambda: "someone", warehouse=lambda: gone)).get("/")
    assert answer.status_code == 503
    assert "Check the Airflow connection" in answer.text
    for internal in ("s3cret", "psycopg", "Traceback", "127.0.0.1"):
        assert internal not in answer.text


def test_a_missing_connection_is_said_with_its_remedy_and_fixed_without_a_restart(warehouse):
    answers = [ConfigurationError("The Airflow connection warehouse is missing. Add it."), warehouse]

    def open_once_it_is_there():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = client_of(create_pages(current_user=lambda: "someone", warehouse=open_once_it_is_there))
    first, second = client.get("/"), client.get("/")
    assert (first.status_code, second.status_code) == (503, 200)
    assert "The Airflow connection warehouse is missing. Add it." in first.text


def test_a_mistake_of_ours_shows_no_internals(warehouse):
    def broken():
        raise KeyError("s3cret")

    answer = client_of(create_pages(current_user=lambda: "someone", warehouse=broken)).get("/")
    assert answer.status_code == 500
    assert "s3cret" not in answer.text
    assert "The API server" in answer.text


def test_pages_cannot_write(warehouse):
    with (
        warehouse.execution_options(postgresql_readonly=True).connect() as connection,
        pytest.raises(Exception, match="read-only transaction"),
    ):
        connection.execute(text("DELETE FROM core.buyers"))


def test_more_bills_than_a_page_holds_are_paged(warehouse, empty):
    with warehouse.begin() as connection:
        buyer = make_buyer(connection)
        for n in range(103):
            make_bill(connection, make_subscription(connection, buyer, f"env-{n:03}"), "2026-10", f"{200 - n}.00")
    first, second = empty.get("/").text, empty.get("/?page=2").text
    assert "1–100 of 103" in first
    assert "101–103 of 103" in second
    assert 'href="?page=2"' in first
    assert "env-102" in second


@pytest.fixture
def corrected(warehouse):
    """A bill with a credit note that gives a part of its line back, and the story of both."""
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        root = make_bill(connection, key, "2026-09", "120.00")
        terms = {"document": "credit_note", "corrects_bill_key": root, "bill_id": "CN-2026-09-sub-01-orders-1"}
        note = make_bill(connection, key, "2026-09", "-12.00", state="draft", aku_seconds=0, **terms)
        connection.execute(
            text("""
            UPDATE billing.bill_lines SET corrects_bill_key = :root, corrects_document_key = :root,
                corrects_line_no = 1, reason = 'Wrong <b>price</b>'
            WHERE bill_key = :note
            """),
            {"root": root, "note": note},
        )
        taxed = {"tax_rate": Decimal("0.06"), "is_inclusive": False, "is_refund": False}
        amounts = {"base": Decimal("-12.00"), "amount": Decimal(0)}
        insert(connection, "billing.bill_taxes", bill_key=note, for_bill_key=root, **taxed, **amounts)
        for before, after, why in ((None, "draft", None), ("draft", "issued", "Approved after a call")):
            insert(
                connection,
                "billing.bill_events",
                bill_id="2026-09-sub-01-orders",
                from_state=before,
                to_state=after,
                who="dana",
                reason=why,
                at=NOW,
            )
    return client_of(create_pages(current_user=lambda: "someone", warehouse=lambda: warehouse))


def test_a_note_names_what_it_corrects_and_why(corrected):
    page = corrected.get("/bills/CN-2026-09-sub-01-orders-1").text
    assert "Credit note" in page
    assert 'href="/bills/2026-09-sub-01-orders"' in page
    assert "Corrects line 1 of" in page
    assert "Wrong &lt;b&gt;price&lt;/b&gt;" in page
    assert "Tax 6 % of −12.00" in page
    assert "Against the Marketplace" not in page


def test_a_corrected_bill_shows_its_notes_and_its_story(corrected):
    page = corrected.get("/bills/2026-09-sub-01-orders").text
    assert 'href="/bills/CN-2026-09-sub-01-orders-1"' in page
    assert "−12.00" in page
    assert "Approved after a call" in page
    assert "dana" in page


def test_a_list_counts_notes_apart_from_bills(corrected):
    page = corrected.get("/?period=2026-09").text
    assert "<dt>Bills</dt><dd>1</dd>" in page
    assert "<dt>Notes</dt><dd>1</dd>" in page
    assert "108.00" in page
