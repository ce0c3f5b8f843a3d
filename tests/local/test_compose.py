"""The secrets of docker-compose.yaml: made once; a file of an earlier version gets what it lacks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values

from include.local import compose
from include.local.state import ROOT

if TYPE_CHECKING:
    from pathlib import Path

#: What the file demands, or has a default for.
NAMED = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compose, "ROOT", tmp_path)
    return tmp_path


def test_it_has_every_variable_of_the_file_and_only_its_owner_reads_it(folder: Path) -> None:
    said = compose.write_compose_environment()
    assert set(dotenv_values(folder / ".env")) == NAMED
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    assert said.startswith(f"Wrote {folder / '.env'}. Users and passwords of the UI: admin ")


def test_a_second_time_nothing_changes(folder: Path) -> None:
    compose.write_compose_environment()
    before = (folder / ".env").read_text()
    assert compose.write_compose_environment().endswith("it stays as it is.")
    assert (folder / ".env").read_text() == before


def test_a_file_of_an_earlier_version_keeps_what_it_has_and_gets_what_it_lacks(folder: Path) -> None:
    compose.write_compose_environment()
    newer = ("PAGES", "RECEIVER", "CALLBACK")
    old = [line for line in (folder / ".env").read_text().splitlines() if not line.startswith(newer)]
    (folder / ".env").write_text("\n".join(["# ours", *old]))
    said = compose.write_compose_environment()
    assert said.endswith("added PAGES_PASSWORD, RECEIVER_PASSWORD, CALLBACKS_PORT, CALLBACK_KEYS.")
    after = (folder / ".env").read_text()
    assert after.startswith("\n".join(["# ours", *old]) + "\n")
    assert set(dotenv_values(folder / ".env")) == NAMED
