"""The page "Where do I change X?": it answers twenty questions or more, each with the place to change."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?!change \|)(?P<change>[^|]+) \| (?P<file>[^|]+) \| (?P<then>[^|]+) \|$", re.MULTILINE)
PLACE = re.compile(r"`(?:include|dags|plugins)/[^`]*`|`requirements\.txt`|`docker-compose\.yaml`|no file")


def test_every_row_names_where_to_change() -> None:
    rows = list(ROW.finditer((ROOT / "docs/where-do-i-change.md").read_text(encoding="utf-8")))
    assert len(rows) >= 20
    assert [row["change"] for row in rows if not PLACE.search(row["file"])] == []
