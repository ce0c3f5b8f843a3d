"""A plan in words says every rule that its file has."""

from __future__ import annotations

from include.domain.price_plans import PricePlan
from include.domain.price_words import describe_plan

RULES = {
    "effective_from": "2024-01-01T00:00:00+08:00",
    "charge_every": "period",
    "rounding": {"digits": 2, "mode": "half_up"},
    "model": "graduated",
    "tiers": [
        {"up_to": "1000", "unit_price": "1.20", "flat_fee": "50"},
        {"up_to": None, "unit_price": "0.90", "flat_fee": "10"},
    ],
    "included": 100,
    "minimum_charge": "80",
    "maximum_charge": "9000",
    "prorate": True,
    "discount_percent": "12.5",
    "tax_rate": "0.06",
    "fees": [{"name": "Platform fee", "amount": "500.00", "prorate": True}],
}


def words(**changes: object) -> list[str]:
    plan = {"name": "mine", "currency": "CNY", "time_zone": "Asia/Shanghai", "versions": [RULES | changes]}
    return list(describe_plan(PricePlan.model_validate(plan)))


def test_every_rule_of_a_version_is_a_line():
    assert words() == [
        "From 2024-01-01 00:00 +0800: graduated, charged every period, rounded half_up to 2 place(s)",
        "  100 AKU-hours of each period are free",
        "  above 0 up to 1000 AKU-hours: 1.20 CNY per AKU-hour, and 50 CNY a period",
        "  above 1000 AKU-hours: 0.90 CNY per AKU-hour, and 10 CNY once it is reached",
        "  Platform fee: 500.00 CNY a period, by seconds of activity",
        "  less 12.5 %",
        "  at most 9000 CNY a period, by seconds of activity",
        "  at least 80 CNY a period, by seconds of activity",
        "  6 % tax, added to the sum",
    ]


def test_packages_and_licences_have_words_of_their_own():
    one_tier = {"tiers": [{"up_to": None, "unit_price": "100"}]}
    assert "  100 CNY per package of 50 AKU-hours" in words(model="package", package_size=50, **one_tier)
    sold = {"price_per_aku_month": "620.00", "overage_price": "1.5"}
    free = {"tiers": [{"up_to": None, "unit_price": "0"}], "included": 0}
    licensed = words(model="per_unit", licence=sold, **free)
    assert "  1.5 CNY per AKU-hour above a licence's capacity" in licensed
    assert "  licences: 620.00 CNY per AKU and month" in licensed
