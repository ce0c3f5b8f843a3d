"""How the command line prints: text as it is, and listings as tables for people, JSON or CSV for programs.

Ids, reasons and names come from people, so nothing that is printed is read as markup. Where the output is no terminal
it has no width: nothing is cut or wrapped. On a terminal a table's cells are folded, never shortened.
"""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from getpass import getuser
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from include.domain.money import Decimal
from include.domain.people import by_hand
from include.domain.text import no_formula

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Listing(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


if TYPE_CHECKING:
    #: A table's cells by heading: a field of the row, or what makes the cell of it.
    Columns = dict[str, str | Callable[[Any], str]]

#: The option of every command that lists something.
Form = Annotated[Listing, typer.Option("--format", help="table for people; json or csv for programs.")]

#: Wider than any table: Rich shortens cells to the width that it is given.
_NO_WIDTH = 10_000_000


def say(text: object, style: str = "") -> None:
    """Print text to standard output as it is."""
    Console(highlight=False).print(Text(str(text), style), soft_wrap=True)


def print_error(text: object) -> None:
    """Print text to standard error as it is."""
    Console(stderr=True, highlight=False).print(Text(str(text)), soft_wrap=True)


def print_table(headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows of text under headings, without a frame."""
    table = Table(box=None)
    for heading in headings:
        table.add_column(Text(heading), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else _NO_WIDTH).print(table)


def print_rows(
    form: Listing,
    rows: Sequence[Any],
    *,
    columns: Columns,
    fields: Sequence[str],
    nothing: str,
) -> None:
    """Print rows in one of three forms: amounts exact, instants in UTC.

    Args:
        form: which.
        rows: by field.
        columns: for people.
        fields: for programs, in their order; there are no others, and a CSV header names them also without rows.
        nothing: what people read where there are no rows.
    """
    if form is Listing.JSON:
        print(json.dumps([{name: _as_json(row[name]) for name in fields} for row in rows], indent=2))  # noqa: T201
    elif form is Listing.CSV:
        cells = [[as_cell(row[name]) for name in fields] for row in rows]
        csv.writer(sys.stdout, lineterminator="\n").writerows([fields, *cells])
    elif rows:
        made = [
            tuple(_text(row[column]) if isinstance(column, str) else column(row) for column in columns.values())
            for row in rows
        ]
        print_table(tuple(columns), made)
    else:
        say(nothing)


def print_json(value: dict[str, Any]) -> None:
    """Print one object: amounts as text and exact, instants in UTC."""
    print(json.dumps(value, indent=2, default=_as_json))  # noqa: T201


def _text(value: object) -> str:
    return "—" if value is None else str(_as_json(value))


def _as_json(value: object) -> object:
    """Money as text, so that no digit is lost; instants in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def as_cell(value: object) -> object:
    """A value of a CSV file, which no spreadsheet takes for a formula."""
    plain = _as_json(value)
    if isinstance(plain, bool):
        return str(plain).lower()
    return no_formula(value) if isinstance(value, str) else "" if plain is None else plain


def person() -> str:
    """The user of this computer, by which the command line decides and enters things."""
    return by_hand(getuser(), "command line")
