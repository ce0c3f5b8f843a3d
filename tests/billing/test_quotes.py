"""Quotes: golden cases a person can recompute (golden/<case>: plan, usage, expected bill), and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.billing.quotes.quote import quote
from include.catalog.loader import load_price_plan
from include.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from sqlalchemy import Engine

GOLDEN = Path(__file__).parent / "golden"
HEADER = "subscription_id,instance_id,hour,aku_seconds"
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
    "line 1, the header, is 'subscription,instance,hour,aku_seconds': it must be": [
        "subscription,instance,hour,aku_seconds", ROW
    ],
    "line 1, the header, is '': it must be": [],
    "line 2 is 'sub-a,kf-1': it has 2 columns, not 4": [HEADER, "sub-a,kf-1"],
    "line 3, hour is '2026-10-01T00:00:00': it has no time zone": [HEADER, ROW, "sub-a,kf-1,2026-10-01T00:00:00,1"],
    "line 2, hour is 'yesterday': it is not an ISO 8601 time": [HEADER, "sub-a,kf-1,yesterday,1"],
    "line 2, hour is '2026-10-01T00:30:00+08:00': it must be the start of a full UTC hour": [
        HEADER, "sub-a,kf-1,2026-10-01T00:30:00+08:00,1"
    ],
    "line 2, aku_seconds is '-1': it must be a whole number": [HEADER, ROW.replace("3600", "-1")],
    "line 2, aku_seconds is '1.5': it must be a whole number": [HEADER, ROW.replace("3600", "1.5")],
    "line 2, aku_seconds is '': it must be a whole number": [HEADER, ROW.replace("3600", "")],
    "line 2, aku_seconds is '2147483648': it is more than one instance can use": [
        HEADER, ROW.replace("3600", "2147483648")
    ],
    "line 2, subscription_id is '': it must be 1 to 100": [HEADER, ROW.replace("sub-a", "")],
    "line 3, instance_id and hour, is 'kf-1 2026-09-30T16:00:00+00:00': it is in line 2 already": [
        HEADER, ROW, ROW.replace("3600", "1")
    ],
}  # fmt: skip


@pytest.mark.parametrize("sentence", BAD)
def test_a_mistake_in_the_usage_file_is_named_by_line_and_column(
    warehouse: Engine, tmp_path: Path, sentence: str
) -> None:
    usage = tmp_path / "usage.csv"
    usage.write_text("\n".join(BAD[sentence]) + "\n", encoding="utf-8")
    with pytest.raises(InvalidInputError) as refused:
        quote(warehouse, load_price_plan(GOLDEN / "zero_usage" / "plan.yaml"), usage, "2026-10")
    assert sentence in str(refused.value)
    assert "usage.csv" in str(refused.value)


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
