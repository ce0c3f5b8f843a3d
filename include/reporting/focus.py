"""Issued documents of a period as a FOCUS 1.2 file in Parquet: a row per line, tax and unused part of a licence.

Amounts are those of the documents. Where the Marketplace collects, BilledCost is 0 and the value is in the other
costs; where the seller collects, BilledCost adds up to what each document says is payable. A correction is a row of its
own in the period in which it was billed, so the rows of a period never change once it is over.
Source: FOCUS Specification 1.2, https://focus.finops.org (see docs/reference/focus.md for each column and kind).
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from include.catalog.loader import load_product
from include.domain.money import ZERO, Decimal, round_amount
from include.domain.usage import SECONDS_PER_HOUR
from include.reporting.focus_columns import SCHEMA
from include.reporting.presentation import region_name
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from include.domain.products import Product

_ROWS_AT_ONCE = 5_000
_PLACES = 12


class Kind(NamedTuple):
    """What FOCUS calls a kind of charge; without a meter it has no price of its own."""

    category: str
    frequency: str
    meter: str | None = None
    pricing: str | None = None


_USAGE = Kind("Usage", "Usage-Based", "Usage", "Standard")
_FEE = Kind("Usage", "Recurring", "Fee", "Standard")
_COMMITTED = Kind("Usage", "Usage-Based", "Usage", "Committed")
KINDS = {
    "usage": _USAGE,
    "overage": _USAGE,
    "included": _USAGE,
    "covered": _COMMITTED,
    "unused": _COMMITTED,
    "flat_fee": _FEE,
    "fee": _FEE,
    "licence": Kind("Purchase", "One-Time", "Licence", "Standard"),
    "discount": Kind("Credit", "Usage-Based"),
    "maximum": Kind("Adjustment", "Recurring"),
    "minimum": Kind("Adjustment", "Recurring"),
    "tax": Kind("Tax", "Recurring"),
}
_UNITS = {"AKU-hour": "AKU-Hours", "AKU-month": "AKU-Months", "package": "Packages", "period": "Periods"}
_COMMITMENT_STATUS = {"covered": "Used", "unused": "Unused"}


@dataclass(frozen=True, slots=True)
class Charge:
    """A row of reporting/focus_list_charges."""

    bill_id: str
    document: str
    document_total: Decimal
    currency: str
    price_plan: str
    period_start: datetime
    period_end: datetime
    account_id: str
    subscription_id: str
    environment_name: str
    environment_id: str | None
    region: str
    department: str
    product: str
    kind: str
    is_refund: bool
    is_correction: bool
    tier: int | None
    description: str
    charge_start: datetime
    charge_end: datetime
    quantity: Decimal | None
    unit: str | None
    unit_price: Decimal | None
    amount: Decimal
    share: Decimal
    commitment_seconds: Decimal | None
    metered_aku_seconds: Decimal
    tax_rate: Decimal
    tax_is_inclusive: bool


class FocusFile(NamedTuple):
    """A file's content, and how many documents and rows it holds."""

    content: bytes
    document_count: int
    row_count: int


def write_focus(connection: Connection, period: str) -> FocusFile:
    """The file of a period; without issued documents it has no rows.

    Raises:
        InvalidInputError: when a bill's product is not in the catalogue.
    """
    file, count = io.BytesIO(), 0
    documents: set[str] = set()
    result = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(
        statement("reporting/exports/list_focus_charges"), {"period": period}
    )
    with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        for partition in result.mappings().partitions():
            charges = [Charge(**row) for row in partition]
            rows = [row_of(charge, load_product(charge.product)) for charge in charges]
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
            documents.update(charge.bill_id for charge in charges)
            count += len(rows)
    return FocusFile(file.getvalue(), len(documents), count)


