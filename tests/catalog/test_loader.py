"""Every mistake in a price plan names file, field, value and rule, and says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.catalog.loader import CATALOG, catalog_price_plans, load_price_plan, load_product
from include.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

PLAN = (CATALOG / "automq-byoc-payg.plan.yaml").read_text(encoding="utf-8")
TIER = '{up_to: null, unit_price: "1.20", flat_fee: "0"}'
MISTAKES = [
    ('"1.20"', '"-1"', "versions[0].tiers[0].unit_price is '-1': it must not be negative."),
    ('"1.20"', "1.20", "unit_price is 1.2: it must be quoted text, so that no digit is lost. Write it quoted, like"),
    ('"1.20"', '"1e3"', "unit_price is '1e3': it must be a decimal number in plain digits"),
    ('"1.20"', '"NaN"', "unit_price is 'NaN': it must be a decimal number in plain digits"),
    ('"1.20"', '"٣"', "must be a decimal number in plain digits"),
    ('"1.20"', "null", "unit_price is None: it must be quoted text"),
    ('"1.20"', '"0.0000000000001"', "must have at most 12 places after the point"),
    ('"1.20"', '"250000000.01"', "tiers[0].unit_price is '250000000.01': it has too many digits to be rated exactly"),
    ('flat_fee: "0"', 'flat_fe: "0"', "versions[0].tiers[0].flat_fe is '0': it is not a known field. Remove it"),
    ("up_to: null", 'up_to: "100"', "versions[0].tiers[0].up_to is '100': it must be null in the last tier"),
    (f"- {TIER}", "", "versions[0].tiers is None: it must be a valid list"),
    ("model: per_unit", "model: tiered", "model is 'tiered': it is not supported; supported: per_unit, grad"),
    ("charge_every: hour", "charge_every: day", "versions[0].charge_every is 'day': it must be 'hour' or 'period'"),
    ("digits: 2", "digits: 7", "versions[0].rounding.digits is 7: it must be less than or equal to 6"),
    ("mode: down", "mode: off", "rounding.mode is False: it must be 'down', 'up', 'half_up' or 'half_even'"),
    ("CNY", "XYZ", "currency is 'XYZ': it must be a currency code of ISO 4217. Write a code like CNY."),
    ("currency: CNY\n", "", "currency is None: it is missing. Add it to the file."),
    ("currency: CNY", "currency: CNY\ncurrency: USD", "is not YAML (line 5: currency stands twice)"),
    ("Asia/Shanghai", "Mars/Olympus", "time_zone is 'Mars/Olympus': it is not in the IANA database"),
    ("T00:00:00+08:00", "T00:00:00", "versions[0].effective_from is '2024-01-01T00:00:00': it has no time zone"),
    ('"2024-01-01T00:00:00+08:00"', "2024-01-01", "effective_from is '2024-01-01': it must be quoted"),
    ("name: automq-byoc-payg", "name: Pay As You Go", "name is 'Pay As You Go': it must match pattern"),
    ("versions:", "versions: [", "is not YAML (line"),
]  # fmt: skip


def plan_file(folder: Path, content: str) -> Path:
    path = folder / "mine.plan.yaml"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(("right", "wrong", "sentence"), MISTAKES, ids=[f"{one[1]}" for one in MISTAKES])
def test_a_mistake_is_one_clear_sentence(tmp_path: Path, right: str, wrong: str, sentence: str) -> None:
    assert right in PLAN
    with pytest.raises(InvalidInputError) as refused:
        load_price_plan(plan_file(tmp_path, PLAN.replace(right, wrong)))
    assert sentence in str(refused.value)
    assert "mine.plan.yaml" in str(refused.value)


def test_versions_out_of_order_are_named(tmp_path: Path) -> None:
    again = PLAN[PLAN.index("  - effective_from") :]
    with pytest.raises(InvalidInputError, match=r"versions\[1\].effective_from is '2023-12-31T16:00:00\+00:00'"):
        load_price_plan(plan_file(tmp_path, PLAN + again))


def test_a_licence_beside_a_price_for_usage_is_refused(tmp_path: Path) -> None:
    content = PLAN.rstrip("\n") + '\n    licence: {price_per_aku_month: "620.00"}\n'
    with pytest.raises(InvalidInputError, match='must be "0" where there is a licence'):
        load_price_plan(plan_file(tmp_path, content))


def test_several_mistakes_are_counted(tmp_path: Path) -> None:
    content = PLAN.replace("CNY", "XYZ").replace("hour\n", "day\n").replace("digits: 2", "digits: 9")
    with pytest.raises(InvalidInputError, match="The file has 2 more such mistake"):
        load_price_plan(plan_file(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "rule"), [(b"\xff\xfe", "is not text in UTF-8"), (b"- a", "does not hold a mapping")]
)
def test_what_is_no_plan_at_all_is_said(tmp_path: Path, content: bytes, rule: str) -> None:
    path = tmp_path / "mine.plan.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=rule):
        load_price_plan(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        load_price_plan(tmp_path / "none.yaml")


def test_the_catalogue_is_right_and_its_product_has_a_plan_for_each_payment() -> None:
    plans = {plan.name: plan for plan in catalog_price_plans()}
    product = load_product()
    assert {plans[name].time_zone for name in product.price_plans.values()} == {product.seller_time_zone}
    assert len(product.regions) == 11
