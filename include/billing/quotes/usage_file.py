"""Reads a usage file for a quote: CSV with the columns subscription_id, instance_id, hour, aku_seconds, in any order.

The file is read as a stream. The first row that breaks a rule ends it with a sentence that names line and column: a
quote of half a file would be a wrong quote.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from include.catalog.text_files import read_table
from include.domain.errors import InvalidInputError
from include.domain.periods import floor_to_hour, parse_instant
from include.domain.text import LONGEST_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

COLUMNS = ("subscription_id", "instance_id", "hour", "aku_seconds")
#: What one instance can use in an hour, as the warehouse checks it: 596,523 AKU.
MAX_AKU_SECONDS = 2_147_483_647
_WHOLE = re.compile(r"[0-9]{1,18}")
_ID = re.compile(rf"[!-~]{{1,{LONGEST_ID}}}")


class UsageRow(NamedTuple):
    """Usage of one instance in one UTC hour, and its line in the file."""

    line: int
    subscription_id: str
    instance_id: str
    hour: datetime
    aku_seconds: int


def read_usage(path: Path) -> Iterator[UsageRow]:
    """The rows of the file, in its order.

    Raises:
        InvalidInputError: at the first row that breaks a rule, or when the file cannot be read.
    """
    table = read_table(path)
    line, header = next(table, (1, []))
    _check_header(path, line, header)
    places = [header.index(name) for name in COLUMNS]
    for line, cells in table:
        where = f"{path.name} line {line}"
        if len(cells) != len(COLUMNS):
            rule = f"has {len(cells)} columns, not {len(COLUMNS)}"
            raise InvalidInputError(where, ",".join(cells)[:200], rule, "Give each column a value.")
        yield _row(where, line, [cells[place] for place in places])


def _check_header(path: Path, line: int, header: list[str]) -> None:
    if sorted(header) != sorted(COLUMNS):
        raise InvalidInputError(
            f"{path.name} line {line}, the header,",
            ",".join(header)[:200],
            f"must be {','.join(COLUMNS)}, in any order",
            "Name exactly these columns.",
        )


def _row(where: str, line: int, cells: list[str]) -> UsageRow:
    subscription_id, instance_id, hour, aku_seconds = cells
    return UsageRow(
        line,
        _id(f"{where}, subscription_id", subscription_id),
        _id(f"{where}, instance_id", instance_id),
        _hour(f"{where}, hour", hour),
        _aku_seconds(f"{where}, aku_seconds", aku_seconds),
    )


def _id(what: str, text: str) -> str:
    if not _ID.fullmatch(text):
        raise InvalidInputError(
            what, text[:60], f"must be 1 to {LONGEST_ID} visible ASCII characters", "Write the id as it is known."
        )
    return text


def _hour(what: str, text: str) -> datetime:
    hour = parse_instant(text, what)
    if hour != floor_to_hour(hour):
        raise InvalidInputError(
            what, text, "must be the start of a full UTC hour", "Give the hour's start, like 2026-10-01T00:00:00+08:00."
        )
    return hour


def _aku_seconds(what: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise InvalidInputError(
            what, text, "must be a whole number, 0 or more, in plain digits", "Give AKU × seconds, like 21600."
        )
    if (number := int(text)) > MAX_AKU_SECONDS:
        raise InvalidInputError(
            what, text, f"is more than one instance can use in an hour ({MAX_AKU_SECONDS})", "Check the unit."
        )
    return number
