"""Usage files that are small and hold much, and a bound for the memory that reading them takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.catalog.usage_shape import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {"subscription_id": "sub-1", "instance_id": "kf-1", "hour": "2026-10-01T00:00:00+08:00", "aku_seconds": "21600"}
HEADER = ",".join(COLUMNS) + "\n"
ROW = ",".join(GOOD.values()) + "\n"
#: Megabytes. What Python, pandas and Arrow take by themselves is about 200; a piece of a file takes some tens.
BOUND = 500


def repeated(rows: int, **cells: str) -> pa.Table:
    """That many equal rows, in a few bytes of memory."""
    return pa.table(
        {
            name: pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([text]))
            for name, text in (GOOD | cells).items()
        }
    )


def write(file: Path, table: pa.Table, **settings: Any) -> Path:
    pq.write_table(table, file, **{"compression": "zstd", "store_schema": False, **settings})
    return file


def long_cells(folder: Path) -> Path:
    return write(folder / "usage.parquet", repeated(1_000_000, instance_id="k" * 10_000))
