"""What a usage file is: its columns, and how much one may hold.

A file of a few kilobytes can hold gigabytes, for equal values are stored once. So nothing of a file is decoded before
its limits are known to hold, or it is decoded in pieces of which each is small. The limits are far above what usage
takes: 5 million rows are a year of 570 instances, and no valid cell is longer than 100 characters.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from include.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

COLUMNS = ["subscription_id", "instance_id", "hour", "aku_seconds"]
#: What a file may say besides; a plan's hour measure may charge by it.
SIZES = ["peak_aku", "used_seconds"]
MOST_ROWS = 5_000_000
#: Of the file, and of what it holds when it is unpacked.
MOST_BYTES = 1_000_000_000
#: Characters of one value.
LONGEST_CELL = 1_000
#: Pairs of subscription and instance.
MOST_INSTANCES = 100_000
#: Of text that is held at once.
PIECE_BYTES = 32_000_000
_DIVIDE = "Divide it, by month or by subscription."
_SHOWN = 40


def check_file(file: Path) -> None:
    """Refuse what is no file, and what is too large to be looked at.

    Raises:
        InvalidInputError: when it is; OSError when it cannot be looked at.
    """
    found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        raise refused(file, "is no regular file", "Give a file.")
    if found.st_size > MOST_BYTES:
        raise refused(file, f"is larger than {MOST_BYTES / 1e9:.9g} GB", _DIVIDE)


def check_row_count(file: Path, count: int, *, is_all: bool = False) -> None:
    """Refuse a file with more rows than one may have; `is_all` when the count is all that it has."""
    if count > MOST_ROWS:
        has = f"has {count:,} rows, more than {MOST_ROWS:,}" if is_all else f"has more than {MOST_ROWS:,} rows"
        raise refused(file, has, _DIVIDE)


def check_decoded_bytes(file: Path, count: int) -> None:
    """Refuse a file that holds more than one may hold."""
    if count > MOST_BYTES:
        raise refused(file, f"holds more than {MOST_BYTES / 1e9:.9g} GB when it is unpacked", _DIVIDE)


def check_instance_count(file: Path, count: int) -> None:
    """Refuse a file that names more instances than one may name."""
    if count > MOST_INSTANCES:
        raise refused(file, f"names more than {MOST_INSTANCES:,} instances", "Divide it by subscription.")


def check_cells(file: Path, piece: pd.DataFrame) -> None:
    """Refuse a piece with a cell that is too long."""
    for name in (name for name in [*COLUMNS, *SIZES] if name in piece):
        lengths = piece[name].str.len().to_numpy()
        if lengths.max(initial=0) > LONGEST_CELL:
            place = int(lengths.argmax())
            raise long_cell(file, int(piece.index.to_numpy()[place]), name, str(piece[name].iloc[place]))


def long_cell(file: Path, row: int, column: str, start: str) -> InvalidInputError:
    """The refusal of a value that is too long."""
    return InvalidInputError(
        f"Row {row} of {file.name}, {column}",
        f"{start[:_SHOWN]}…",
        f"has more than {LONGEST_CELL:,} characters",
        "Correct it, or leave the row out.",
    )


def refused(file: Path, rule: str, remedy: str) -> InvalidInputError:
    """The refusal of a file."""
    return InvalidInputError("File", file.name, rule, remedy)
