"""Puts the rows of a file, good and bad, into temporary tables of the import's transaction, by one COPY.

A staged row names its subscription and instance by the number of their pair, which is given at first sight. While the
database takes one piece, the next is being read and checked.
"""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import csv

from include.domain.usage import SECONDS_PER_HOUR
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import psycopg
    from sqlalchemy import Connection

    from include.metering.imports_rules import BadRow

_ROWS = pa.schema(
    {
        "row_number": pa.int64(),
        "pair": pa.int32(),
        "hour": pa.int64(),
        "aku_seconds": pa.int64(),
        "rule": pa.string(),
        "sentence": pa.string(),
        "payload": pa.string(),
    }
)
_PAIR = ["subscription_id", "instance_id"]


@contextmanager
def staging(connection: Connection) -> Iterator[Staging]:
    """Make the temporary tables staged_rows and staged_instances, and fill them until the block ends."""
    connection.execute(statement("metering/import_create_staged_instances"))
    connection.execute(statement("metering/import_create_staged_rows"))
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor:
        with cursor.copy(f"COPY staged_rows ({', '.join(_ROWS.names)}) FROM STDIN (FORMAT csv)") as copy:
            stage = Staging(copy)
            yield stage
        with cursor.copy(f"COPY staged_instances (pair, {', '.join(_PAIR)}) FROM STDIN (FORMAT csv)") as copy:
            _write(copy, stage.pairs())
    connection.exec_driver_sql("ANALYZE staged_instances")
    connection.exec_driver_sql("ANALYZE staged_rows")


class Staging:
    """An open COPY into staged_rows."""

    def __init__(self, copy: psycopg.Copy) -> None:
        self._copy = copy
        self._pairs: dict[tuple[str, str], int] = {}

    def add(self, good: pd.DataFrame, bad: list[BadRow]) -> None:
        """Stage rows as `imports_rules.sort_rows` gives them."""
        columns = {
            "row_number": good.index.to_numpy(),
            "pair": self._pair_numbers(good),
            # As a number: writing and reading it as a time would take most of the time there is.
            "hour": good["hour_start"].to_numpy("datetime64[s]").astype("int64") // SECONDS_PER_HOUR,
            "aku_seconds": good["aku_seconds"],
        }
        empty = {name: pa.nulls(len(good), pa.string()) for name in ("rule", "sentence", "payload")}
        _write(self._copy, pa.table({**columns, **empty}, schema=_ROWS))
        rows = [
            {"row_number": row, "rule": why.rule, "sentence": why.sentence, "payload": json.dumps(why.payload)}
            for row, why in bad
        ]
        _write(self._copy, pa.Table.from_pylist(rows, schema=_ROWS))

    def pairs(self) -> pa.Table:
        """All pairs of subscription and instance of the rows so far, with their numbers."""
        subscriptions, instances = zip(*self._pairs, strict=True) if self._pairs else ((), ())
        numbers = pa.array(range(len(self._pairs)), pa.int32())
        return pa.table(
            [numbers, pa.array(subscriptions, pa.string()), pa.array(instances, pa.string())], ["pair", *_PAIR]
        )

    def _pair_numbers(self, rows: pd.DataFrame) -> pd.Series[int]:
        names = rows[_PAIR].drop_duplicates().itertuples(index=False, name=None)
        numbers = [self._pairs.setdefault(name, len(self._pairs)) for name in names]
        # Groups are numbered in the order in which the pairs appear, as `names` are.
        return rows.groupby(_PAIR, sort=False).ngroup().map(dict(enumerate(numbers)))


def _write(copy: psycopg.Copy, rows: pa.Table) -> None:
    buffer = io.BytesIO()
    csv.write_csv(rows, buffer, csv.WriteOptions(include_header=False))
    copy.write(buffer.getvalue())
