"""The FOCUS file: every kind of charge, exact sums, and the Foundation's own validator."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from include.catalog.loader import load_product
from include.domain.money import ZERO, Decimal
from include.reporting.focus import KINDS, Charge, row_of, write_focus
from include.reporting.focus_columns import MANDATORY, SCHEMA
from include.warehouse.engine import statement
from tests.support.documents import DEBIT, NEXT, NOTE, PAYG, PREPAID, WINDOW

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture
def filled(documents_warehouse: Engine) -> Engine:
    return documents_warehouse


def rows_of(warehouse: Engine, period: str) -> list[dict[str, Any]]:
    with warehouse.connect() as connection:
        return pq.read_table(io.BytesIO(write_focus(connection, period).content)).to_pylist()


def charges_of(warehouse: Engine, period: str) -> list[Charge]:
    with warehouse.connect() as connection:
        rows = connection.execute(statement("reporting/exports/list_focus_charges"), {"period": period}).mappings()
        return [Charge(**row) for row in rows]


def test_the_file_has_all_mandatory_columns_with_exact_decimals(filled: Engine) -> None:
    with filled.connect() as connection:
        made = write_focus(connection, "2026-10")
    schema = pq.read_schema(io.BytesIO(made.content))
    assert len(MANDATORY) == 21
    assert set(MANDATORY) <= set(schema.names)
    assert schema.equals(SCHEMA)
    assert not [field.name for field in schema if "float" in str(field.type) or "double" in str(field.type)]
    assert (made.document_count, made.row_count) == (2, 13)


def test_the_same_period_gives_the_same_bytes(filled: Engine) -> None:
    with filled.connect() as connection:
        assert write_focus(connection, "2026-10").content == write_focus(connection, "2026-10").content


def test_every_kind_of_line_has_its_place_in_focus(filled: Engine) -> None:
    found = {charge.kind for period in ("2026-10", "2026-11", "2026-12") for charge in charges_of(filled, period)}
    assert found == set(KINDS)


def test_nothing_is_billed_by_the_seller_where_the_marketplace_collects(filled: Engine) -> None:
    rows = rows_of(filled, "2026-10")
    assert {row["BilledCost"] for row in rows} == {ZERO}
    assert {row["InvoiceIssuerName"] for row in rows} == {"Alibaba Cloud Marketplace"}
    payg = [row for row in rows if row["InvoiceId"] == PAYG]
    assert sum(row["EffectiveCost"] for row in payg) == Decimal("434.60")
    assert sum(row["ListCost"] for row in payg if row["SkuMeter"] == "Fee") == Decimal("350.00")


def test_billed_cost_of_an_invoice_is_what_is_payable_where_the_seller_collects(filled: Engine) -> None:
    seller = load_product().model_copy(update={"collected_by": "seller"})
    billed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for period in ("2026-10", "2026-11", "2026-12"):
        for charge in charges_of(filled, period):
            row = row_of(charge, seller)
            assert row["InvoiceIssuerName"] == "AutoMQ HK Limited"
            billed[charge.bill_id] += row["BilledCost"]
    with filled.connect() as connection:
        payable = dict(connection.execute(text("SELECT bill_id, total FROM billing.bills")).all())
    assert dict(billed) == payable
    assert set(payable) == {PAYG, PREPAID, NOTE, DEBIT, NEXT}


def test_corrections_are_rows_of_the_period_in_which_they_were_billed(filled: Engine) -> None:
    assert not [row for row in rows_of(filled, "2026-10") if row["ChargeClass"]]
    november = [row for row in rows_of(filled, "2026-11") if row["ChargeClass"] == "Correction"]
    assert [row["InvoiceId"] for row in november] == [NEXT, NEXT, DEBIT]
    assert {row["ChargePeriodStart"] for row in november} == {WINDOW.start}
    assert {row["BillingPeriodStart"] for row in november} == {WINDOW.end}
    december = rows_of(filled, "2026-12")
    assert {(row["InvoiceId"], row["ChargeClass"]) for row in december} == {(NOTE, "Correction")}
    usage, refund, *taxes = december
    assert (usage["ChargeCategory"], usage["EffectiveCost"], usage["PricingQuantity"]) == ("Usage", -60, -50)
    assert (refund["ChargeCategory"], refund["EffectiveCost"], refund["PricingQuantity"]) == ("Usage", -20, None)
    assert sorted(row["EffectiveCost"] for row in taxes) == [Decimal("-3.60"), Decimal("-1.20")]


def test_a_licence_is_bought_once_and_borne_by_the_periods_of_its_term(filled: Engine) -> None:
    rows = {row["ChargeDescription"]: row for row in rows_of(filled, "2026-10") if row["InvoiceId"] == PREPAID}
    bought, used = rows["Line of kind licence"], rows["Line of kind covered"]
    unused = rows["Unused capacity of the licence"]
    assert (bought["ChargeCategory"], bought["ListCost"], bought["EffectiveCost"]) == ("Purchase", 10_000, 0)
    assert bought["CommitmentDiscountQuantity"] == 20 * 24 * 31
    assert [row["CommitmentDiscountStatus"] for row in (bought, used, unused)] == [None, "Used", "Unused"]
    # 1 to 17 October, 12:20 in Shanghai, of the first term of 30 days; the rest of October of the second, of 31 days.
    first, second = 16 * 86400 + 44_400, 14 * 86400 + 42_000
    borne = Decimal(10_000) * first / (30 * 86400) + Decimal(10_000) * second / (31 * 86400)
    assert abs(used["EffectiveCost"] + unused["EffectiveCost"] - borne) < Decimal("1e-8")
    assert used["CommitmentDiscountQuantity"] + unused["CommitmentDiscountQuantity"] == 20 * 24 * 31
    assert used["ListCost"] == unused["ListCost"] == 0


def test_text_that_people_wrote_stays_text(filled: Engine) -> None:
    tags = json.loads(rows_of(filled, "2026-10")[0]["Tags"])
    assert tags["akubill/department"] == "Retail platform"
    assert rows_of(filled, "2026-12")[0]["ChargeDescription"] == "Line of kind usage. #strong[=1+1] outage"


def test_a_period_without_documents_is_an_empty_file(filled: Engine) -> None:
    assert rows_of(filled, "2027-01") == []
