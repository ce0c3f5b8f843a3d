from __future__ import annotations

from typing import Any

import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.routing import Mount

from include.domain.errors import ConfigurationError
from include.domain.money import Decimal
from include.reporting.pages.app import create_pages
from include.warehouse.engine import open_warehouse
from tests.support.builders import insert, make_bill, make_buyer, make_subscription
from tests.support.showcase import NOW

PAGES = [
    *("/", "/bills", "/bills/2026-10-sub-01-orders", "/subscriptions", "/reconciliation", "/reconciliation/findings"),
    *("/reconciliation/ledger", "/reconciliation/ledger/1", "/data-quality"),
]
PATHS = [*PAGES, "/static/pages.css", "/static/frame.js"]


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


def test_a_page_is_shown_to_users_who_may_read_its_view(warehouse):
    def may_read(user: str, view: str) -> bool:
        return (user, view) == ("mei", "Bills")

    pages = client_of(create_pages(current_user=lambda: "mei", warehouse=lambda: warehouse, may_read=may_read))
    assert pages.get("/bills").status_code == 200
    assert pages.get("/static/pages.css").status_code == 200
    refused = pages.get("/subscriptions")
    assert refused.status_code == 403
    assert "You may not read the view Subscriptions. Ask an administrator of Airflow" in refused.text
    pages = client_of(create_pages(current_user=lambda: "li", warehouse=lambda: warehouse, may_read=may_read))
    assert {pages.get(path).status_code for path in ("/", "/bills/2026-10-sub-01-orders", "/subscriptions")} == {403}


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


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_nothing_from_elsewhere_and_have_no_inline_code(full, path):
    page = full.get(f"/billing{path}").text
    for forbidden in ("http://", "https://", "style=", "onclick", "<style", "javascript:"):
        assert forbidden not in page
    assert page.count("<script") == page.count('<script src="/billing/static/') > 0


def test_an_empty_warehouse_says_what_to_do_next(empty):
    assert "/start/subscription_onboarding" in empty.get("/bills").text
    assert "/start/subscription_onboarding" in empty.get("/subscriptions").text


def test_links_keep_the_prefix_that_the_pages_are_mounted_at(full):
    page = full.get("/billing/bills").text
    assert 'href="/billing/bills/2026-10-sub-01-orders"' in page
    assert 'href="/billing/static/pages.css"' in page


def test_the_newest_period_is_shown_unless_another_is_asked_for(full):
    assert "2026-10-sub-01-orders" in full.get("/billing/bills").text
    assert "2026-09-sub-01-orders" not in full.get("/billing/bills").text
    everything = full.get("/billing/bills?period=all").text
    assert "2026-09-sub-01-orders" in everything
    assert "2026-10-sub-01-orders" in everything
    assert "No bill matches" in full.get("/billing/bills?search=nothing").text


def test_a_void_bill_stays_in_the_list_and_is_marked(warehouse, empty):
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        make_bill(connection, key, "2026-08", "1.00", state="void")
    page = empty.get("/bills").text
    assert '<tr class="void">' in page
    assert '<span class="badge void">Void</span>' in page
    assert "Not compared yet</span>" not in page
    assert '<option value="void"' in page


def test_a_bill_shows_amount_rounding_verdict_findings_and_fingerprint(full):
    page = full.get("/billing/bills/2026-10-sub-02-risk").text
    for part in (
        "5\u202f620.19",
        "\u22120.",
        "which rounding of",
        "Why it is held",
        "Open gaps.",
        "Asia/Shanghai (UTC+08:00)",
    ):
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
    page = " ".join(empty.get("/subscriptions").text.split())
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
    for path in ("/bills", "/subscriptions", "/bills/2026-10-sub-01-x", "/bills?search=<img src=x>"):
        page = empty.get(path).text
        assert "<img" not in page
        assert "&lt;img" in page


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=10001", f"search={'x' * 201}"])
def test_an_address_with_a_wrong_value_is_answered_with_its_name(full, query):
    answer = full.get(f"/billing/bills?{query}")
    assert answer.status_code == 422
    assert f"wrong value for: {query.split('=')[0]}." in answer.text


NUL_PATHS = [
    *(f"/billing/bills?{field}=a%00b" for field in ("search", "state", "verdict", "period", "nothing", "a%00b")),
    *("/billing/subscriptions?search=a%00b", "/billing/subscriptions?state=%00", "/billing/bills/2026-10%00"),
    "/billing/static/pages.css%00",
]


