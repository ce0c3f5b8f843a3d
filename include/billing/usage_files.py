"""Reads a usage file for a quote: CSV in UTF-8 with the columns subscription_id, instance_id, hour, aku_seconds.

The file is read as a stream. The first row that breaks a rule ends it with a sentence that names line and column: a
quote of half a file would be a wrong quote.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, NamedTuple

from include.domain.errors import InvalidInputError
from include.domain.periods import floor_to_hour, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

COLUMNS = ("subscription_id", "instance_id", "hour", "aku_seconds")
#: What one instance can use in an hour, as the warehouse checks it: 596,523 AKU.
MAX_AKU_SECONDS = 2_147_483_647
_WHOLE = re.compile(r"[0-9]{1,18}")
_ID = re.compile(r"[!-~]{1,200}")


class UsageRow(NamedTuple):
    """Usage of one instance in one UTC hour, and the line it stands in."""

    line: int
    subscription_id: str
    instance_id: str
    hour: datetime
    aku_seconds: int


def read_usage(path: Path) -> Iterator[UsageRow]:
    """The rows of the file, in its order.

    Raises:
        InvalidInputError: at the first row that breaks a rule, or when the file can not be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            _check_header(path, next(reader, []))
            for cells in reader:
                if cells:
                    yield _row(f"{path.name} line {reader.line_num}", reader.line_num, cells)
    except OSError as error:
        raise InvalidInputError("File", str(path), f"cannot be read ({error.strerror})", "Check the path.") from None
    except UnicodeDecodeError:
        raise InvalidInputError("File", str(path), "is not text in UTF-8", "Save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise InvalidInputError(
            "File", str(path), f"is not CSV at line {reader.line_num} ({error})", "Correct it there."
        ) from None


def _check_header(path: Path, header: list[str]) -> None:
    if header != list(COLUMNS):
        raise InvalidInputError(
            f"{path.name} line 1, the header,",
            ",".join(header),
            f"must be {','.join(COLUMNS)}",
            "Name exactly these columns, in this order.",
        )


def _row(where: str, line: int, cells: list[str]) -> UsageRow:
    if len(cells) != len(COLUMNS):
        raise InvalidInputError(
            where, ",".join(cells), f"has {len(cells)} columns, not {len(COLUMNS)}", "Give each column a value."
        )
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
            what, text, "must be 1 to 200 ASCII characters without spaces", "Write the id as it is known."
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
