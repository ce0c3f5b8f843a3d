"""What is missing, rejected or strange: each row says what happened, whose it is, and what to do next."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from include.domain.words.metering import CONSOLES, GAP
from include.reporting.pages.app import create_pages
from tests.support.builders import environment_of, insert, make_bill, make_buyer, make_subscription
from tests.support.showcase import NOW

KINDS = ("gaps", "rejections", "imports", "machines", "alarms", "consoles")


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


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("gaps", "Usage of all instances is not known for 2 h: the console does not answer in time."),
        ("rejections&closed=true", "Row 17: aku_seconds is &#39;-3600&#39;: it must not be negative."),
        ("imports", "history-telemetry.csv"),
        ("machines", "3 machines of environment env-02-payments in ap-southeast-1"),
        ("alarms", "Environment env-01-clickstream has not answered since"),
        ("consoles", "The console does not answer in time. Check its load, and the network to it."),
    ],
)
def test_each_row_says_what_happened_and_what_to_do(full, kind, said):
    assert said in words_of(full.get(f"/data-quality?show={kind}"))


def test_each_kind_is_counted_at_the_top(full):
    page = words_of(full.get("/data-quality"))
    for name, count in (("Gaps", 3), ("Machines", 1), ("Alarms", 1), ("Silent consoles", 1)):
        assert f'{name} <strong class="warn">{count}</strong>' in page


@pytest.mark.parametrize("kind", KINDS)
def test_without_data_a_kind_says_what_appears_and_when(empty, kind):
    page = words_of(empty.get(f"/data-quality?show={kind}"))
    assert '<section class="empty">' in page
    assert '<strong class="">0</strong>' in page
    assert "Nothing matches" in words_of(empty.get(f"/data-quality?show={kind}&search=nothing-such"))


def test_a_gap_that_holds_a_bill_is_billings_and_leads_to_it(warehouse, empty):
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        make_bill(connection, key, "2026-10", "12.00", state="held")
        gap = insert(
            connection,
            "metering.gaps",
            "gap_key",
            environment_key=environment_of(connection, key),
            gap_start="2026-10-03T04:00:00Z",
            gap_end="2026-10-03T05:30:00Z",
            cause="not_asked",
            opened_at=NOW,
        )
    page = words_of(empty.get("/data-quality"))
    assert "is not known for 1 h 30 min: the console was not polled; look at the runs of aku_readings." in page
    assert "Bill 2026-10-sub-01-orders waits for it." in page
    assert "owner billing" in page
    assert 'href="/bills/2026-10-sub-01-orders"' in page
    assert f"/start/gap_waiver?gaps={gap}" in page
    with warehouse.begin() as connection:
        connection.execute(
            text("""
            UPDATE metering.gaps SET state = 'waived', closed_at = opened_at, closed_by = 'dana',
                closed_reason = 'Agreed <b>by mail</b>'
            """)
        )
    assert "No gap is open." in words_of(empty.get("/data-quality"))
    closed = words_of(empty.get("/data-quality?closed=true"))
    assert "The estimate is kept." in closed
    assert "Agreed &lt;b&gt;by mail&lt;/b&gt;" in closed


def test_machines_that_could_not_be_listed_are_named(warehouse, empty):
    with warehouse.begin() as connection:
        make_buyer(connection)
        insert(
            connection,
            "operations.machine_listings",
            account_id="1100000000000001",
            region="cn-hangzhou",
            attempted_at=NOW,
            failure="<i>Access</i> is missing.",
        )
    page = words_of(empty.get("/data-quality?show=machines"))
    assert "Buyer 1100000000000001, cn-hangzhou: &lt;i&gt;Access&lt;/i&gt; is missing." in page


def test_more_gaps_than_a_page_holds_are_paged(warehouse, empty):
    with warehouse.begin() as connection:
        environment = environment_of(connection, make_subscription(connection, make_buyer(connection)))
        connection.execute(
            text("""
            INSERT INTO metering.gaps (environment_key, gap_start, gap_end, cause, opened_at)
            SELECT :environment, at, at + interval '5 minutes', 'timeout', at
            FROM generate_series(timestamptz '2026-10-01T00:00Z', '2026-10-05T06:00Z', '1 hour') AS at
            """),
            {"environment": environment},
        )
    assert "1–100 of 103" in words_of(empty.get("/data-quality"))
    assert "101–103 of 103" in words_of(empty.get("/data-quality?page=2"))


@pytest.mark.parametrize("query", ["show=nothing", "page=0", "closed=perhaps"])
def test_a_wrong_value_is_named(full, query):
    answer = full.get(f"/data-quality?{query}")
    assert answer.status_code == 422
    assert f"wrong value for: {query.split('=')[0]}." in answer.text


def test_every_cause_of_a_failed_poll_has_words():
    causes = {"unreachable", "timeout", "refused", "throttled", "broken", "misconfigured"}
    others = {"not_asked", "no_answer_yet", "changed_in_silence", "changed_before_first_poll"}
    assert set(CONSOLES) == causes
    assert set(GAP.phrases["cause"]) == causes | others | {"inconsistent_times", "rejected_reading"}
