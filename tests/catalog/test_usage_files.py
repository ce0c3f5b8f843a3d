"""Files of usage as they come, whole and broken."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.catalog.usage_files import read_pieces
from include.catalog.usage_shape import COLUMNS
from include.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "subscription_id,instance_id,hour,aku_seconds\n"
ROW = "sub-1,kf-1,2026-10-01T00:00:00+08:00,21600\n"
TEXTS = ["sub-1", "kf-1", "2026-10-01T00:00:00+08:00", "21600"]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def rows_of(file: Path, piece_rows: int = 1000) -> dict[int, list[str]]:
    return {
        int(str(number)): [str(row[name]) for name in COLUMNS]
        for piece in read_pieces(file, piece_rows)
        for number, row in piece.iterrows()
    }


def test_csv_is_read_as_it_is_written_whatever_the_order_of_its_columns(tmp_path: Path) -> None:
    content = "\ufeffaku_seconds,hour,instance_id,subscription_id\n007,x,NA,null\n\n,,,\n"
    file = write(tmp_path, "usage.CSV", content)
    assert rows_of(file) == {1: ["null", "NA", "x", "007"], 2: ["", "", "", ""]}


def test_json_lines_keep_numbers_as_they_are_written(tmp_path: Path) -> None:
    line = '{"subscription_id": "sub-1", "instance_id": "kf-1", "hour": "2026-10-01T00:00:00Z", "aku_seconds": %s}\n'
    file = write(
        tmp_path, "usage.jsonl", "".join(line % n for n in ("3600", "0.1", "1e400", "null", "true", '"5"', "NaN"))
    )
    assert [row[3] for row in rows_of(file).values()] == ["3600", "0.1", "1e400", "", "true", "5", "NaN"]


def test_json_lines_may_lack_a_field_here_and_there(tmp_path: Path) -> None:
    whole = '{"subscription_id": "s", "instance_id": "i", "hour": "h", "aku_seconds": 1}\n'
    file = write(tmp_path, "usage.ndjson", whole + '\n{"subscription_id": "s", "hour": "h"}\n')
    assert rows_of(file) == {1: ["s", "i", "h", "1"], 2: ["s", "", "h", ""]}


@pytest.mark.parametrize("hours", [["2026-10-01T00:00:00+08:00"], pd.to_datetime(["2026-10-01T00:00:00+08:00"])])
@pytest.mark.parametrize("quantities", [[21600], [21600.0], ["21600"]])
def test_parquet_may_hold_times_and_numbers_or_texts(tmp_path: Path, hours: object, quantities: object) -> None:
    file = tmp_path / "usage.parquet"
    pd.DataFrame(
        {"subscription_id": "sub-1", "instance_id": "kf-1", "hour": hours, "aku_seconds": quantities}
    ).to_parquet(file, index=False)
    subscription, instance, hour, quantity = rows_of(file)[1]
    assert (subscription, instance, quantity) == ("sub-1", "kf-1", "21600")
    assert pd.Timestamp(hour) == pd.Timestamp("2026-10-01T00:00:00+08:00")


@pytest.mark.parametrize(
    "ids",
    [
        pa.array(["kf-1", None]),
        pa.array(["kf-1", None], pa.large_string()),
        pa.array(["kf-1", None]).dictionary_encode(),
        pa.array([b"kf-1", None]),
        pa.array([b"kf-1", None], pa.binary(4)),
    ],
    ids=lambda ids: str(ids.type)[:10],
)
@pytest.mark.parametrize("quantities", [pa.array([1, None]), pa.array([1, None]).dictionary_encode(), pa.nulls(2)])
def test_parquet_may_hold_texts_in_any_way(tmp_path: Path, ids: pa.Array, quantities: pa.Array) -> None:
    file = tmp_path / "usage.parquet"
    pq.write_table(pa.table([pa.array(["s", "s"]), ids, pa.array(["h", "h"]), quantities], COLUMNS), file)
    rows = rows_of(file)
    assert [rows[1][1], rows[2][1]] == ["kf-1", ""]
    assert rows[1][3] == ("" if pa.types.is_null(quantities.type) else "1")
    assert rows[2][3] == ""


def test_rows_are_numbered_through_all_pieces(tmp_path: Path) -> None:
    file = write(tmp_path, "usage.csv", HEADER + ROW * 7)
    assert [len(piece) for piece in read_pieces(file, 3)] == [3, 3, 1]
    assert rows_of(file, 3) == dict.fromkeys(range(1, 8), TEXTS)


def broken_lines(file: Path, piece_rows: int) -> dict[int, str]:
    return {
        int(str(number)): rule
        for piece in read_pieces(file, piece_rows)
        if "broken" in piece
        for number, rule in piece["broken"].items()
        if rule
    }


@pytest.mark.parametrize("piece_rows", [1, 2, 3, 100])
def test_a_line_that_is_no_row_keeps_its_number_and_the_others_go_on(tmp_path: Path, piece_rows: int) -> None:
    file = write(tmp_path, "usage.csv", HEADER + ROW * 2 + "\na,b,c,d,e\n" + ROW + "a,b\n")
    assert broken_lines(file, piece_rows) == {3: "line 5 has 5 fields, not 4"}
    rows = rows_of(file, piece_rows)
    assert (rows[1], rows[2], rows[4], rows[5]) == (TEXTS, TEXTS, TEXTS, ["a", "b", "", ""])
    first = write(tmp_path, "first.csv", HEADER + "a,b,c,d,e\n" + ROW)
    assert broken_lines(first, piece_rows) == {1: "line 2 has 5 fields, not 4"}
    assert rows_of(first, piece_rows)[2] == TEXTS


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ('{"subscr', "line 3 is not a whole object of JSON"),
        ("[1]", "line 3 is not a whole object of JSON"),
        ('{"hour": "a", "hour": "b"}', "line 3 has 'hour' more than once"),
        ('{"hour": "a", "size": 1}', "line 3 has 'size' besides the columns"),
    ],
)
def test_a_line_of_json_that_is_no_row_keeps_its_number(tmp_path: Path, line: str, rule: str) -> None:
    whole = '{"subscription_id": "s", "instance_id": "i", "hour": "h", "aku_seconds": 1}\r\n'
    file = write(tmp_path, "usage.jsonl", f"\ufeff{whole}\r\n{line}\r\n{whole}")
    [(number, said)] = broken_lines(file, 2).items()
    assert (number, said.startswith(rule)) == (2, True)
    assert rows_of(file)[3] == ["s", "i", "h", "1"]


def test_half_a_character_in_json_is_shown_by_its_replacement(tmp_path: Path) -> None:
    line = '{"subscription_id": "s", "instance_id": "kf\\ud83d", "hour": "h", "aku_seconds": 1}\n'
    assert rows_of(write(tmp_path, "usage.jsonl", line)) == {1: ["s", "kf�", "h", "1"]}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("usage.xlsx", b"", "does not end in .csv, .jsonl, .ndjson, .parquet"),
        ("usage.csv", b"", "is empty"),
        ("usage.csv", HEADER, "has no row"),
        ("usage.jsonl", "\n", "has no row"),
        ("usage.csv", "subscription,instance,hour,aku\na,b,c,d\n", "must be subscription_id, instance_id, hour"),
        (
            "usage.csv",
            HEADER.replace("hour", "hour,hour") + "a,b,c,d,e\n",
            "must be subscription_id, instance_id, hour",
        ),
        ("usage.csv", HEADER + ROW + 'a,"b', "is not CSV at line 3"),
        ("usage.csv", (HEADER + ROW + "Köln,b,c,d\n").encode("latin-1"), "is not text in UTF-8"),
        ("usage.csv", (HEADER + ROW).encode("utf-16"), "is not text in UTF-8 but in UTF-16"),
        ("usage.csv", (HEADER + ROW).encode("utf-16-be"), "is not text in UTF-8 but in UTF-16"),
        (
            "usage.csv",
            gzip.compress((HEADER + ROW).encode(), mtime=0),
            "compressed with gzip. Nothing of it was loaded. Unpack",
        ),
        ("usage.csv", "\ufeff", "is empty"),
        ("usage.jsonl", b"", "is empty"),
        ("usage.jsonl", "[1]\n", "line 1 is not a whole object"),
        ("usage.jsonl", "[" * 100_000, "line 1 is not a whole object"),
        ("usage.jsonl", '{"subscription_id": "a"}\n', "must be subscription_id, instance_id, hour"),
        ("usage.jsonl", '{"subscription_id": "\xff"}\n'.encode("latin-1"), "is not text in UTF-8"),
        ("usage.jsonl", '{"a": 1}\n', "line 1 has 'a' besides the columns"),
        ("usage.parquet", b"", "is not a whole Parquet file"),
        ("usage.parquet", HEADER + ROW, "is not a whole Parquet file"),
    ],
)
def test_what_is_no_usage_file_is_refused_with_a_sentence(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        rows_of(write(tmp_path, name, content))


def test_a_half_written_parquet_file_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    pd.DataFrame([TEXTS] * 1000, columns=COLUMNS).to_parquet(whole, index=False)
    half = write(tmp_path, "half.parquet", whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(InvalidInputError, match="is not a whole Parquet file"):
        rows_of(half)


def test_a_parquet_file_with_a_column_of_lists_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "usage.parquet"
    pd.DataFrame([[*TEXTS[:3], [1, 2]]], columns=COLUMNS).to_parquet(file, index=False)
    with pytest.raises(InvalidInputError, match="is not a whole Parquet file"):
        rows_of(file)
