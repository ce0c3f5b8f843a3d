"""Reads files of usage history piece by piece, whatever their form, into one shape.

A piece is a frame of text: the columns of `COLUMNS` as the file writes them, an absent value as the empty text, indexed
by row number from 1 (a header is no row). No more than one piece is in memory. A file that can not be read to its end,
or that has other columns, is no usage file: `InvalidInputError`, and the caller loads nothing of it.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from include.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COLUMNS = ["subscription_id", "instance_id", "hour", "aku_seconds"]
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
        InvalidInputError: when the file can not be read to its end, has other columns, or has no row.
    """
    read = {"csv": _read_csv, "jsonl": _read_jsonl, "parquet": _read_parquet}[form_of(file)]
    row = 1
    try:
        for piece in read(file, piece_rows):
            _check_columns(file, list(piece.columns))
            piece.index = pd.RangeIndex(row, row + len(piece))
            row += len(piece)
            yield piece[COLUMNS]
    except UnicodeError:
        raise _unreadable(file, "is not written in UTF-8", "Save it as UTF-8.") from None
    except OSError as error:
        raise _unreadable(file, f"can not be read ({error.strerror or error})", "Send it again.") from None
    if row == 1:
        raise _unreadable(file, "has no row", "Send it again, with the hours in it.")


def _read_csv(file: Path, piece_rows: int) -> Iterator[pd.DataFrame]:
    try:
        with pd.read_csv(
            file, dtype=str, na_filter=False, encoding="utf-8-sig", chunksize=piece_rows, low_memory=False
        ) as pieces:
            for piece in pieces:
                if not isinstance(piece.index, pd.RangeIndex):
                    # pandas takes the surplus for row labels when the first row already has it.
                    raise _unreadable(file, "has rows with more fields than its header", "Correct or export it again.")
                yield piece
    except pd.errors.EmptyDataError:
        raise _unreadable(file, "is empty", "Send it again.") from None
    except pd.errors.ParserError as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise _unreadable(file, f"is not a whole CSV file ({reason})", "Correct or export it again.") from None


def _read_jsonl(file: Path, piece_rows: int) -> Iterator[pd.DataFrame]:
    with file.open(encoding="utf-8-sig") as lines:
        objects = _json_objects(file, lines)
        while piece := list(islice(objects, piece_rows)):
            yield pd.DataFrame(piece).fillna("").astype(str)


def _json_objects(file: Path, lines: Iterator[str]) -> Iterator[dict[str, str]]:
    # Numbers stay as they are written: read as floats, 1e400 and 0.1 would be something else.
    decode: Callable[[str], object] = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str).decode
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = decode(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise _unreadable(
                file, f"is not JSON Lines (line {number} is not a whole object)", "Correct or export it again."
            )
        yield {name: value if isinstance(value, str) else _as_text(value) for name, value in found.items()}


def _as_text(value: object) -> str:
    return "" if value is None else json.dumps(value)


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
    return InvalidInputError("File", file.name, rule, f"Nothing of it was loaded. {remedy}")
