"""Files in a folder, and the ledger that names them."""

from __future__ import annotations

import shutil
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.domain.errors import InvalidInputError
from include.orchestration.exports import folder_of
from include.reporting import document_words, documents
from include.reporting.exports import (
    DuePeriod,
    IncompleteExportError,
    NoPlaceError,
    export_bill,
    export_period,
    find_due_periods,
)
from include.warehouse.engine import alone
from tests.support.builders import ZONE, make_buyer, make_subscription
from tests.support.documents import ISSUED, NOTE, PAYG, PREPAID, fill_documents, line, make_document

if TYPE_CHECKING:
    from collections.abc import Callable
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
    assert find_due_periods(filled, tmp_path, LATER, "en", ZONE) == [
        DuePeriod(period, every) for period in ("2026-10", "2026-11", "2026-12")
    ]
    for form in every:
        list(export_period(filled, "2026-10", tmp_path, LATER, form=form, only_new=True))
    assert [due.period for due in find_due_periods(filled, tmp_path, LATER, "en", ZONE)] == ["2026-11", "2026-12"]
    assert find_due_periods(filled, tmp_path, LATER, "zh", ZONE)[0] == DuePeriod("2026-10", ["pdf"])
    assert list(export_period(filled, "2026-10", tmp_path, LATER, only_new=True)) == []


@pytest.mark.parametrize("other", ["elsewhere", "regular/inside", "", "regular-2"])
def test_what_was_written_elsewhere_is_still_due_here(filled: Engine, tmp_path: Path, other: str) -> None:
    regular, every = tmp_path / "regular", ["pdf", "csv", "focus"]
    before = find_due_periods(filled, regular, LATER, "en", ZONE)
    for form in every:
        list(export_period(filled, "2026-10", tmp_path / other, LATER, form=form))
    assert find_due_periods(filled, regular, LATER, "en", ZONE) == before
    assert len(list(export_period(filled, "2026-10", regular, LATER, only_new=True))) == 2
    assert find_due_periods(filled, regular, LATER, "en", ZONE)[0] == DuePeriod("2026-10", ["csv", "focus"])


def test_the_regular_file_gets_a_bill_that_an_export_elsewhere_has_already(filled: Engine, tmp_path: Path) -> None:
    regular, elsewhere = tmp_path / "regular", tmp_path / "elsewhere"
    list(export_period(filled, "2026-10", regular, LATER, form="csv"))
    with filled.begin() as connection:
        key = make_subscription(connection, make_buyer(connection, "1100000000000099"), "late")
        make_document(connection, key, "2026-10-late", [line()])
    list(export_period(filled, "2026-10", elsewhere, LATER, form="csv"))
    assert "csv" in find_due_periods(filled, regular, LATER, "en", ZONE)[0].formats
    [file] = export_period(filled, "2026-10", regular, LATER, form="csv")
    assert file.document_count == 3
    assert "2026-10-late" in (regular / "2026-10/lines-2026-10.csv").read_text()
    assert "csv" not in find_due_periods(filled, regular, LATER, "en", ZONE)[0].formats


def test_two_exports_of_one_file_take_turns_so_that_the_last_one_holds_all(filled: Engine, tmp_path: Path) -> None:
    """Another run holds the file; what is issued meanwhile is in what is written afterwards."""

    def waits() -> bool:
        with filled.connect() as connection:
            return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))

    def export() -> int:
        [file] = export_period(filled, "2026-10", tmp_path, LATER, form="csv")
        return file.document_count

    with ThreadPoolExecutor(1) as pool:
        with alone(filled, ("export", str(tmp_path), "2026-10", "csv")):
            running = pool.submit(export)
            deadline = time.monotonic() + 60
            while not waits():
                assert not running.done()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            with filled.begin() as connection:
                key = make_subscription(connection, make_buyer(connection, "1100000000000099"), "late")
                make_document(connection, key, "2026-10-late", [line()])
        assert running.result(60) == 3


def test_a_file_says_which_bills_of_its_period_it_cannot_hold_yet(filled: Engine, tmp_path: Path) -> None:
    [file] = export_period(filled, "2026-10", tmp_path, LATER, form="csv")
    assert (file.missing, file.completeness) == ([], "all 2 documents of 2026-10")
    with filled.begin() as connection:
        key = make_subscription(connection, make_buyer(connection, "1100000000000099"), "late")
        make_document(connection, key, "2026-10-late", [line()], state="held")
    for form in ("csv", "focus"):
        [file] = export_period(filled, "2026-10", tmp_path, LATER, form=form)
        assert file.missing == ["2026-10-late"]
        assert file.completeness == (
            "2 documents of 2026-10; not complete: 1 bill is not issued yet (2026-10-late). It is written again when "
            "it is."
        )


def test_a_note_is_printed_at_once_but_its_month_is_written_when_it_is_over(filled: Engine, tmp_path: Path) -> None:
    on_the_day = ISSUED + timedelta(days=40)
    assert find_due_periods(filled, tmp_path, on_the_day, "en", ZONE)[-1] == DuePeriod("2026-12", ["pdf"])


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


def test_a_document_that_cannot_be_printed_keeps_back_no_other(
    filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = tmp_path / "typst"
    shutil.copytree(document_words.TYPST, template)
    bill = (template / "bill.typ").read_text(encoding="utf-8")
    broken = f'#if sys.inputs.page.contains("{PAYG}") {{ panic("a fault of the template") }}\n'
    (template / "bill.typ").write_text(broken + bill, encoding="utf-8")
    monkeypatch.setattr(documents, "TYPST", template)
    documents._compiler.cache_clear()
    with pytest.raises(IncompleteExportError, match=f"All other files were written. Document {PAYG} cannot be printed"):
        list(export_period(filled, "2026-10", tmp_path / "out", LATER))
    documents._compiler.cache_clear()
    assert list(ledger(filled)) == [f"{tmp_path}/out/2026-10/bills/{PREPAID}.en.pdf"]


@pytest.mark.parametrize("kind", [str, "file://{}".format])
def test_what_is_written_is_for_its_owner_only(
    filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Callable[[Path], str]
) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    tmp_path.chmod(0o755)
    folder = folder_of(kind(tmp_path / "new" / "exports"))
    for form in ("pdf", "csv", "focus"):
        list(export_period(filled, "2026-10", folder, LATER, form=form))
    paths = list((tmp_path / "new").rglob("*"))
    assert {mode(path) for path in paths if path.is_file()} == {0o600}
    assert {mode(path) for path in [tmp_path / "new", *paths] if path.is_dir()} == {0o700}
    assert mode(tmp_path) == 0o755
    (tmp_path / "new/exports/2026-10/lines-2026-10.csv").chmod(0o644)
    list(export_period(filled, "2026-10", folder, LATER, form="csv"))
    assert mode(tmp_path / "new/exports/2026-10/lines-2026-10.csv") == 0o600
    assert sorted(path.name for path in (tmp_path / "new/exports/2026-10").iterdir()) == [
        *("bills", "focus-1.2-2026-10.parquet", "lines-2026-10.csv"),
    ]


@pytest.mark.parametrize("place", ["file", "file/inside", "x" * 300, "/proc/nothing"])
def test_a_place_that_no_file_can_be_written_to_is_named(filled: Engine, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoPlaceError, match="is no place that files can be written to"):
        export_bill(filled, PAYG, tmp_path / place, LATER)
    assert ledger(filled) == {}


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
