"""Puts the rows of a file, good and bad, into temporary tables of the import's transaction, by COPY piece by piece.

A staged row names its subscription and instance by the number of their pair, which is given at first sight. Good rows,
which are many, go in PostgreSQL's binary form: values of fixed size, which need not be written as text.
Source of the form: PostgreSQL's manual, COPY, "Binary Format"; a timestamptz is microseconds since 2000-01-01 (UTC).
"""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import csv

from include.warehouse.engine import run_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import psycopg
    from sqlalchemy import Connection

    from include.catalog.usage_rows import BadRow

_GOOD = {
    "row_number": ">i4",
    "pair": ">i4",
    "hour_start": ">i8",
    "aku_seconds": ">i8",
    "peak_aku": ">i4",
    "used_seconds": ">i4",
    "is_sized": "?",
}
_BAD = pa.schema({"row_number": pa.int64(), "rule": pa.string(), "facts": pa.string(), "payload": pa.string()})
_TABLES = (
    "metering/imports/create_staged_instances",
    "metering/imports/create_staged_rows",
    "metering/imports/create_staged_rejections",
)
_PAIR = ["subscription_id", "instance_id"]

# A row is the number of its fields, then each field's size and value.
_SIZED = [(name + suffix, form) for name, value in _GOOD.items() for suffix, form in (("_size", ">i4"), ("", value))]
_ROW = np.dtype([("fields", ">i2"), *_SIZED])
_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_YEAR_2000 = np.datetime64("2000-01-01", "us").astype("int64")


@contextmanager
def staging(connection: Connection) -> Iterator[Staging]:
    """Make the temporary tables staged_rows, staged_rejections and staged_instances, and fill them in the block."""
    run_steps(connection, _TABLES, {})
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor:
        stage = Staging(cursor)
        yield stage
        stage.add_pairs()
    connection.exec_driver_sql("ANALYZE staged_instances, staged_rows")


class Staging:
    """The temporary tables while they are filled."""

    def __init__(self, cursor: psycopg.Cursor) -> None:
        self._cursor = cursor
        self.instance_count = 0
        self._pairs: dict[tuple[str, str], int] = {}

    def add(self, good: pd.DataFrame, bad: list[BadRow]) -> None:
        """Stage rows as `usage_rows.sort_rows` gives them."""
        if len(good):
            rows = np.empty(len(good), _ROW)
            rows["fields"] = len(_GOOD)
            for name in _GOOD:
                rows[f"{name}_size"] = _ROW[name].itemsize
            rows["row_number"] = good.index
            rows["pair"] = self._pair_numbers(good)
            rows["hour_start"] = good["hour_start"].to_numpy("datetime64[us]").astype("int64") - _YEAR_2000
            for name in ("aku_seconds", "peak_aku", "used_seconds", "is_sized"):
                rows[name] = good[name]
            with self._cursor.copy(f"COPY staged_rows ({', '.join(_GOOD)}) FROM STDIN (FORMAT binary)") as copy:
                copy.write(_HEADER + rows.tobytes() + _TRAILER)
        if bad:
            kept = [
                {
                    "row_number": row.row_number,
                    "rule": row.rule,
                    "facts": json.dumps(row.facts),
                    "payload": json.dumps(row.payload),
                }
                for row in bad
            ]
            self._copy_text("staged_rejections", pa.Table.from_pylist(kept, schema=_BAD))

    def add_pairs(self) -> None:
        """Stage all pairs of subscription and instance of the rows so far, with their numbers."""
        subscriptions, instances = zip(*self._pairs, strict=True) if self._pairs else ((), ())
        columns = [range(len(self._pairs)), subscriptions, instances]
        types = [pa.int32(), pa.string(), pa.string()]
        arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        self._copy_text("staged_instances", pa.table(arrays, ["pair", *_PAIR]))

    def _pair_numbers(self, rows: pd.DataFrame) -> pd.Series[int]:
        names = rows[_PAIR].drop_duplicates().itertuples(index=False, name=None)
        numbers = [self._pairs.setdefault(name, len(self._pairs)) for name in names]
        # Groups are numbered in the order in which the pairs appear, as `names` are.
        self.instance_count = len(self._pairs)
        return rows.groupby(_PAIR, sort=False).ngroup().map(dict(enumerate(numbers)))

    def _copy_text(self, table: str, rows: pa.Table) -> None:
        buffer = io.BytesIO()
        csv.write_csv(rows, buffer, csv.WriteOptions(include_header=False))
        with self._cursor.copy(f"COPY {table} ({', '.join(rows.column_names)}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(buffer.getvalue())
