"""The columns of the FOCUS 1.2 file, in alphabetical order. Costs, prices and quantities are exact decimals."""

from __future__ import annotations

import pyarrow as pa

_DECIMAL = pa.decimal128(38, 12)
_INSTANT = pa.timestamp("us", tz="UTC")

#: Mandatory in FOCUS 1.2, by whether they may be null.
MANDATORY = {
    "BilledCost": False,
    "BillingAccountId": False,
    "BillingAccountName": True,
    "BillingCurrency": False,
    "BillingPeriodEnd": False,
    "BillingPeriodStart": False,
    "ChargeCategory": False,
    "ChargeClass": True,
    "ChargeDescription": True,
    "ChargePeriodEnd": False,
    "ChargePeriodStart": False,
    "ContractedCost": False,
    "EffectiveCost": False,
    "InvoiceIssuerName": False,
    "ListCost": False,
    "PricingQuantity": True,
    "PricingUnit": True,
    "ProviderName": False,
    "PublisherName": False,
    "ServiceCategory": False,
    "ServiceName": False,
}
#: Recommended, or asked for because of what we do: unit prices, usage, sub accounts, commitments, regions, tags.
OTHERS = (
    "ChargeFrequency",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedUnitPrice",
    "InvoiceId",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
)


def _type(name: str) -> pa.DataType:
    if name.endswith(("Cost", "Quantity", "UnitPrice")):
        return _DECIMAL
    return _INSTANT if name.endswith(("PeriodStart", "PeriodEnd")) else pa.string()


SCHEMA = pa.schema([pa.field(name, _type(name), MANDATORY.get(name, True)) for name in sorted([*MANDATORY, *OTHERS])])
