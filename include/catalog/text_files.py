"""Reads the text files that people and other systems hand in, in one way for every kind of file.

Text is UTF-8, with or without a byte order mark, with LF or CRLF at line ends. What else a file may be is said by
name: an empty file, a compressed one, another encoding.
"""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, TextIO

from include.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: First bytes → what such a file is, and what to do. Longer ones come first.
_OTHER_KINDS = {
    b"\xff\xfe\x00\x00": ("but in UTF-32", "Save it as UTF-8."),
    b"\x00\x00\xfe\xff": ("but in UTF-32", "Save it as UTF-8."),
    b"\xff\xfe": ("but in UTF-16", "Save it as UTF-8."),
    b"\xfe\xff": ("but in UTF-16", "Save it as UTF-8."),
    b"\x1f\x8b": ("but compressed with gzip", "Unpack it first."),
    b"BZh": ("but compressed with bzip2", "Unpack it first."),
    b"\xfd7zXZ\x00": ("but compressed with xz", "Unpack it first."),
    b"\x28\xb5\x2f\xfd": ("but compressed with Zstandard", "Unpack it first."),
    b"PK\x03\x04": ("but a ZIP archive, as spreadsheets are", "Unpack it, or export it as text."),
    b"PAR1": ("but a Parquet file", "Export it as text."),
}
#: Characters of a line; a file without line ends is not read as one line.
_LONGEST_LINE = 16_000_000
#: Characters of a file that is read whole: plans, products, channels. YAML takes a second for each hundred thousand.
LONGEST_SHORT = 100_000
_MARK = b"\xef\xbb\xbf"
_HEAD_BYTES = 64


@contextmanager
def open_text(file: Path) -> Iterator[TextIO]:
    """The file's text, without a byte order mark; line ends are as written.

    Raises:
        InvalidInputError: when the file cannot be read, is empty, or is not text in UTF-8; also while it is being read.
    """
    try:
        with file.open("rb") as raw:
            _check_head(file, raw.read(_HEAD_BYTES))
        with file.open(encoding="utf-8-sig", newline="") as text:
            yield text
    except OSError as error:
        raise _refused(file, f"cannot be read ({error.strerror or error})", "Check the path.") from None
    except UnicodeDecodeError:
        raise _refused(file, "is not text in UTF-8", "Save it as UTF-8.") from None


def read_text(file: Path) -> str:
    """The whole text of a short file; of a longer one, a character more than it may have.

    Raises:
        InvalidInputError: as `open_text`.
    """
    with open_text(file) as text:
        return text.read(LONGEST_SHORT + 1)


def read_lines(file: Path, longest: int = _LONGEST_LINE) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, each with its number from 1, without its line end.

    Raises:
        InvalidInputError: as `open_text`, and when a line has more characters than `longest`.
    """
    with open_text(file) as text:
        for number, line in enumerate(_bounded_lines(file, text, longest), start=1):
            if line.strip():
                yield number, line.strip("\r\n")


def read_table(file: Path, longest: int = _LONGEST_LINE) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, its header first, each with the number of its last line; blank lines are left out.

    Raises:
        InvalidInputError: as `read_lines`, and when a quote is not closed or is followed by other text.
    """
    with open_text(file) as text:
        reader = csv.reader(_bounded_lines(file, text, longest), strict=True)
        try:
            for cells in reader:
                if len(cells) > 1 or any(cell.strip() for cell in cells):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise _refused(file, f"is not CSV at line {reader.line_num} ({error})", "Correct it there.") from None


def _bounded_lines(file: Path, text: TextIO, longest: int) -> Iterator[str]:
    for number in count(1):
        line = text.readline(longest + 1)
        if len(line) > longest:
            raise _refused(file, f"has more than {longest:,} characters in line {number}", "Correct it there.")
        if not line:
            return
        yield line


def parse_json_object(line: str, *, digits_as_text: bool = False) -> dict[str, Any]:
    """The JSON object that a line holds.

    Args:
        line: one line of a file of JSON Lines.
        digits_as_text: leave numbers as they are written: read as floats, 1e400 and 0.1 would be something else.

    Raises:
        ValueError: when it is something else, or says a name twice; its text says what is wrong, as a clause.
    """
    numbers: dict[str, Any] = {"parse_int": str, "parse_float": str, "parse_constant": str} if digits_as_text else {}
    try:
        found = json.loads(line, object_pairs_hook=_once_each, **{"parse_constant": _no_number} | numbers)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not a whole object of JSON ({error.msg} at character {error.pos + 1})") from None
    except RecursionError:
        raise ValueError("is not a whole object of JSON (it is nested too deeply)") from None
    if not isinstance(found, dict):
        raise ValueError("is not a whole object of JSON")  # noqa: TRY004 (one error for all that it is not)
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"has {twice!r} more than once")
    return found


def _no_number(constant: str) -> float:
    raise ValueError(f"has {constant}, which is not a number of JSON")


def _check_head(file: Path, head: bytes) -> None:
    if not head.removeprefix(_MARK):
        raise _refused(file, "is empty", "Send it again.")
    for start, (kind, remedy) in _OTHER_KINDS.items():
        if head.startswith(start):
            raise _refused(file, f"is not text in UTF-8 {kind}", remedy)
    # Without a mark UTF-16 shows by its NULs: every second byte of plain text.
    if len(head) > 1 and (not any(head[0:8:2]) or not any(head[1:8:2])):
        raise _refused(file, "is not text in UTF-8 but in UTF-16", "Save it as UTF-8.")


def _refused(file: Path, rule: str, remedy: str) -> InvalidInputError:
    return InvalidInputError("File", file.name, rule, remedy)
