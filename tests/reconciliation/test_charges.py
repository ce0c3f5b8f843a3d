from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from include.domain.errors import ConfigurationError, InvalidInputError, RefusedError
from include.domain.money import Decimal
from include.reconciliation.charges import fetch_charges
from tests.support.builders import make_buyer, make_subscription
from tests.support.paper_bills import BillsOnPaper, Charge

AT = datetime(2026, 11, 3, 5, tzinfo=UTC)
FIRST, SECOND = "1100000000000001", "1100000000000002"


@pytest.fixture
def buyers(warehouse):
    with warehouse.begin() as connection:
        for account_id in (FIRST, SECOND):
            make_subscription(connection, make_buyer(connection, account_id))
    return warehouse


def stored(warehouse):
    columns = "account_id, marketplace_instance_id, item, amount"
    query = f"SELECT {columns} FROM reconciliation.marketplace_charges ORDER BY 1, 2, 3"
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def fetches(warehouse):
    query = "SELECT account_id, failure, fetched_at, attempted_at FROM reconciliation.marketplace_fetches ORDER BY 1"
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_charges_of_a_kind_are_summed_per_instance(buyers):
    bills = {
        FIRST: BillsOnPaper([Charge("mp-1", "0.10"), Charge("mp-1", "0.20"), Charge("mp-1", "-0.05", "Refund")]),
        SECOND: BillsOnPaper([Charge("mp-2", "620.00", "SubscriptionOrder")]),
    }
    done = fetch_charges(buyers, "2026-10", AT, bills.__getitem__)
    assert (done.buyers, done.charges, done.failures) == (2, 3, {})
    assert stored(buyers) == [
        (FIRST, "mp-1", "PayAsYouGoBill", Decimal("0.30")),
        (FIRST, "mp-1", "Refund", Decimal("-0.05")),
        (SECOND, "mp-2", "SubscriptionOrder", Decimal("620.00")),
    ]


def test_fetching_again_replaces_exactly_the_buyers_cycle(buyers):
    bills = {FIRST: BillsOnPaper([Charge("mp-1", "1"), Charge("mp-9", "9")]), SECOND: BillsOnPaper([])}
    fetch_charges(buyers, "2026-09", AT, bills.__getitem__)
    fetch_charges(buyers, "2026-10", AT, bills.__getitem__)
    bills[FIRST] = BillsOnPaper([Charge("mp-1", "2")])
    fetch_charges(buyers, "2026-10", AT, bills.__getitem__)
    fetch_charges(buyers, "2026-10", AT, bills.__getitem__)
    with buyers.connect() as connection:
        columns = "billing_cycle, marketplace_instance_id, amount"
        query = f"SELECT {columns} FROM reconciliation.marketplace_charges ORDER BY 1, 2"
        rows = [tuple(row) for row in connection.execute(text(query))]
    assert rows == [("2026-09", "mp-1", 1), ("2026-09", "mp-9", 9), ("2026-10", "mp-1", 2)]


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("The Airflow connection alibaba_buyer_1100000000000001 is missing. Add it."),
        RefusedError("BSS DescribeInstanceBill", "NoPermission", "not allowed", "Ask for bssapi:DescribeInstanceBill."),
    ],
)
def test_a_buyer_that_cannot_be_asked_is_written_down_and_the_others_go_on(buyers, error):
    def bills_of(account_id):
        if account_id == FIRST:
            raise error
        return BillsOnPaper([Charge("mp-2", "2")])

    done = fetch_charges(buyers, "2026-10", AT, bills_of)
    assert done.failures == {FIRST: str(error)}
    assert stored(buyers) == [(SECOND, "mp-2", "PayAsYouGoBill", 2)]
    assert fetches(buyers) == [(FIRST, str(error), None, AT), (SECOND, None, AT, AT)]


def test_a_bill_that_broke_off_in_the_middle_changes_nothing(buyers):
    class BrokenBills(BillsOnPaper):
        def instance_bill(self, billing_cycle, *, product_code=None):
            yield from super().instance_bill(billing_cycle, product_code=product_code)
            raise RefusedError("BSS", "InvalidNextToken", "page 2 is gone", "Run it again.")

    whole = BillsOnPaper([Charge("mp-1", "1")])
    fetch_charges(buyers, "2026-10", AT, lambda account_id: whole if account_id == FIRST else BillsOnPaper([]))
    later = AT + timedelta(days=1)
    fetch_charges(buyers, "2026-10", later, lambda _account_id: BrokenBills([Charge("mp-1", "5")]))
    assert stored(buyers) == [(FIRST, "mp-1", "PayAsYouGoBill", 1)]
    assert [(tried, fetched) for _, _, fetched, tried in fetches(buyers)] == [(later, AT), (later, AT)]


def test_a_buyer_without_a_marketplace_instance_is_not_asked(warehouse):
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection), state="failed", marketplace_instance_id=None)
    assert fetch_charges(warehouse, "2026-10", AT, dict[str, BillsOnPaper]().__getitem__).buyers == 0


def test_a_cycle_that_is_not_a_month_is_refused(warehouse):
    with pytest.raises(InvalidInputError, match="Billing period"):
        fetch_charges(warehouse, "October", AT, dict[str, BillsOnPaper]().__getitem__)
