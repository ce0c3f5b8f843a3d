"""The threat model names a test for each defence, and each of them exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/concepts/threat-model.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and line.count("|") == 4 and "shown by" not in line]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_threat_has_a_test() -> None:
    assert len(ROWS) > 40
    assert [row for row in ROWS if not NAMED.search(row)] == []


def test_every_test_that_it_names_exists() -> None:
    missing = [
        f"{file}::{name}"
        for file, name in NAMED.findall(PAGE)
        if not (ROOT / file).exists() or f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert missing == []
