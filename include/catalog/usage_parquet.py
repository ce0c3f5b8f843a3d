"""Reads usage files in Parquet, by row group and piece, without ever unpacking more than a piece.

Texts stay in the file's own dictionaries until a piece of them is known to be small: one long value and a million
references to it take as much as the value. What can grow without such a bound is refused by the file's own
description, before anything is decoded: lists, bytes of a large fixed width, values that are written as their
difference to the value before, and row groups that are large when they are unpacked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.catalog import usage_shape
from include.catalog.usage_shape import LONGEST_CELL, PIECE_BYTES, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd

#: Of one column of one row group, unpacked: Arrow may hold that much at once.
_MOST_GROUP_BYTES = 256_000_000
_LONGEST_CHARACTER = 4
#: Writes what a value has in common with the one before as a number: a few bytes may be any length.
_BY_DIFFERENCE = "DELTA_BYTE_ARRAY"
_PLAIN_TYPES: tuple[Callable[[pa.DataType], bool], ...] = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary),
    *(pa.types.is_large_binary, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    *(pa.types.is_boolean, pa.types.is_null, pa.types.is_temporal),
)


def read_parquet(
    file: Path, piece_rows: int, check_columns: Callable[[Path, list[str]], None]
) -> Iterator[pd.DataFrame]:
    """The file's rows as text, in pieces of at most that many rows.

    Raises:
        InvalidInputError: when it is no whole Parquet file, has other columns, or breaks a limit.
    """
    try:
        with file.open("rb") as stream:
            described = pq.ParquetFile(stream)
            # Before the first row: a column of another type may not be convertible to text at all.
            check_columns(file, described.schema_arrow.names)
            _check_description(file, described)
            source = pq.ParquetFile(stream, read_dictionary=described.schema_arrow.names)
            row, decoded = 1, 0
            for batch in source.iter_batches(batch_size=piece_rows):
                sizes = {name: _sizes(column) for name, column in zip(batch.schema.names, batch.columns, strict=True)}
                _check_sizes(file, row, batch, sizes)
                decoded += sum(pc.sum(each).as_py() or 0 for each in sizes.values())
                usage_shape.check_decoded_bytes(file, decoded)
                row += len(batch)
                yield from _pieces(batch, sum(pc.max(each).as_py() or 0 for each in sizes.values()))
    except pa.ArrowException as error:
        raise _not_whole(file, str(error).splitlines()[0]) from None


def _check_description(file: Path, source: pq.ParquetFile) -> None:
    """Refuse by what the file says of itself."""
    usage_shape.check_row_count(file, source.metadata.num_rows, is_all=True)
    for field in source.schema_arrow:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        is_short = pa.types.is_fixed_size_binary(kind) and kind.byte_width <= LONGEST_CELL
        if not is_short and not any(is_plain(kind) for is_plain in _PLAIN_TYPES):
            raise _not_whole(file, f"column {field.name} holds {kind}, neither texts nor numbers nor times")
    for number in range(source.metadata.num_row_groups):
        group = source.metadata.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            if _BY_DIFFERENCE in column.encodings:
                rule = f"has column {column.path_in_schema} in the encoding {_BY_DIFFERENCE}"
                raise refused(file, rule, "Write it in plain or dictionary encoding, as Parquet version 1 does.")
            if column.total_uncompressed_size > _MOST_GROUP_BYTES:
                rule = f"has a row group with more than {_MOST_GROUP_BYTES // 1_000_000} MB in one column"
                raise refused(file, rule, "Write it in smaller row groups.")


def _sizes(column: pa.Array) -> pa.Array:
    """How many bytes each value takes as text."""
    if pa.types.is_dictionary(column.type):
        return pc.binary_length(column.dictionary).take(column.indices)
    is_text = not pa.types.is_primitive(column.type) and not pa.types.is_null(column.type)
    return pc.binary_length(column if is_text and not pa.types.is_decimal(column.type) else column.cast(pa.string()))


def _check_sizes(file: Path, row: int, batch: pa.RecordBatch, sizes: dict[str, pa.Array]) -> None:
    """Refuse a value that must be too long, whatever its characters are; `check_cells` counts those of the others."""
    for name, lengths in sizes.items():
        if (pc.max(lengths).as_py() or 0) > LONGEST_CELL * _LONGEST_CHARACTER:
            place = pc.index(pc.greater(lengths, LONGEST_CELL * _LONGEST_CHARACTER), True).as_py()
            value = batch.column(name)[place].as_py()
            start = value if isinstance(value, str) else value.decode(errors="replace")
            raise usage_shape.long_cell(file, row + place, name, start)


def _pieces(batch: pa.RecordBatch, longest_row: int) -> Iterator[pd.DataFrame]:
    rows = max(1, PIECE_BYTES // max(1, longest_row))
    for start in range(0, len(batch), rows):
        part = batch.slice(start, rows)
        texts = [column.cast(pa.string()).fill_null("") for column in part.columns]
        yield pa.table(texts, names=part.schema.names).to_pandas()


def _not_whole(file: Path, reason: str) -> Exception:
    return refused(file, f"is not a whole Parquet file ({reason})", "Export and send it again.")
