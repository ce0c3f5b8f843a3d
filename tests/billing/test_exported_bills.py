"""A month that the real rating billed, as files: what stands in them is what the bills say."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.billing.close import close_period
from include.billing.plans import publish_price_plans
from include.catalog.loader import load_product
from include.domain.money import Decimal
from include.reporting.document_data import page_of, read_document
from include.reporting.document_words import words
from include.reporting.documents import draw_document
from include.reporting.exports import export_period
from include.reporting.focus import Charge, row_of
from include.warehouse.engine import statement
from tests.billing.conftest import DUE, OCTOBER, price_plan, version
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
    components=[{"name": "Platform fee", "fee": "30.00"}],
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
        rows = connection.execute(statement("reporting/focus_list_charges"), {"period": OCTOBER.name}).mappings()
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
