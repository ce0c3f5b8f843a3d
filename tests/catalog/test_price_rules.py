"""Every mistake in the rules of a price plan is named by field, value and rule."""

from __future__ import annotations

import pytest

from include.catalog.loader import parse_price_plan
from include.domain.errors import InvalidInputError

PLAN = """
name: mine
currency: CNY
time_zone: Asia/Shanghai
versions:
  - effective_from: "2024-01-01T00:00:00+08:00"
    charge_every: period
    rounding: {digits: 2, mode: half_up}
    model: graduated
    tiers:
      - {up_to: "100", unit_price: "1.20"}
      - {up_to: "1000", unit_price: "1.00", flat_fee: "5"}
      - {up_to: null, unit_price: "0.90"}
    included: 10
    minimum_charge: "50"
    maximum_charge: "5000"
    discount_percent: "10"
    tax_rate: "0.06"
    fees:
      - {name: Platform fee, amount: "500"}
"""
MISTAKES = [
    ('up_to: "1000"', 'up_to: "100"', "versions[0].tiers[1].up_to is '100': it must be more than 100, where the tier"),
    ('up_to: "1000"', 'up_to: "50"', "versions[0].tiers[1].up_to is '50': it must be more than 100"),
    ('up_to: "100"', "up_to: 0", "versions[0].tiers[0].up_to is '0': it must be more than 0"),
    ('up_to: "1000"', "up_to: null", "versions[0].tiers[1].up_to is null before the last tier"),
    ("up_to: null", "up_to: 2000", "versions[0].tiers[2].up_to is '2000': it must be null in the last tier"),
    ('up_to: "100"', 'up_to: "0.0001"', "up_to is '0.0001': it must be a whole number of AKU-seconds"),
    ('up_to: "100"', "up_to: 0.5", "up_to is '0.5': it must be quoted text"),
    ("included: 10", "included: -1", "versions[0].included is -1: it must not be negative"),
    ("included: 10", 'included: "1000000000001"', "included is '1000000000001': it must be at most 1000000000000"),
    ("model: graduated", "model: per_unit", "versions[0].tiers is ['100', '1000', None]: it must be one tier"),
    ("model: graduated", "model: package", "must be one tier with up_to: null where the model is package"),
    ("included: 10", "package_size: 5", "versions[0].package_size is '5': it has no meaning where the model is grad"),
    ('minimum_charge: "50"', "minimum_charge: 5001", "minimum_charge is '5001': it must be at most the maximum_charge"),
    ('discount_percent: "10"', "discount_percent: 101", "discount_percent is 101: it must be at most 100"),
    ('tax_rate: "0.06"', "tax_rate: 6", "versions[0].tax_rate is 6: it must be a fraction from 0 to 1. Write six per"),
    ("name: Platform fee", 'name: ""', "versions[0].fees[0].name is '': it must have at least 1 character"),
    ('amount: "500"', 'amount: "-500"', "versions[0].fees[0].amount is '-500': it must not be negative"),
    ('amount: "500"}', 'amount: "5"}\n      - {name: Platform fee, amount: "6"}', "fees[1].name is 'Platform fee'"),
    ("currency: CNY", "currency: XXQ", "currency is 'XXQ': it must be a currency code of ISO 4217"),
    ("included: 10", 'licence: {price_per_aku_month: "620"}', "model is 'graduated': it cannot be combined with a li"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "sentence"), MISTAKES, ids=[wrong for _, wrong, _ in MISTAKES])
def test_a_mistake_names_field_value_and_rule(right: str, wrong: str, sentence: str) -> None:
    assert right in PLAN
    with pytest.raises(InvalidInputError) as refused:
        parse_price_plan(PLAN.replace(right, wrong), "mine.plan.yaml")
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("mine.plan.yaml, ")


@pytest.mark.parametrize("size", ["package_size: 0", ""])
def test_a_package_has_a_size(size: str) -> None:
    one_tier = PLAN.split("    tiers:", maxsplit=1)[0].replace("graduated", "package")
    with pytest.raises(InvalidInputError, match=r"package_size.* must be more than 0 AKU-hours"):
        parse_price_plan(f'{one_tier}    tiers: [{{up_to: null, unit_price: "1"}}]\n    {size}\n', "mine.plan.yaml")


def test_versions_at_the_same_instant_are_refused() -> None:
    version = PLAN[PLAN.index("  - effective") :]
    with pytest.raises(InvalidInputError, match=r"versions\[1\].effective_from is .* later than that of the version"):
        parse_price_plan(PLAN + version, "mine.plan.yaml")


def test_whole_numbers_need_no_quotes() -> None:
    plan = parse_price_plan(PLAN.replace('"1000"', "1000"), "mine.plan.yaml")
    assert plan == parse_price_plan(PLAN, "mine.plan.yaml")
