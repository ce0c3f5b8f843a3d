"""The lock files are held against the requirements, with and without a network."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from include.local import locks
from include.local.state import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*locks.PAIRS, *locks.PAIRS.values()):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def unpinned(folder: Path) -> list[str]:
    return locks.unpinned(folder / "requirements.txt", folder / "requirements.lock")


def test_every_direct_requirement_is_pinned_inside_its_range() -> None:
    assert [
        problem for source, lock in locks.PAIRS.items() for problem in locks.unpinned(ROOT / source, ROOT / lock)
    ] == []


def test_a_requirement_that_was_added_is_missed(folder: Path) -> None:
    with (folder / "requirements.txt").open("a") as file:
        file.write("left-pad>=1\n")
    assert unpinned(folder) == [
        "requirements.lock does not pin left-pad, which requirements.txt asks for. Run `make lock`."
    ]


def test_a_range_that_moved_away_is_seen(folder: Path) -> None:
    source = folder / "requirements.txt"
    source.write_text(source.read_text().replace("httpx>=0.28", "httpx>=99"))
    assert len(unpinned(folder)) == 1
    assert "outside requirements.txt's range" in unpinned(folder)[0]


def test_no_lock_file_names_an_index() -> None:
    for lock in locks.PAIRS.values():
        text = (ROOT / lock).read_text()
        assert "://" not in text
        assert "--index" not in text