def row_of(charge: Charge, product: Product) -> dict[str, Any]:
    """The charge as FOCUS writes it."""
    kind = KINDS[charge.kind]
    by_marketplace = product.collected_by == "marketplace"
    effective_cost = _effective_cost(charge)
    return {
        "BilledCost": ZERO if by_marketplace else charge.amount,
        "BillingAccountId": charge.account_id,
        "BillingAccountName": None,
        "BillingCurrency": charge.currency,
        "BillingPeriodStart": charge.period_start,
        "BillingPeriodEnd": charge.period_end,
        "ChargeCategory": kind.category,
        "ChargeClass": "Correction" if charge.is_correction else None,
        "ChargeDescription": charge.description,
        "ChargeFrequency": kind.frequency,
        "ChargePeriodStart": charge.charge_start,
        "ChargePeriodEnd": charge.charge_end,
        "EffectiveCost": effective_cost,
        "InvoiceId": charge.bill_id,
        "InvoiceIssuerName": product.marketplace if by_marketplace else product.seller,
        "PricingCurrency": charge.currency,
        "PricingCurrencyEffectiveCost": effective_cost,
        "ProviderName": product.marketplace,
        "PublisherName": product.seller,
        "RegionId": charge.region,
        "RegionName": region_name(charge.product, charge.region),
        "ResourceId": charge.environment_id or charge.subscription_id,
        "ResourceName": charge.environment_name,
        "ResourceType": "Environment",
        "ServiceCategory": product.focus_service.category,
        "ServiceName": product.title,
        "ServiceSubcategory": product.focus_service.subcategory,
        "SubAccountId": charge.subscription_id,
        "SubAccountName": charge.environment_name,
        "SubAccountType": "Subscription",
        "Tags": json.dumps(_tags(charge), ensure_ascii=False, sort_keys=True),
        **_pricing(charge, kind),
        **_commitment(charge, kind),
    }


def _effective_cost(charge: Charge) -> Decimal:
    """What the period bears: a licence is borne by the periods of its term, whether it is used or not."""
    return charge.share if charge.kind in {"licence", "covered", "unused"} else charge.amount


def _pricing(charge: Charge, kind: Kind) -> dict[str, Any]:
    """Quantity, price and what they make; charges without a price of their own are worth their amount."""
    if kind.meter is None or charge.is_refund or charge.quantity is None or charge.unit_price is None:
        return {"ListCost": charge.amount, "ContractedCost": charge.amount}
    worth = round_amount(charge.quantity * charge.unit_price, _PLACES, "half_even")
    consumed = kind.category == "Usage" and charge.kind != "unused"
    unit = _UNITS[str(charge.unit)]
    hours = charge.kind in {"usage", "overage", "included", "covered"}
    return {
        "ListUnitPrice": charge.unit_price,
        "ListCost": worth,
        "ContractedUnitPrice": charge.unit_price,
        "ContractedCost": worth,
        "PricingCategory": kind.pricing,
        "PricingCurrencyContractedUnitPrice": charge.unit_price,
        "PricingCurrencyListUnitPrice": charge.unit_price,
        "PricingQuantity": charge.quantity,
        "PricingUnit": unit,
        "ConsumedQuantity": (_hours(charge.metered_aku_seconds) if hours else charge.quantity) if consumed else None,
        "ConsumedUnit": ("AKU-Hours" if hours else unit) if consumed else None,
        "SkuId": f"{charge.product}/{kind.meter.lower()}",
        "SkuMeter": kind.meter,
        "SkuPriceDetails": json.dumps({"x_Tier": charge.tier}) if charge.tier else None,
        "SkuPriceId": "/".join(filter(None, (charge.price_plan, charge.kind, str(charge.tier or "")))),
    }


def _commitment(charge: Charge, kind: Kind) -> dict[str, Any]:
    """A licence with its renewals is one commitment."""
    if charge.commitment_seconds is None or charge.is_refund:
        return {}
    return {
        "CommitmentDiscountCategory": "Usage",
        "CommitmentDiscountId": f"{charge.subscription_id}/licence",
        "CommitmentDiscountName": f"Licence of {charge.environment_name}",
        "CommitmentDiscountQuantity": _hours(charge.commitment_seconds),
        "CommitmentDiscountStatus": _COMMITMENT_STATUS.get(charge.kind) if kind.category == "Usage" else None,
        "CommitmentDiscountType": "Licence",
        "CommitmentDiscountUnit": "AKU-Hours",
    }


def _tags(charge: Charge) -> dict[str, str]:
    tags = {"akubill/document": charge.document, "akubill/kind": "refund" if charge.is_refund else charge.kind}
    if charge.department:
        tags["akubill/department"] = charge.department
    if charge.tax_is_inclusive and charge.tax_rate:
        tags["akubill/contained-tax-rate"] = f"{charge.tax_rate:f}"
    return tags


def _hours(aku_seconds: Decimal) -> Decimal:
    return round_amount(Decimal(aku_seconds) / SECONDS_PER_HOUR, 6, "half_even")
