"""Files in a folder, and the ledger that names them."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.domain.errors import InvalidInputError
from include.reporting.exports import DuePeriod, export_bill, export_period, find_due_periods
from tests.support.builders import ZONE, make_buyer, make_subscription
from tests.support.documents import ISSUED, NOTE, PAYG, PREPAID, fill_documents, line, make_document

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

LATER = ISSUED + timedelta(days=90)


@pytest.fixture
def filled(warehouse: Engine) -> Engine:
    with warehouse.begin() as connection:
        fill_documents(connection)
    return warehouse


def ledger(warehouse: Engine) -> dict[str, str]:
    with warehouse.connect() as connection:
        return dict(connection.execute(text("SELECT uri, sha256 FROM reporting.exports ORDER BY export_key")).all())


def test_the_same_export_twice_gives_the_same_files_and_one_entry_each(filled: Engine, tmp_path: Path) -> None:
    for at in (ISSUED, LATER):
        for form in ("pdf", "csv", "focus"):
            files = list(export_period(filled, "2026-10", tmp_path, at, form=form))
            assert [file.document_count for file in files] == ([1, 1] if form == "pdf" else [2])
    found = {str(path): sha256(path.read_bytes()).hexdigest() for path in tmp_path.rglob("*") if path.is_file()}
    assert ledger(filled) == found
    assert sorted(path.removeprefix(str(tmp_path)) for path in found) == [
        f"/2026-10/bills/{PAYG}.en.pdf",
        f"/2026-10/bills/{PREPAID}.en.pdf",
        "/2026-10/focus-1.2-2026-10.parquet",
        "/2026-10/lines-2026-10.csv",
    ]
    with filled.connect() as connection:
        assert connection.scalars(text("SELECT DISTINCT exported_at FROM reporting.exports")).all() == [LATER]


def test_a_bill_that_the_marketplace_confirmed_since_keeps_its_files(filled: Engine, tmp_path: Path) -> None:
    def written() -> list[str]:
        return [file.sha256 for form in ("pdf", "csv", "focus")
                for file in export_period(filled, "2026-10", tmp_path, ISSUED, form=form)]  # fmt: skip

    before = written()
    with filled.begin() as connection:
        connection.execute(
            text("UPDATE billing.bills SET state = 'reconciled', reconciled_at = now() WHERE period = '2026-10'")
        )
    assert written() == before


def test_what_has_no_file_yet_is_due_and_then_no_more(filled: Engine, tmp_path: Path) -> None:
    every = ["pdf", "csv", "focus"]
    assert find_due_periods(filled, LATER, "en", ZONE) == [
        DuePeriod(period, every) for period in ("2026-10", "2026-11", "2026-12")
    ]
    for form in every:
        list(export_period(filled, "2026-10", tmp_path, LATER, form=form, only_new=True))
    assert [due.period for due in find_due_periods(filled, LATER, "en", ZONE)] == ["2026-11", "2026-12"]
    assert find_due_periods(filled, LATER, "zh", ZONE)[0] == DuePeriod("2026-10", ["pdf"])
    assert list(export_period(filled, "2026-10", tmp_path, LATER, only_new=True)) == []


def test_a_note_is_printed_at_once_but_its_month_is_written_when_it_is_over(filled: Engine) -> None:
    on_the_day = ISSUED + timedelta(days=40)
    assert find_due_periods(filled, on_the_day, "en", ZONE)[-1] == DuePeriod("2026-12", ["pdf"])


def test_a_note_lies_with_the_month_in_which_it_was_issued(filled: Engine, tmp_path: Path) -> None:
    assert export_bill(filled, NOTE, tmp_path, LATER).uri == f"{tmp_path}/2026-12/bills/{NOTE}.en.pdf"
    assert export_bill(filled, NOTE, tmp_path, LATER, form="csv").language is None


def test_a_draft_can_be_written_but_is_not_entered(warehouse: Engine, tmp_path: Path) -> None:
    with warehouse.begin() as connection:
        make_document(
            connection, make_subscription(connection, make_buyer(connection)), "a/../b", [line()], state="draft"
        )
    file = export_bill(warehouse, "a/../b", tmp_path, ISSUED, language="zh")
    assert file.uri == f"{tmp_path}/2026-10/bills/a%2F..%2Fb.zh.pdf"
    assert ledger(warehouse) == {}


def test_what_cannot_be_written_is_refused(filled: Engine, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="pdf and csv"):
        export_bill(filled, PAYG, tmp_path, LATER, form="focus")
    with pytest.raises(InvalidInputError, match="pdf, csv, focus"):
        list(export_period(filled, "2026-10", tmp_path, LATER, form="xls"))
    with pytest.raises(InvalidInputError, match="YYYY-MM"):
        list(export_period(filled, "October", tmp_path, LATER))
    with pytest.raises(InvalidInputError, match="en, zh"):
        list(export_period(filled, "2026-10", tmp_path, LATER, language="fr"))
    assert ledger(filled) == {}
