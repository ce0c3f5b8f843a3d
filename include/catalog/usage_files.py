"""Reads files of usage piece by piece, whatever their form, into one shape.

A piece is a frame of text: the columns of `COLUMNS` and those of `SIZES` that the file has, as it writes them, an
absent value as the empty text, indexed by row number from 1 (a header is no row). A line that is no row keeps its
number: a piece with such lines has the columns of `BROKEN` too. No more than one piece is in memory. A file that cannot
be read to its end, that has other columns, or that breaks a limit (usage_shape.py) is no usage file:
`InvalidInputError`, and the caller loads nothing.
"""

from __future__ import annotations

import json
from io import TextIOBase
from itertools import islice
from typing import TYPE_CHECKING, TextIO, TypeVar

import pandas as pd

from include.catalog.text_files import open_text, parse_json_object, read_lines, read_table
from include.catalog.usage_parquet import read_parquet
from include.catalog.usage_shape import COLUMNS, PIECE_BYTES, SIZES, check_cells, check_file, check_row_count, refused
from include.domain.errors import InvalidInputError
from include.domain.text import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

_Line = TypeVar("_Line", str, list[str])
#: What is wrong with a line that is no row (empty for rows), and the line.
BROKEN = ["broken", "line"]
_NOTHING_LOADED = "Nothing of it was loaded."
PIECE_ROWS = 100_000
#: Characters of one line: far more than four of the longest values, each character written as \\uXXXX.
_LONGEST_LINE = 128_000
#: A file name's ending → the form of what it holds.
FORMS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


def form_of(file: Path) -> str:
    """csv, jsonl or parquet, from the file's name.

    Raises:
        InvalidInputError: when the name says none of them.
    """
    try:
        return FORMS[file.suffix.lower()]
    except KeyError:
        raise InvalidInputError(
            "File", file.name, f"does not end in {', '.join(FORMS)}", "Name it after what it holds."
        ) from None


def read_pieces(file: Path, piece_rows: int = PIECE_ROWS) -> Iterator[pd.DataFrame]:
    """The file's rows as frames of text of at most that many rows.

    Raises:
        InvalidInputError: when the file cannot be read to its end, has other columns, or has no row.
    """
    form, row = form_of(file), 1
    try:
        check_file(file)
        for piece in _read(file, form, piece_rows):
            piece.index = pd.RangeIndex(row, row + len(piece))
            row += len(piece)
            check_row_count(file, row - 1)
            check_cells(file, piece)
            yield piece
        if row == 1:
            raise refused(file, "has no row", "Send it again, with the hours in it.")
    except OSError as error:
        raise refused(
            file, f"cannot be read ({error.strerror or error})", f"{_NOTHING_LOADED} Send it again."
        ) from None
    except InvalidInputError as error:
        raise InvalidInputError(error.what, error.value, error.rule, f"{_NOTHING_LOADED} {error.remedy}") from None


def _read(file: Path, form: str, piece_rows: int) -> Iterator[pd.DataFrame]:
    if form == "parquet":
        return read_parquet(file, piece_rows, _check_columns)
    return (_read_csv if form == "csv" else _read_jsonl)(file, piece_rows)


class _PieceOfText(TextIOBase):
    """Text as pandas reads it, as long as a piece of it stays small."""

    def __init__(self, text: TextIO) -> None:
        self._text, self.taken = text, 0

    def read(self, size: int | None = -1, /) -> str:
        """The next characters."""
        found = self._text.read(-1 if size is None else size)
        self.taken += len(found)
        if self.taken > PIECE_BYTES:
            raise _LongPieceError
        return found


class _LongPieceError(Exception):
    """The rows of a piece are much longer than rows are: a quote may not be closed."""


def _read_csv(file: Path, piece_rows: int) -> Iterator[pd.DataFrame]:
    """By pandas, which is fast; from the first line with too many fields on line by line, to name such lines."""
    done = 0
    try:
        with (
            open_text(file) as opened,
            pd.read_csv(
                text := _PieceOfText(opened), dtype=str, na_filter=False, chunksize=piece_rows, low_memory=False
            ) as pieces,
        ):
            for piece in pieces:
                text.taken = 0
                _check_columns(file, list(piece.columns))
                if not isinstance(piece.index, pd.RangeIndex):
                    break  # pandas takes the surplus for row labels when the first row already has it
                yield piece[_in_order(piece.columns)]
                done += len(piece)
            else:
                return
    except pd.errors.EmptyDataError:
        raise refused(file, "is empty", "Send it again.") from None
    except (pd.errors.ParserError, _LongPieceError):
        pass
    yield from _read_csv_by_line(file, piece_rows, done)


