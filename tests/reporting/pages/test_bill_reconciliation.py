"""What remains of a bill after its corrections is compared with the Marketplace's amount after its refunds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.domain.money import Decimal
from include.reconciliation.compare import reconcile_period
from include.reporting.pages.app import create_pages
from tests.support.billing.corrections import REFUND, correct
from tests.support.billing.october import BILL, DUE, OCTOBER
from tests.support.builders import insert

COMPARED = DUE + timedelta(days=5)


@pytest.mark.parametrize(
    ("refunded", "corrected", "badge", "sentence"),
    [
        (None, True, "differs", "charges 1.00 CNY more than what remains of the bill"),
        ("-1.00", True, "agrees", "What remains of the bill is what the Marketplace charges"),
        ("-1.00", False, "refund", "The Marketplace gave back 1.00 CNY, which no correction of the bill does"),
    ],
)
def test_what_remains_is_compared_beside_what_was_issued(prices, subscribe, *, refunded, corrected, badge, sentence):
    subscribe(usage=(3600,) * 10)
    close_period(prices, OCTOBER, DUE)
    with prices.begin() as connection:
        marketplace_instance, account = connection.execute(
            text("SELECT marketplace_instance_id, account_id FROM core.subscriptions")
        ).one()
        insert(
            connection,
            "reconciliation.marketplace_fetches",
            billing_cycle="2026-10",
            account_id=account,
            attempted_at=COMPARED,
            fetched_at=COMPARED,
        )
        for item, amount in (("PayAsYouGoBill", "12.00"), ("Refund", refunded)):
            if amount:
                insert(
                    connection,
                    "reconciliation.marketplace_charges",
                    billing_cycle="2026-10",
                    marketplace_instance_id=marketplace_instance,
                    item=item,
                    currency="CNY",
                    account_id=account,
                    gross_amount=Decimal(amount),
                    amount=Decimal(amount),
                    fetched_at=COMPARED,
                )
    reconcile_period(prices, "2026-10", COMPARED)
    if corrected:
        correct(prices, COMPARED, **REFUND)
    page = TestClient(create_pages(current_user=lambda: "ada", warehouse=lambda: prices)).get(f"/bills/{BILL}").text
    now = page.partition("What remains since")[2]
    assert f'<span class="badge {badge}">' in now
    assert sentence in now
