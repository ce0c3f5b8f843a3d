"""Reads CSV files row by row into values: a row that breaks a rule is named with its line, and the others go on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from include.catalog.text_files import read_table
from include.domain.errors import InvalidInputError
from include.domain.text import LONGEST_ID, storable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_Row = TypeVar("_Row")
_ID = re.compile(rf"[!-~]{{1,{LONGEST_ID}}}")
_SHOWN = 60
#: All of them are held in memory.
_MOST_ROWS = 1_000_000


class Columns(NamedTuple):
    """The columns of a file, in any order; others are ignored.

    Attributes:
        needed: every file has each of them once.
        optional: a file may have them.
    """

    needed: Sequence[str]
    optional: Sequence[str] = ()


def read_rows(
    file: Path, columns: Columns, read: Callable[[int, Mapping[str, str]], _Row]
) -> tuple[list[_Row], list[InvalidInputError]]:
    """The rows that `read` makes values of, and what is wrong with each of the others, in the order of the file.

    Args:
        file: CSV with a header.
        columns: those of the header.
        read: makes a value of a line's number and its cells by column, without white space around them; raises
            InvalidInputError, whose `what` is the column, where the row breaks a rule.

    Raises:
        InvalidInputError: when the file is no CSV, does not have the needed columns once each, or has too many rows.
    """
    rows: list[_Row] = []
    wrong: list[InvalidInputError] = []
    header: list[str] | None = None
    for number, cells in read_table(file):
        if header is None:
            header = _checked_header(file, cells, columns)
            continue
        if len(rows) + len(wrong) >= _MOST_ROWS:
            raise InvalidInputError("File", file.name, f"has more than {_MOST_ROWS:,} rows", "Divide it by month.")
        try:
            if len(cells) != len(header):
                rule = f"has {len(cells)} values, and the header has {len(header)}"
                raise InvalidInputError("row", None, rule, "Give each column one value.")  # noqa: TRY301
            rows.append(read(number, dict(zip(header, (cell.strip() for cell in cells), strict=True))))
        except InvalidInputError as error:
            where = f"{file.name} line {number}, {error.what}"
            wrong.append(InvalidInputError(where, error.value, error.rule, error.remedy))
    if header is None:
        _checked_header(file, [], columns)
    return rows, wrong


def read_id(column: str, text: str) -> str:
    """An id as it is.

    Raises:
        InvalidInputError: when it has no visible ASCII characters only, or too many.
    """
    if not _ID.fullmatch(text):
        rule = f"must be 1 to {LONGEST_ID} visible ASCII characters"
        raise InvalidInputError(column, storable(text, _SHOWN), rule, "Write the id as it is known.")
    return text


def _checked_header(file: Path, cells: list[str], columns: Columns) -> list[str]:
    names = [cell.strip() for cell in cells]
    for column in (*columns.needed, *columns.optional):
        found = names.count(column)
        if found > 1 or (not found and column in columns.needed):
            rule = f"has the column {column} more than once" if found else f"has no column {column}"
            raise InvalidInputError("File", file.name, rule, f"Write the header {','.join(columns.needed)}.")
    return names
