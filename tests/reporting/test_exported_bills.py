"""A month that the real rating billed, as files: they contain what the bills say."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.corrections.correct import correct_bill
from include.billing.corrections.requests import read_correction
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import load_product
from include.domain.money import Decimal
from include.domain.onboarding import OnboardingRequest
from include.onboarding.subscriptions import admit
from include.reporting.document_data import page_of, read_document
from include.reporting.document_words import words
from include.reporting.documents import draw_document, print_document
from include.reporting.exports import export_period
from include.reporting.focus import Charge, row_of, write_focus
from include.reporting.line_files import write_lines
from include.warehouse.engine import statement
from tests.support.billing.october import DUE, OCTOBER, price_plan, version
from tests.support.builders import insert

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

TIERED = version(
    model="graduated",
    charge_every="period",
    tiers=[
        {"up_to": "100", "unit_price": "1.20", "flat_fee": "5.00"},
        {"up_to": None, "unit_price": "0.90", "flat_fee": "2.00"},
    ],
    included="10",
    discount_percent="10",
    minimum_charge="500.00",
    tax_rate="0.06",
    fees=[{"name": "Platform fee", "amount": "30.00"}],
)
LICENSED = version(
    price="0",
    licence={"price_per_aku_month": "620.00", "overage_price": "1.50"},
    tax_rate="0.06",
    tax_inclusive=True,
)


def test_a_month_of_every_kind_is_printed_and_adds_up_in_every_file(
    warehouse: Engine, subscribe: Callable[..., int], tmp_path: Path
) -> None:
    publish_price_plans(warehouse, [price_plan(TIERED), price_plan(LICENSED, name="automq-byoc-prepaid")])
    subscribe(usage=(36_000,) * 30)
    key = subscribe("telemetry", usage=(90_001,) * 50, payment="prepaid", price_plan="automq-byoc-prepaid")
    with warehouse.begin() as connection:
        insert(
            connection,
            "core.licences",
            subscription_key=key,
            term_start=OCTOBER.window.start,
            term_end=OCTOBER.window.end,
            term_months=1,
            capacity_aku=20,
            price=Decimal("12400.00"),
            currency="CNY",
            auto_renew=False,
        )
    assert close_period(warehouse, OCTOBER, DUE).held == []
    for form in ("pdf", "csv", "focus"):
        assert list(export_period(warehouse, OCTOBER.name, tmp_path, DUE + timedelta(days=1), form=form))
    seller, billed, borne = (
        load_product().model_copy(update={"collected_by": "seller"}),
        defaultdict(Decimal),
        Decimal(0),
    )
    with warehouse.connect() as connection:
        totals = dict(connection.execute(text("SELECT bill_id, total FROM billing.bills")).all())
        documents = {bill_id: read_document(connection, bill_id) for bill_id in totals}
        rows = connection.execute(
            statement("reporting/exports/list_focus_charges"), {"period": OCTOBER.name}
        ).mappings()
        kinds = set()
        for charge in (Charge(**row) for row in rows):
            row = row_of(charge, seller)
            billed[charge.bill_id] += row["BilledCost"]
            borne += row["EffectiveCost"]
            kinds.add(charge.kind)
    assert billed == totals
    assert borne == sum(totals.values()), "the licence's only term is this month, so all of it is borne here"
    assert kinds == {"usage", "included", "flat_fee", "fee", "discount", "minimum", "tax"} | {
        *("licence", "covered", "overage", "unused")
    }
    for bill_id, document in documents.items():
        for language in ("en", "zh"):
            assert page_of(document, seller, words(language))["total"] == f"CNY {totals[bill_id]:,.2f}"
            assert len(draw_document(document, language)) == 1


def test_an_issued_document_prints_what_it_printed_whatever_its_parties_are_called_since(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    """A second subscription of the buyer has a contact of its own; contact, instance and department change later."""
    publish_price_plans(warehouse, [price_plan()])
    subscribe(usage=(36_000,) * 30)
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET contact = 'first@buyer.example'"))
    close_period(warehouse, OCTOBER, DUE)
    refund = read_correction(
        subscription="sub-01-orders", bill="2026-10-sub-01-orders", cause="refund", delivery="note",
        reason="A goodwill refund of one.", by="ann", origin="x", refund_amount="1.00", refund_line=1,
    )  # fmt: skip
    correct_bill(warehouse, refund, DUE + timedelta(days=1))

    def files() -> list[bytes | str]:
        with warehouse.connect() as connection:
            documents = [
                read_document(connection, bill_id)
                for bill_id in ("2026-10-sub-01-orders", "CN-2026-10-sub-01-orders-1")
            ]
            texts = [str(write_lines(connection, period="2026-10")), str(write_focus(connection, "2026-10"))]
        assert documents[0].header.contact == "first@buyer.example"
        return [*texts, *(print_document(document, language) for document in documents for language in ("en", "zh"))]

    as_issued = files()
    form = {
        "account_id": "1100000000000001",
        "site": "china",
        "region": "cn-hangzhou",
        "environment_name": "second",
        "network": "vpc-second",
        "contact": "second@buyer.example",
    }
    admit(warehouse, load_product(), OnboardingRequest.from_form(form), DUE)
    with warehouse.begin() as connection:
        query = text("SELECT contact FROM core.subscriptions ORDER BY subscription_key")
        assert list(connection.scalars(query)) == ["first@buyer.example", "second@buyer.example"]
        connection.execute(text("UPDATE core.subscriptions SET contact = 'new@buyer.example'"))
        connection.execute(text("UPDATE metering.instances SET name = 'renamed'"))
        connection.execute(
            text("""
            UPDATE core.subscriptions SET department = 'Renamed', environment_name = 'renamed', order_id = NULL
            WHERE subscription_id = 'sub-01-orders'
            """)
        )
    assert files() == as_issued
