"""The picture of the metering rules: it is what its program draws, and its areas are the usage that the page shows."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from tests.support.metering_picture import DOCS, PICTURE, draw, read_examples

if TYPE_CHECKING:
    from tests.support.metering_picture import Example


def areas(example: Example) -> dict[str, int]:
    pieces = example.pieces()
    return {
        "aku_seconds": sum((each.end - each.start) * each.what.size for each in pieces),
        "estimated_aku_seconds": sum(
            (each.end - each.start) * each.what.size for each in pieces if each.what.known == "estimated"
        ),
        "gap_seconds": sum(each.end - each.start for each in pieces if each.what.gap),
    }


def test_the_picture_is_what_its_program_draws() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw(), "run `.venv/bin/python -m tests.support.metering_picture`"


def test_its_areas_are_the_usage_that_the_page_shows() -> None:
    page = (DOCS / "concepts" / "metering.md").read_text(encoding="utf-8")
    shown = re.search(r"(instance_id,hour,.*?)```", page, re.DOTALL)
    assert shown is not None
    rows = {row["instance_id"]: row for row in csv.DictReader(shown[1].splitlines())}
    drawn = {example.name: areas(example) for example in read_examples()}
    assert drawn == {name: {key: int(row[key]) for key in drawn[name]} for name, row in rows.items()}
