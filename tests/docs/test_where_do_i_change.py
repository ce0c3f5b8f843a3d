"""The page "Where do I change X?": every file that it names exists, and it answers twenty questions or more."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/where-do-i-change.md"
ROW = re.compile(r"^\| (?!change \|)(?P<change>[^|]+) \| (?P<file>[^|]+) \| (?P<then>[^|]+) \|$", re.MULTILINE)


def paths(text: str) -> list[str]:
    return re.findall(r"`((?:include|dags|plugins|tests|docs|benchmarks)/[^`]*|requirements\.txt)`", text)


def test_every_file_that_it_names_exists() -> None:
    named = paths(PAGE.read_text(encoding="utf-8"))
    missing = [name for name in named if not (ROOT / name).exists() or name.endswith("/") != (ROOT / name).is_dir()]
    assert missing == []


def test_every_row_names_where_to_change() -> None:
    rows = list(ROW.finditer(PAGE.read_text(encoding="utf-8")))
    assert len(rows) >= 20
    assert [row["change"] for row in rows if not paths(row["file"]) and "no file" not in row["file"]] == []
