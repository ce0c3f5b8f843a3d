"""Quotes: golden cases a person can recompute (golden/<case>: plan, usage, expected bill), and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.billing.quotes.quote import quote
from include.catalog.loader import load_price_plan
from include.domain.errors import InvalidInputError
from include.metering.imports.load import import_usage

if TYPE_CHECKING:
    from sqlalchemy import Engine

GOLDEN = Path(__file__).parents[1] / "golden"
HEADER = "subscription_id,instance_id,hour,aku_seconds"
AFTERWARDS = datetime(2026, 12, 1, tzinfo=UTC)
ROW = "sub-a,kf-1,2026-10-01T00:00:00+08:00,3600"


@pytest.mark.parametrize("case", sorted(folder.name for folder in GOLDEN.iterdir()))
def test_a_quote_is_the_expected_bill(warehouse: Engine, case: str) -> None:
    folder = GOLDEN / case
    quoted = quote(warehouse, load_price_plan(folder / "plan.yaml"), folder / "usage.csv", "2026-10")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert {"bills": quoted.bills, "outside": quoted.outside_count} == expected


def test_a_quote_leaves_nothing_behind(warehouse: Engine) -> None:
    folder = GOLDEN / "truncated_hours"
    for _ in range(2):
        quote(warehouse, load_price_plan(folder / "plan.yaml"), folder / "usage.csv", "2026-10")
    with warehouse.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM billing.bills")) == 0


BAD = {
    "Header of usage.csv is 'subscription, instance, hour, aku_seconds': it must be": [
        "subscription,instance,hour,aku_seconds", ROW
    ],
    "usage.csv: Row 1 is 'sub-a,kf-1,,,': it is no row: line 2 has 5 fields, not 4": [HEADER, "sub-a,kf-1,,,", ROW],
    "usage.csv: Row 2: hour is '2026-10-01T00:00:00': it has no time zone": [
        HEADER, ROW, "sub-a,kf-1,2026-10-01T00:00:00,1"
    ],
    "usage.csv: Row 1: hour is 'yesterday': it is not an ISO 8601 time": [HEADER, "sub-a,kf-1,yesterday,1"],
    "usage.csv: Row 1: hour is '': it is not an ISO 8601 time": [HEADER, "sub-a,kf-1"],
    "usage.csv: Row 1: hour is '2026-10-01T00:30:00+08:00': it is not the start of a full hour": [
        HEADER, "sub-a,kf-1,2026-10-01T00:30:00+08:00,1"
    ],
    "usage.csv: Row 1: aku_seconds is '-1': it must not be negative": [HEADER, ROW.replace("3600", "-1")],
    "usage.csv: Row 1: aku_seconds is '1.5': it must be whole": [HEADER, ROW.replace("3600", "1.5")],
    "usage.csv: Row 1: aku_seconds is '': it is not a number": [HEADER, ROW.replace("3600", "")],
    "usage.csv: Row 1: aku_seconds is '1800001': it is more than the 1800000 that an instance can use": [
        HEADER, ROW.replace("3600", "1800001")
    ],
    "usage.csv: Row 1: subscription_id is '': it must be 1 to 100": [HEADER, ROW.replace("sub-a", "")],
}  # fmt: skip


@pytest.mark.parametrize("sentence", BAD)
def test_a_mistake_in_the_usage_file_is_named_as_an_import_names_it(
    warehouse: Engine, tmp_path: Path, sentence: str
) -> None:
    usage = tmp_path / "usage.csv"
    usage.write_text("\n".join(BAD[sentence]) + "\n", encoding="utf-8")
    with pytest.raises(InvalidInputError) as refused:
        quote(warehouse, load_price_plan(GOLDEN / "zero_usage" / "plan.yaml"), usage, "2026-10")
    assert str(refused.value).startswith(sentence)
    try:
        said = import_usage(warehouse, usage, AFTERWARDS).first_reasons
    except InvalidInputError as error:
        said = [str(error)]
    assert str(refused.value).removeprefix("usage.csv: ") in said


def test_an_hour_that_the_file_has_twice_is_refused(warehouse: Engine, tmp_path: Path) -> None:
    usage = tmp_path / "usage.csv"
    usage.write_text("\n".join([HEADER, ROW, ROW.replace("3600", "1")]), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"Row 2: hour is '2026-09-30T16:00:00\+00:00': it is in row 1 already"):
        quote(warehouse, load_price_plan(GOLDEN / "zero_usage" / "plan.yaml"), usage, "2026-10")


def test_usage_that_is_planned_is_priced_from_json_lines(warehouse: Engine, tmp_path: Path) -> None:
    usage = tmp_path / "usage.jsonl"
    cells = dict(zip(HEADER.split(","), ROW.replace("2026", "2126").split(","), strict=True))
    usage.write_text(json.dumps(cells) + "\n", encoding="utf-8")
    quoted = quote(warehouse, load_price_plan(GOLDEN / "zero_usage" / "plan.yaml"), usage, "2126-10")
    assert quoted.bills[0]["total"] == "1.20"


def test_the_same_instance_id_in_two_subscriptions_is_priced_in_both(warehouse: Engine, tmp_path: Path) -> None:
    usage = tmp_path / "usage.csv"
    usage.write_text("\n".join([HEADER, ROW, ROW.replace("sub-a", "sub-b").replace("3600", "7200")]) + "\n")
    quoted = quote(warehouse, load_price_plan(GOLDEN / "zero_usage" / "plan.yaml"), usage, "2026-10")
    assert [(bill["subscription_id"], bill["total"]) for bill in quoted.bills] == [("sub-a", "1.20"), ("sub-b", "2.40")]


def test_usage_that_no_version_prices_is_refused(warehouse: Engine, tmp_path: Path) -> None:
    usage = tmp_path / "usage.csv"
    usage.write_text(f"{HEADER}\n{ROW.replace('2026', '2023')}\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="no version in force then"):
        quote(warehouse, load_price_plan(GOLDEN / "zero_usage" / "plan.yaml"), usage, "2023-10")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'subscription_id,"'])
def test_a_file_that_is_no_csv_is_refused(warehouse: Engine, tmp_path: Path, content: bytes) -> None:
    usage = tmp_path / "usage.csv"
    usage.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"usage\.csv"):
        quote(warehouse, load_price_plan(GOLDEN / "zero_usage" / "plan.yaml"), usage, "2026-10")


def test_a_byte_order_mark_and_windows_line_ends_are_read(warehouse: Engine, tmp_path: Path) -> None:
    usage = tmp_path / "usage.csv"
    usage.write_bytes(f"\ufeff{HEADER}\r\n{ROW}\r\n".encode())
    quoted = quote(warehouse, load_price_plan(GOLDEN / "zero_usage" / "plan.yaml"), usage, "2026-10")
    assert quoted.bills[0]["total"] == "1.20"
