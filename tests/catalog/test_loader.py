"""Every mistake in a price plan names file, field, value and rule, and says what to do."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from include.catalog.loader import CATALOG, catalog_price_plans, load_price_plan, load_product, parse_price_plan
from include.catalog.text_files import LONGEST_SHORT
from include.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

PLAN = (CATALOG / "automq-byoc-payg.plan.yaml").read_text(encoding="utf-8")
TIER = '{up_to: null, unit_price: "1.20", flat_fee: "0"}'
MISTAKES = [
    ('"1.20"', '"-1"', "versions[0].tiers[0].unit_price is '-1': it must not be negative."),
    ('"1.20"', "1.20", "unit_price is '1.20': it must be quoted text, so that no digit is lost, or a whole"),
    ('"1.20"', '"1e3"', "unit_price is '1e3': it must be a decimal number in plain digits"),
    ('"1.20"', '"NaN"', "unit_price is 'NaN': it must be a decimal number in plain digits"),
    ('"1.20"', '"٣"', "must be a decimal number in plain digits"),
    ('"1.20"', "null", "unit_price must be quoted text"),
    ('"1.20"', '"0.0000000000001"', "must have at most 12 places after the point"),
    ('"1.20"', '"250000000.01"', "tiers[0].unit_price is '250000000.01': it has too many digits to be rated exactly"),
    ('flat_fee: "0"', 'flat_fe: "0"', "versions[0].tiers[0].flat_fe is '0': it is not a known field. Remove it"),
    ("up_to: null", 'up_to: "100"', "versions[0].tiers[0].up_to is '100': it must be null in the last tier"),
    (f"- {TIER}", "", "versions[0].tiers must be a valid list"),
    ("model: per_unit", "model: tiered", "model is 'tiered': it is not supported; supported: per_unit, grad"),
    ("charge_every: hour", "charge_every: day", "versions[0].charge_every is 'day': it must be 'hour' or 'period'"),
    ("digits: 2", "digits: 7", "versions[0].rounding.digits is 7: it must be less than or equal to 6"),
    ("mode: down", "mode: off", "rounding.mode is 'off': it must be 'down', 'up', 'half_up' or 'half_even'"),
    ("CNY", "XYZ", "currency is 'XYZ': it must be a currency code of ISO 4217. Write a code like CNY."),
    ("currency: CNY\n", "", "currency is missing. Add it to the file."),
    ("currency: CNY", "currency: CNY\ncurrency: USD", "is not YAML (line 5: currency is there more than once)"),
    ("Asia/Shanghai", "Mars/Olympus", "time_zone is 'Mars/Olympus': it is not in the IANA database"),
    ("Asia/Shanghai", "Asia/Kolkata", "time_zone is 'Asia/Kolkata': it is at some time since 2000 not a whole number"),
    ("T00:00:00+08:00", "T00:00:00", "versions[0].effective_from is '2024-01-01T00:00:00': it has no time zone"),
    ('"2024-01-01T00:00:00+08:00"', "2024-01-01", "effective_from is '2024-01-01': it must be quoted"),
    ("name: automq-byoc-payg", "name: Pay As You Go", "name is 'Pay As You Go': it must match pattern"),
    ("versions:", "versions: [", "is not YAML (line"),
]  # fmt: skip


#: What YAML would read as a number, a time or a boolean by mistake.
NUMBERS_OF_YAML = [
    "0120",
    "010",
    "1:30",
    "1_000",
    "0x10",
    "1e3",
    "1E3",
    "+5",
    ".5",
    "5.",
    ".inf",
    ".nan",
    "0o17",
    "0b11",
]


@pytest.mark.parametrize("number", [*NUMBERS_OF_YAML, "inf", "nan", "yes", "1.2.3", "2026-01-01", "\uff11"])
@pytest.mark.parametrize("quotes", ["", '"'])
def test_a_number_is_taken_from_plain_digits_only(tmp_path: Path, number: str, quotes: str) -> None:
    with pytest.raises(InvalidInputError, match="plain digits") as refused:
        load_price_plan(plan_file(tmp_path, PLAN.replace('"1.20"', f"{quotes}{number}{quotes}")))
    assert f"unit_price is '{number}'" in str(refused.value)


@pytest.mark.parametrize("number", ["010", "2.0", "two", "0x2", "null"])
def test_the_places_of_a_rounding_are_whole_digits(tmp_path: Path, number: str) -> None:
    with pytest.raises(InvalidInputError, match=r"rounding\.digits (is|must be) "):
        load_price_plan(plan_file(tmp_path, PLAN.replace("digits: 2", f"digits: {number}")))


def test_a_plan_that_is_far_too_long_is_refused_before_yaml_reads_it(tmp_path: Path) -> None:
    names = "".join(f"name{number}: 1\n" for number in range(10_000))
    for take in (lambda: parse_price_plan(names, "plan.yaml"), lambda: load_price_plan(plan_file(tmp_path, names))):
        with pytest.raises(InvalidInputError, match=f"it has more than {LONGEST_SHORT:,} characters"):
            take()


def test_a_plan_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="it is not YAML"):
        load_price_plan(plan_file(tmp_path, "name: " + "[" * 5_000))


@pytest.mark.parametrize("truth", ["yes", "on", "True", "1", '"true"'])
def test_a_truth_is_true_or_false(tmp_path: Path, truth: str) -> None:
    with pytest.raises(InvalidInputError, match="tax_inclusive is"):
        load_price_plan(plan_file(tmp_path, PLAN + f"    tax_inclusive: {truth}\n"))


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        (
            '"1.20"',
            "{{ unit_price }}",
            r"not YAML \(line \d+: a mapping or a list is used as a name; is this a template",
        ),
        ('"1.20"', '!!float "1"', "is a tag"),
        ("{digits: 2, mode: down}", "&a {digits: *a, mode: down}", "is an alias"),
        ("{digits: 2, mode: down}", "{<<: {digits: 2}, mode: down}", "<< merges mappings"),
        ("{digits: 2, mode: down}", "{? [a] : 2, mode: down}", "is used as a name"),
        ("automq-byoc-payg", '"a\\0"', "a text has .* a NUL character at place 2"),
        ("automq-byoc-payg", "a\x01", "not YAML .*U\\+0001"),
    ],
)
def test_yaml_that_says_other_than_it_shows_is_refused(tmp_path: Path, right: str, wrong: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        load_price_plan(plan_file(tmp_path, PLAN.replace(right, wrong, 1)))


@pytest.mark.parametrize("name", ["NUL \\0", "half \\ud83d", "bell \\a"])
def test_text_that_a_bill_cannot_show_is_refused(tmp_path: Path, name: str) -> None:
    fees = f'    fees: [{{name: "{name}", fee: "1"}}]\n'
    with pytest.raises(InvalidInputError, match=r"line \d+: a text has characters that cannot be seen"):
        load_price_plan(plan_file(tmp_path, PLAN + fees))


@pytest.mark.parametrize("year", ["0001", "1970", "1999", "3000", "9999"])
def test_a_version_starts_within_the_calendar(tmp_path: Path, year: str) -> None:
    content = PLAN.replace("2024-01-01T00:00:00+08:00", f"{year}-06-01T00:00:00+08:00")
    with pytest.raises(InvalidInputError, match=r"versions\[0\]\.effective_from .* lies outside the calendar"):
        load_price_plan(plan_file(tmp_path, content))


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory", "posix/UTC", "right/UTC", "", "../UTC", "a\\0"])
def test_a_zone_is_one_of_ianas(tmp_path: Path, zone: str) -> None:
    with pytest.raises(InvalidInputError, match=r"time_zone is .* not in the IANA database|a NUL character"):
        load_price_plan(plan_file(tmp_path, PLAN.replace("Asia/Shanghai", f'"{zone}"')))


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU", "XDR", "ABC", "cny", "DEM", "CLF", "", "CNH"])
def test_a_currency_is_money_in_use(tmp_path: Path, code: str) -> None:
    with pytest.raises(InvalidInputError, match=r"currency is .* ISO 4217"):
        load_price_plan(plan_file(tmp_path, PLAN.replace("CNY", f'"{code}"')))


def test_amounts_without_a_smaller_unit_are_rounded_to_whole_ones(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidInputError, match=r"versions\[0\]\.rounding\.digits is 2: it must be 0: JPY has no smaller"
    ):
        load_price_plan(plan_file(tmp_path, PLAN.replace("CNY", "JPY")))
    load_price_plan(plan_file(tmp_path, PLAN.replace("CNY", "JPY").replace("digits: 2", "digits: 0")))
    load_price_plan(plan_file(tmp_path, PLAN.replace("CNY", "KWD")))


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_plan_may_have_a_byte_order_mark_and_any_line_ends(tmp_path: Path, start: bytes, end: bytes) -> None:
    path = tmp_path / "mine.plan.yaml"
    path.write_bytes(start + PLAN.encode().replace(b"\n", end))
    assert load_price_plan(path).name == "automq-byoc-payg"


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
    ("content", "rule"),
    [
        (b"\xff\xfe", "is not text in UTF-8 but in UTF-16"),
        (PLAN.encode("utf-16-le"), "is not text in UTF-8 but in UTF-16"),
        (gzip.compress(PLAN.encode(), mtime=0), "is not text in UTF-8 but compressed with gzip"),
        ("Köln".encode("latin-1"), "is not text in UTF-8"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"# nothing\n", "is empty"),
        (b"- a", "does not hold a mapping"),
    ],
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
