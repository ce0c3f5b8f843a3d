"""A bill says why it differs from the month before, in parts that add up."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from include.billing.bills.close import close_period
from include.billing.evidence.explain import explain_document
from include.billing.prices.plans import publish_price_plans
from include.domain.money import ZERO, Decimal
from include.reporting.bill_detail import find_bill
from include.reporting.bill_difference import find_difference, split
from include.reporting.pages.app import create_pages
from tests.support.billing.corrections import close_november
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan, version
from tests.support.builders import make_instance, make_usage

NOVEMBER_BILL = "2026-11-sub-01-orders"
_CENTS = st.integers(-10_000, 10_000).map(lambda cents: Decimal(cents) / 100)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["usage", "overage", "fee", "licence", "discount", "maximum", "correction"]),
                "amount": _CENTS,
                "amount_before": _CENTS,
                "aku_seconds": st.integers(0, 10**7),
                "aku_seconds_before": st.integers(0, 10**7),
            }
        )
    ),
    _CENTS,
)
def test_the_parts_always_add_up_to_the_difference(charges: list[dict[str, Any]], tax: Decimal) -> None:
    whole = sum((row["amount"] - row["amount_before"] for row in charges), tax)
    assert sum((part.amount for part in split(charges, tax)), ZERO) == whole


def test_a_new_instance_a_new_price_and_a_new_fee_each_have_their_part(warehouse, subscribe):
    fees = {"fees": [{"name": "Platform", "amount": "10.00"}]}
    publish_price_plans(warehouse, [price_plan(version(), version("2026-11-01T00:00:00+08:00", "1.50", **fees))])
    key = subscribe(usage=(36_000,) * 10)
    close_period(warehouse, OCTOBER, DUE)
    start = OCTOBER.next.window.start
    with warehouse.begin() as connection:
        make_usage(connection, make_instance(connection, key, "kf-new", name="analytics"), start, (36_000,) * 20)
    close_november(warehouse)
    with warehouse.connect() as connection:
        bill = find_bill(connection, NOVEMBER_BILL)
        found = find_difference(connection, bill.bill)
        first = find_bill(connection, BILL)
        assert find_difference(connection, first.bill).refusal == "There is no bill of 2026-09 to compare with."
    assert [(part.kind, part.amount) for part in found.parts] == [
        ("usage", Decimal("120.00")),
        ("price", Decimal("60.00")),
        ("fee", Decimal("10.00")),
    ]
    assert found.amount == bill.bill.total - first.bill.total
    assert {row["name"]: (row["hours_before"], row["hours"]) for row in found.instances} == {
        "kf-orders": (10, 0),
        "analytics": (0, 20),
    }
    client = TestClient(create_pages(current_user=lambda: "ada", warehouse=lambda: warehouse, explain=explain_document))
    page = client.get(f"/bills/{NOVEMBER_BILL}").text
    assert "An AKU-hour cost 1.50 on average, after 1.20" in page
    assert "100 AKU-hours more were charged, at the earlier average price of 1.20." in page
