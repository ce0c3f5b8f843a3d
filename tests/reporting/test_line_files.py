"""Lines as CSV: exact, in UTF-8, and no formula for a spreadsheet that opens them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from include.domain.money import Decimal
from include.reporting.line_files import COLUMNS, cell, write_lines
from tests.support.builders import make_buyer, make_subscription
from tests.support.documents import NOTE, PAYG, fill_documents, line, make_document

if TYPE_CHECKING:
    from sqlalchemy import Engine


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


def test_lines_and_taxes_of_a_document_add_up_to_its_total(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        fill_documents(connection)
        made = [write_lines(connection, period=period) for period in ("2026-10", "2026-11", "2026-12")]
    assert [file.document_count for file in made] == [2, 2, 1]
    sums: dict[str, Decimal] = {}
    totals: dict[str, Decimal] = {}
    for row in (row for file in made for row in rows_of(file.content)):
        contained = row["kind"] == "tax" and row["tax_is_inclusive"] == "true"
        sums[row["bill_id"]] = sums.get(row["bill_id"], Decimal(0)) + (0 if contained else Decimal(row["amount"]))
        totals[row["bill_id"]] = Decimal(row["document_total"])
    assert sums == totals
    assert len(totals) == 5


def test_a_document_can_be_written_alone_with_what_it_corrects(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        fill_documents(connection)
        made = write_lines(connection, bill_id=NOTE)
    assert made.content.split(b"\r\n")[0].decode() == ",".join(COLUMNS)
    first = rows_of(made.content)[0]
    assert (first["corrects_bill_id"], first["corrects_line_no"], first["amount"]) == (PAYG, "2", "-60.00")
    assert first["issued_at"] == "2026-12-10T16:00:00Z"


@pytest.mark.parametrize("start", [*"=+-@\t\r\n", " =", "\u3000=", "\ufeff=", *"\uff1d\uff0b\uff0d\uff20"])
def test_a_cell_that_a_spreadsheet_takes_for_a_formula_is_guarded(warehouse: Engine, start: str) -> None:
    hostile = f'{start}HYPERLINK("http://x.example","€ 零")'
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), department=hostile)
        make_document(connection, key, "b", [line(description=hostile, reason=hostile)])
        (row,) = rows_of(write_lines(connection, bill_id="b").content)
    assert row["department"] == row["description"] == row["reason"] == f"'{hostile}"


def test_numbers_are_exact_and_negative_ones_stay_numbers() -> None:
    assert cell(Decimal("-0.000000001")) == "-0.000000001"
    assert cell(Decimal("1E+3")) == "1000"
    assert cell(-7) == "-7"
    assert cell(value=True) == "true"
    assert cell(None) == ""
