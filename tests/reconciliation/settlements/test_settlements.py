"""Settlement exports: what is stored of a file, and its verdicts beside our bills."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.catalog import row_files
from include.domain.billing_cycles import billing_cycle, final_at
from include.domain.errors import InvalidInputError
from include.domain.money import Decimal
from include.domain.words.reconciliation import SETTLEMENT_VERDICTS
from include.reconciliation.settlements.compare import SettlementVerdict, list_settlement_verdicts
from include.reconciliation.settlements.import_file import import_settlement
from tests.support.builders import make_bill, make_buyer, make_instance, make_subscription, make_usage, rows

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from include.reconciliation.settlements.import_file import SettlementImport

PERIOD = "2026-10"
START = billing_cycle(PERIOD).window.start
AT = final_at(billing_cycle(PERIOD))
HEADER = "charged_id,period,kind,amount,currency\n"
INSTANCE = "mp-01-orders"


@pytest.fixture
def billed(warehouse: Engine) -> int:
    """A subscription with ten charged hours and a bill of 12.34 for the period."""
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        make_usage(connection, make_instance(connection, key), START, [3600] * 10)
        make_bill(connection, key, PERIOD, "12.34")
    return key


def load(warehouse: Engine, folder: Path, *lines: str, name: str = "settlement.csv") -> SettlementImport:
    file = folder / name
    file.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return import_settlement(warehouse, file, AT, "a test")


def verdicts(warehouse: Engine) -> dict[str, SettlementVerdict]:
    return {each.subscription_id: each for each in list_settlement_verdicts(warehouse)}


@pytest.mark.usefixtures("billed")
@pytest.mark.parametrize(
    ("lines", "expected", "difference"),
    [
        (["charge,12.34,CNY"], "agrees", "0"),
        (["charge,12.00,CNY", "charge,0.34,CNY"], "agrees", "0"),
        (["charge,12.34000000000000001,CNY"], "agrees", "0"),
        (["charge,13.34,CNY", "refund,-1,CNY"], "agrees", "0"),
        (["charge,12.43,CNY"], "differs_by_rounding", "0.09"),
        (["charge,12.44,CNY"], "differs", "0.10"),
        (["charge,12.34,USD"], "differs", None),
        (["charge,6.00,CNY", "charge,6.34,USD"], "differs", None),
        (["charge,12.34,CNY", "refund,-2.00,CNY"], "refund", "-2.00"),
        (["charge,11.34,CNY", "refund,-2.00,CNY"], "differs", "-3.00"),
    ],
)
def test_a_month_gets_the_verdict_of_its_sum(
    warehouse: Engine, tmp_path: Path, lines: list[str], expected: str, difference: str | None
) -> None:
    done = load(warehouse, tmp_path, *(f"{INSTANCE},{PERIOD},{line}" for line in lines))
    assert (done.items, done.periods, done.wrong, done.imported_before) == (len(lines), [PERIOD], [], False)
    [only] = list_settlement_verdicts(warehouse)
    assert (only.verdict, only.difference) == (expected, difference and Decimal(difference))
    assert only.sentence


@pytest.mark.usefixtures("billed")
def test_both_ids_of_a_subscription_name_it_and_hours_add_up_to_their_month_of_utc_plus_8(
    warehouse: Engine, tmp_path: Path
) -> None:
    subscription_id = rows(warehouse, "SELECT subscription_id FROM core.subscriptions")[0][0]
    before = START - timedelta(hours=1)
    load(
        warehouse,
        tmp_path,
        f"{INSTANCE},{START.isoformat()},charge,10.00,CNY",
        f"{subscription_id},2026-10-31T23:00:00+08:00,charge,2.34,CNY",
        f"{INSTANCE},{before.isoformat()},charge,7.00,CNY",
    )
    found = {(each.period, each.verdict) for each in list_settlement_verdicts(warehouse)}
    assert found == {(PERIOD, "agrees"), ("2026-09", "missing_here")}
    assert [each.period for each in list_settlement_verdicts(warehouse, "2026-09")] == ["2026-09"]


@pytest.mark.usefixtures("billed")
def test_what_one_side_has_alone_is_named_with_what_to_do(warehouse: Engine, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        make_subscription(connection, "1100000000000001", "payments")
    load(warehouse, tmp_path, f"mp-9-stray,{PERIOD},charge,5.00,CNY", f"mp-01-payments,{PERIOD},charge,1.00,CNY")
    found = verdicts(warehouse)
    billed_id, other_id = rows(warehouse, "SELECT subscription_id FROM core.subscriptions ORDER BY environment_name")
    assert found[billed_id[0]].verdict == "missing_there"
    assert found[other_id[0]].verdict == "missing_here"
    assert f"Close the period {PERIOD}" in found[other_id[0]].sentence
    assert "no subscription or marketplace instance here has the id mp-9-stray" in found["mp-9-stray"].sentence


@pytest.mark.usefixtures("billed")
def test_a_newer_export_replaces_a_subscriptions_month_and_nothing_else(warehouse: Engine, tmp_path: Path) -> None:
    load(warehouse, tmp_path, f"{INSTANCE},{PERIOD},charge,99,CNY", f"mp-other,{PERIOD},charge,1,CNY")
    load(warehouse, tmp_path, f"{INSTANCE},{PERIOD},charge,12.34,CNY")
    assert {each.verdict for each in verdicts(warehouse).values()} == {"agrees", "missing_here"}


@pytest.mark.usefixtures("billed")
def test_the_same_bytes_are_stored_once_however_often_and_under_which_name(warehouse: Engine, tmp_path: Path) -> None:
    line = f"{INSTANCE},{PERIOD},charge,12.34,CNY"
    load(warehouse, tmp_path, line)
    again = load(warehouse, tmp_path, line, name="copy.csv")
    assert again.imported_before
    assert rows(warehouse, "SELECT count(*) FROM reconciliation.settlement_items") == [(1,)]


def test_imports_of_one_file_at_once_store_it_once(warehouse: Engine, tmp_path: Path) -> None:
    file = tmp_path / "settlement.csv"
    file.write_text(HEADER + "".join(f"mp-{n},{PERIOD},charge,1,CNY\n" for n in range(500)), encoding="utf-8")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: import_settlement(warehouse, file, AT, "a test"), range(4)))
    assert sorted(each.imported_before for each in done) == [False, True, True, True]
    assert rows(warehouse, "SELECT count(*) FROM reconciliation.settlement_items") == [(500,)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mp-1,2026-13,charge,1,CNY", "2026-13"),
        ("mp-1,2026-10-01,charge,1,CNY", "period"),
        ("mp-1,2026-10-01T00:30:00Z,charge,1,CNY", "is not the start of a full hour"),
        ("mp-1,2026-10-01T00:00:00,charge,1,CNY", "period"),
        ("mp 1,2026-10,charge,1,CNY", "visible ASCII"),
        (",2026-10,charge,1,CNY", "visible ASCII"),
        ("mp-1,2026-10,payout,1,CNY", "is neither charge nor refund"),
        ("mp-1,2026-10,charge,-1,CNY", "is negative, and a charge is not"),
        ("mp-1,2026-10,refund,1,CNY", "is positive, and a refund is not"),
        ("mp-1,2026-10,charge,1e3,CNY", "amount"),
        ("mp-1,2026-10,charge,NaN,CNY", "amount"),
        ("mp-1,2026-10,charge,,CNY", "amount"),
        ("mp-1,2026-10,charge,1,RMB", "ISO 4217"),
        ("mp-1,2026-10,charge,1", "has 4 values"),
    ],
)
def test_a_bad_line_is_named_with_its_number_and_the_others_are_stored(
    warehouse: Engine, tmp_path: Path, line: str, said: str
) -> None:
    done = load(warehouse, tmp_path, "mp-1,2026-10,charge,1,CNY", line, "mp-2,2026-10,refund,-1.50,CNY")
    [mistake] = done.wrong
    assert "settlement.csv line 3" in str(mistake)
    assert said in str(mistake)
    stored = rows(warehouse, "SELECT line_no, charged_id FROM reconciliation.settlement_items ORDER BY line_no")
    assert stored == [(2, "mp-1"), (4, "mp-2")]
    assert rows(warehouse, "SELECT items, rejected FROM reconciliation.settlement_files") == [(2, 1)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"charged_id,period,kind,amount\nmp-1,2026-10,charge,1\n", "has no column currency"),
        (HEADER.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04 a spreadsheet", "ZIP archive"),
        (HEADER.encode() + b'"mp-1,2026-10', "is not CSV"),
    ],
)
def test_a_file_that_is_no_export_is_refused_and_stores_nothing(
    warehouse: Engine, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "settlement.csv"
    file.write_bytes(content)
    with pytest.raises(InvalidInputError, match=said):
        import_settlement(warehouse, file, AT, "a test")
    assert rows(warehouse, "SELECT count(*) FROM reconciliation.settlement_files") == [(0,)]


def test_a_file_of_more_rows_than_memory_should_hold_is_refused(
    warehouse: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_files, "_MOST_ROWS", 1)
    with pytest.raises(InvalidInputError, match="it has more than 1 rows"):
        load(warehouse, tmp_path, "mp-1,2026-10,charge,1,CNY", "mp-2,2026-10,charge,1,CNY")


def test_a_file_that_is_not_there_is_said(warehouse: Engine, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        import_settlement(warehouse, tmp_path / "none.csv", AT, "a test")


def test_every_verdict_has_its_words() -> None:
    with_refund = {"agrees", "differs_by_rounding", "differs", "missing_here", "missing_there", "refund"}
    assert set(SETTLEMENT_VERDICTS) == with_refund


def test_the_database_itself_keeps_the_sign_of_a_kind(warehouse: Engine, tmp_path: Path) -> None:
    load(warehouse, tmp_path, f"mp-1,{PERIOD},charge,1,CNY")
    with pytest.raises(Exception, match="sign"), warehouse.begin() as connection:
        connection.execute(text("UPDATE reconciliation.settlement_items SET kind = 'refund'"))