def _read_csv_by_line(file: Path, piece_rows: int, done: int) -> Iterator[pd.DataFrame]:
    table = read_table(file, _LONGEST_LINE)
    _, header = next(table, (1, []))
    _check_columns(file, header)
    columns = _in_order(header)
    places = [header.index(name) for name in columns]
    table = islice(table, done, None)
    while piece := list(_small_piece(table, piece_rows, lambda cells: sum(map(len, cells)))):
        rows: list[tuple[str, ...]] = []
        broken: dict[int, tuple[str, str]] = {}
        for line, cells in piece:
            if len(cells) > len(columns):
                rule = f"line {line} has {len(cells)} fields, not {len(columns)}"
                broken[len(rows)] = (rule, ",".join(cells))
                cells = []  # noqa: PLW2901 (a row without values in its place)
            padded = [*cells, *[""] * len(columns)]
            rows.append(tuple(padded[place] for place in places))
        yield _frame(rows, broken, columns)


def _read_jsonl(file: Path, piece_rows: int) -> Iterator[pd.DataFrame]:
    lines, columns = read_lines(file, _LONGEST_LINE), [*COLUMNS, *SIZES]
    has_whole, first_mistake = False, ""
    first_names: list[str] = []
    while piece := list(_small_piece(lines, piece_rows, len)):
        rows: list[tuple[str, ...]] = []
        broken: dict[int, tuple[str, str]] = {}
        for number, line in piece:
            try:
                found = parse_json_object(line, digits_as_text=True)
                if unknown := sorted(found.keys() - set(columns)):
                    raise ValueError(f"has {', '.join(map(repr, unknown))[:200]} besides the columns")  # noqa: TRY301
            except ValueError as error:
                broken[len(rows)] = (f"line {number} {error}", line)
                found = {}
            has_whole = has_whole or found.keys() >= set(COLUMNS)
            rows.append(tuple(_as_text(found.get(name)) for name in columns))
            first_names = first_names or list(found)
        first_mistake = first_mistake or next((rule for rule, _ in broken.values()), "")
        yield _frame(rows, broken, columns)
    if first_mistake and not has_whole:
        raise refused(file, f"holds no row ({first_mistake})", f"Write objects of {', '.join(COLUMNS)}.")
    if first_names and not has_whole:
        _check_columns(file, first_names)


def _small_piece(
    lines: Iterator[tuple[int, _Line]], piece_rows: int, length: Callable[[_Line], int]
) -> Iterator[tuple[int, _Line]]:
    """The next lines: at most that many, and no more text than a piece may hold."""
    taken = 0
    for number, line in islice(lines, piece_rows):
        yield number, line
        taken += length(line)
        if taken > PIECE_BYTES:
            return


def _frame(rows: list[tuple[str, ...]], broken: dict[int, tuple[str, str]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns, dtype=str)
    if not broken:
        return frame
    mistakes = [broken.get(place, ("", "")) for place in range(len(rows))]
    return frame.assign(**{name: [mistake[at] for mistake in mistakes] for at, name in enumerate(BROKEN)})


def _as_text(value: object) -> str:
    """The value as text, with U+FFFD for half characters, which no file in UTF-8 and no frame can hold."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if text.isascii() else storable(text)


def _in_order(found: Collection[str]) -> list[str]:
    return [name for name in [*COLUMNS, *SIZES] if name in found]


def _check_columns(file: Path, found: list[str]) -> None:
    if sorted(found) != sorted(_in_order(found)) or not set(COLUMNS) <= set(found):
        raise InvalidInputError(
            f"Header of {file.name}",
            ", ".join(str(name) for name in found)[:200],
            f"must be {', '.join(COLUMNS)} (in any order), and may have {' and '.join(SIZES)}",
            "Rename, add or drop columns.",
        )
