"""What a usage file may hold: small files whose content is large are refused before they are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from include.catalog import usage_shape
from include.catalog.usage_files import read_pieces
from include.catalog.usage_shape import COLUMNS, LONGEST_CELL
from include.domain.errors import InvalidInputError
from tests.support.memory import peak_megabytes
from tests.support.usage_files import BOUND, HEADER, ROW, long_cells, repeated, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READ = """
from pathlib import Path
from include.catalog.usage_files import read_pieces
from include.domain.errors import InvalidInputError
try:
    for piece in read_pieces(Path(sys.argv[1])):
        pass
except InvalidInputError as error:
    print(error)
"""


def read(file: Path, piece_rows: int = 100_000) -> int:
    return sum(len(piece) for piece in read_pieces(file, piece_rows))


def long_cells_as_they_are(folder: Path) -> Path:
    table = repeated(20_000, instance_id="k" * 10_000).cast(pa.schema([(name, pa.string()) for name in COLUMNS]))
    return write(folder / "usage.parquet", table, use_dictionary=False, row_group_size=20_000)


def cells_by_their_difference(folder: Path) -> Path:
    table = repeated(20_000, instance_id="k" * 10_000).cast(pa.schema([(name, pa.string()) for name in COLUMNS]))
    encoding = {"instance_id": "DELTA_BYTE_ARRAY"}
    return write(folder / "usage.parquet", table, use_dictionary=["hour"], column_encoding=encoding)


def one_long_list(folder: Path) -> Path:
    values = pa.repeat(pa.scalar(7, pa.int64()), 10_000_000)
    lists = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    return write(folder / "usage.parquet", repeated(1).set_column(3, "aku_seconds", lists))


def wide_bytes(folder: Path) -> Path:
    wide = pa.array([b"k" * 20_000], pa.binary(20_000))
    column = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), 50_000), wide).cast(wide.type)
    return write(folder / "usage.parquet", repeated(50_000).set_column(1, "instance_id", column))


HOSTILE = [long_cells, long_cells_as_they_are, cells_by_their_difference, one_long_list, wide_bytes]


@pytest.mark.parametrize("made", HOSTILE, ids=lambda made: made.__name__)
def test_a_small_file_of_large_content_is_refused_in_little_memory(
    made: Callable[[Path], Path], tmp_path: Path
) -> None:
    file = made(tmp_path)
    assert file.stat().st_size < 100_000
    with pytest.raises(InvalidInputError, match="Nothing of it was loaded"):
        read(file)
    assert peak_megabytes(READ, str(file)) < BOUND


def test_millions_of_rows_in_a_small_file_are_read_in_little_memory(tmp_path: Path) -> None:
    file = write(tmp_path / "usage.parquet", repeated(3_000_000))
    assert file.stat().st_size < 100_000
    assert read(file) == 3_000_000
    assert peak_megabytes(READ, str(file)) < BOUND


def test_a_file_with_too_many_rows_is_refused_before_its_first_row(tmp_path: Path) -> None:
    file = write(tmp_path / "usage.parquet", repeated(usage_shape.MOST_ROWS + 1))
    with pytest.raises(InvalidInputError) as refused:
        next(read_pieces(file))
    assert str(refused.value) == (
        "File is 'usage.parquet': it has 5,000,001 rows, more than 5,000,000. Nothing of it was loaded. "
        "Divide it, by month or by subscription."
    )


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_text_with_too_many_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr(usage_shape, "MOST_ROWS", 10)
    file = tmp_path / f"usage.{ending}"
    line = '{"subscription_id": "s", "instance_id": "i", "hour": "h", "aku_seconds": 1}\n'
    for count in (10, 11):
        file.write_text(HEADER + ROW * count if ending == "csv" else line * count)
        if count == 10:
            assert read(file, 4) == 10
        else:
            with pytest.raises(InvalidInputError, match="it has more than 10 rows"):
                read(file, 4)


def test_a_cell_that_is_too_long_is_named_by_row_and_column(tmp_path: Path) -> None:
    longest, longer = "k" * LONGEST_CELL, "k" * (LONGEST_CELL + 1)
    line = '{"subscription_id": "s", "instance_id": "%s", "hour": "h", "aku_seconds": 1}\n'
    files = {
        "usage.csv": [HEADER + ROW + ROW.replace("kf-1", cell) for cell in (longest, longer)],
        "usage.jsonl": [line % "i" + line % cell for cell in (longest, longer)],
    }
    for name, (fits, breaks) in files.items():
        (tmp_path / name).write_text(fits)
        assert read(tmp_path / name) == 2
        (tmp_path / name).write_text(breaks)
        with pytest.raises(InvalidInputError, match=r"Row 2 of usage\.\w+, instance_id is 'kk.*more than 1,000 char"):
            read(tmp_path / name)
    two = pa.concat_tables([repeated(1), repeated(1, instance_id=longer)]).unify_dictionaries()
    with pytest.raises(InvalidInputError, match=r"Row 2 of usage\.parquet, instance_id is 'kk.*more than 1,000 char"):
        read(write(tmp_path / "usage.parquet", two))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("usage.csv", HEADER + ROW + "k" * 40_000_000),
        ("usage.csv", HEADER + ROW + "k," * 20_000_000),
        ("usage.csv", HEADER + ROW + '"' + "kk\n" * 15_000_000),
        ("usage.csv", HEADER + "k" * 40_000_000),
        ("usage.jsonl", "k" * 40_000_000),
    ],
    ids=["cell", "cells", "quote", "header", "json"],
)
def test_a_line_without_an_end_and_a_quote_that_is_not_closed_are_refused(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InvalidInputError, match=r"(line|Row) \d"):
        read(tmp_path / name)


def test_a_file_of_too_many_bytes_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    with file.open("wb") as stream:
        stream.truncate(usage_shape.MOST_BYTES + 1)
    with pytest.raises(InvalidInputError, match=r"is larger than 1 GB\. Nothing of it was loaded\. Divide it"):
        read(file)


def test_content_of_too_many_bytes_is_refused_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_shape, "MOST_BYTES", 1_000_000)
    file = write(tmp_path / "usage.parquet", repeated(100_000))
    with pytest.raises(InvalidInputError, match="more than"):
        read(file, 1_000)


@pytest.mark.parametrize("place", ["/dev/zero", "/dev/null"])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "usage.csv").symlink_to(place)
    with pytest.raises(InvalidInputError, match="is no regular file"):
        read(tmp_path / "usage.csv")