@pytest.mark.parametrize("path", NUL_PATHS)
def test_an_address_that_the_warehouse_cannot_hold_does_not_blame_the_warehouse(full, path):
    answer = full.get(path)
    assert answer.status_code == 400
    assert "a NUL character at place" in answer.text
    assert "\0" not in answer.text
    assert full.get("/billing/nothing%00").status_code == 404


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/bills/none"])
def test_a_head_is_answered_as_a_get_without_its_body(full, path):
    asked, got = full.head(f"/billing{path}"), full.get(f"/billing{path}")
    assert asked.status_code == got.status_code
    assert asked.headers["content-type"] == got.headers["content-type"]
    assert asked.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize("path", ["/subscriptions/", "/bills/2026-10-sub-01-orders/", "/subscriptions/?state=active"])
def test_a_redirect_stays_at_the_server_that_was_asked_whatever_the_host_header_says(full, path):
    answer = full.get(f"/billing{path}", headers={"Host": "evil.example"}, follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == f"/billing{path}".replace("/?", "?").removesuffix("/")
    assert full.get(f"/billing{path}").status_code == 200


def test_the_page_for_strangers_leads_to_the_login_and_back(full):
    def anonymous():
        raise HTTPException(401, "Not authenticated")

    def log_in(page):
        return f"/login?next={page}"

    pages = create_pages(current_user=anonymous, warehouse=lambda: open_warehouse("postgresql://"), log_in=log_in)
    page = client_of(pages, "/billing").get("/billing/subscriptions?state=active").text
    assert '<a href="/login?next=/billing/subscriptions?state=active" target="_top">Log in</a>' in page
    assert "evil" not in client_of(pages, "/billing").get("/billing/bills", headers={"Host": "evil.example"}).text


def test_a_warehouse_that_does_not_answer_is_said_without_internals():
    gone = open_warehouse("postgresql://unknown:s3cret@127.0.0.1:1/nothing")
    answer = client_of(create_pages(current_user=lambda: "someone", warehouse=lambda: gone)).get("/bills")
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
    first, second = client.get("/bills"), client.get("/bills")
    assert (first.status_code, second.status_code) == (503, 200)
    assert "The Airflow connection warehouse is missing. Add it." in first.text


def test_a_mistake_of_ours_shows_no_internals(warehouse):
    def broken():
        raise KeyError("s3cret")

    answer = client_of(create_pages(current_user=lambda: "someone", warehouse=broken)).get("/bills")
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
    first, second = empty.get("/bills").text, empty.get("/bills?page=2").text
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
        taxed: dict[str, Any] = {"tax_rate": Decimal("0.06"), "is_inclusive": False, "is_refund": False}
        amounts: dict[str, Any] = {"base": Decimal("-12.00"), "amount": Decimal(0)}
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


def test_a_bill_that_was_corrected_or_will_be_says_so_beside_its_state(corrected, warehouse):
    paths = ("/bills?period=2026-09", "/bills/2026-09-sub-01-orders")
    issue = text("UPDATE billing.bills SET state = 'issued', issued_at = :at WHERE document = 'credit_note'")
    assert "corrected by" not in corrected.get(paths[0]).text, "the note is a draft"
    with warehouse.begin() as connection:
        connection.execute(issue, {"at": NOW})
    for path in paths:
        page = corrected.get(path).text
        assert "corrected by −12.00" in page
        assert "a correction waits" not in page
    with warehouse.begin() as connection:
        key = connection.scalar(text("SELECT bill_key FROM billing.bills WHERE document = 'bill'"))
        insert(
            connection,
            "billing.corrections",
            correction_id="cor-1",
            bill_key=key,
            cause="late_usage",
            delivery="next_bill",
            reason="It came late.",
            requested_by="dana",
            requested_at=NOW,
        )
    for path in paths:
        assert "a correction waits" in corrected.get(path).text
    page = corrected.get(paths[1]).text
    waits = page[page.index("What waits to correct this bill") : page.index("Usage by day")]
    assert [said in waits for said in ("Late usage", "It came late.", "dana", "cor-1", "the next bill")] == [True] * 5


def test_a_list_counts_notes_apart_from_bills(corrected):
    page = corrected.get("/bills?period=2026-09").text
    assert "<dt>Bills</dt><dd>1</dd>" in page
    assert "<dt>Notes</dt><dd>1</dd>" in page
    assert "108.00" in page
