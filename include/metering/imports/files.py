"""Reads files of usage history piece by piece, whatever their form, into one shape.

A piece is a frame of text: the columns of `COLUMNS` as the file writes them, an absent value as the empty text, indexed
by row number from 1 (a header is no row). A line that is no row keeps its number: a piece with such lines has the
columns of `BROKEN` too. No more than one piece is in memory. A file that cannot be read to its end, or that has other
columns, is no usage file: `InvalidInputError`, and the caller loads nothing of it.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from include.catalog.text_files import open_text, parse_json_object, read_lines, read_table
from include.domain.errors import InvalidInputError
from include.domain.text import storable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = ["subscription_id", "instance_id", "hour", "aku_seconds"]
#: What is wrong with a line that is no row (empty for rows), and the line.
BROKEN = ["broken", "line"]
_NOTHING_LOADED = "Nothing of it was loaded."
PIECE_ROWS = 100_000
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
    read = {"csv": _read_csv, "jsonl": _read_jsonl, "parquet": _read_parquet}[form_of(file)]
    row = 1
    try:
        for piece in read(file, piece_rows):
            piece.index = pd.RangeIndex(row, row + len(piece))
            row += len(piece)
            yield piece
        if row == 1:
            raise _unreadable(file, "has no row", "Send it again, with the hours in it.")
    except OSError as error:
        raise _unreadable(
            file, f"cannot be read ({error.strerror or error})", f"{_NOTHING_LOADED} Send it again."
        ) from None
    except InvalidInputError as error:
        raise InvalidInputError(error.what, error.value, error.rule, f"{_NOTHING_LOADED} {error.remedy}") from None


def _read_csv(file: Path, piece_rows: int) -> Iterator[pd.DataFrame]:
    """By pandas, which is fast; from the first line with too many fields on line by line, to name such lines."""
    done = 0
    try:
        with (
            open_text(file) as text,
            pd.read_csv(text, dtype=str, na_filter=False, chunksize=piece_rows, low_memory=False) as pieces,
        ):
            for piece in pieces:
                _check_columns(file, list(piece.columns))
                if not isinstance(piece.index, pd.RangeIndex):
                    break  # pandas takes the surplus for row labels when the first row already has it
                yield piece[COLUMNS]
                done += len(piece)
            else:
                return
    except pd.errors.EmptyDataError:
        raise _unreadable(file, "is empty", "Send it again.") from None
    except pd.errors.ParserError:
        pass
    yield from _read_csv_by_line(file, piece_rows, done)


def _read_csv_by_line(file: Path, piece_rows: int, done: int) -> Iterator[pd.DataFrame]:
    table = read_table(file)
    _, header = next(table, (1, []))
    _check_columns(file, header)
    places = [header.index(name) for name in COLUMNS]
    table = islice(table, done, None)
    while piece := list(islice(table, piece_rows)):
        rows: list[tuple[str, ...]] = []
        broken: dict[int, tuple[str, str]] = {}
        for line, cells in piece:
            if len(cells) > len(COLUMNS):
                rule = f"line {line} has {len(cells)} fields, not {len(COLUMNS)}"
                broken[len(rows)] = (rule, ",".join(cells))
                cells = []  # noqa: PLW2901 (a row without values in its place)
            padded = [*cells, *[""] * len(COLUMNS)]
            rows.append(tuple(padded[place] for place in places))
        yield _frame(rows, broken)


def _read_jsonl(file: Path, piece_rows: int) -> Iterator[pd.DataFrame]:
    lines = read_lines(file)
    has_whole, first_mistake = False, ""
    first_names: list[str] = []
    while piece := list(islice(lines, piece_rows)):
        rows: list[tuple[str, ...]] = []
        broken: dict[int, tuple[str, str]] = {}
        for number, line in piece:
            try:
                found = parse_json_object(line, digits_as_text=True)
                if unknown := sorted(found.keys() - set(COLUMNS)):
                    raise ValueError(f"has {', '.join(map(repr, unknown))[:200]} besides the columns")  # noqa: TRY301
            except ValueError as error:
                broken[len(rows)] = (f"line {number} {error}", line)
                found = {}
            has_whole = has_whole or len(found) == len(COLUMNS)
            rows.append(tuple(_as_text(found.get(name)) for name in COLUMNS))
            first_names = first_names or list(found)
        first_mistake = first_mistake or next((rule for rule, _ in broken.values()), "")
        yield _frame(rows, broken)
    if first_mistake and not has_whole:
        raise _unreadable(file, f"holds no row ({first_mistake})", f"Write objects of {', '.join(COLUMNS)}.")
    if first_names and not has_whole:
        _check_columns(file, first_names)


def _frame(rows: list[tuple[str, ...]], broken: dict[int, tuple[str, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS, dtype=str)
    if not broken:
        return frame
    mistakes = [broken.get(place, ("", "")) for place in range(len(rows))]
    return frame.assign(**{name: [mistake[at] for mistake in mistakes] for at, name in enumerate(BROKEN)})


def _as_text(value: object) -> str:
    """The value as text, with U+FFFD for half characters, which no file in UTF-8 and no frame can hold."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if text.isascii() else storable(text)


def _read_parquet(file: Path, piece_rows: int) -> Iterator[pd.DataFrame]:
    try:
        with pq.ParquetFile(file) as source:
            # Before the first row: a column of another type may not be convertible to text at all.
            _check_columns(file, source.schema_arrow.names)
            for batch in source.iter_batches(batch_size=piece_rows):
                texts = [column.cast(pa.string()).fill_null("") for column in batch.columns]
                yield pa.table(texts, names=batch.schema.names).to_pandas()
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise _unreadable(file, f"is not a whole Parquet file ({reason})", "Export and send it again.") from None


def _check_columns(file: Path, found: list[str]) -> None:
    if sorted(found) != sorted(COLUMNS):
        raise InvalidInputError(
            f"Header of {file.name}",
            ", ".join(str(name) for name in found)[:200],
            f"must be {', '.join(COLUMNS)} (in any order)",
            "Rename, add or drop columns.",
        )


def _unreadable(file: Path, rule: str, remedy: str) -> InvalidInputError:
    return InvalidInputError("File", file.name, rule, remedy)
