"""The drop folder: what waits, what is left alone, what lies outside."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from include.domain.errors import ConfigurationError, InvalidInputError
from include.metering.imports.drop_folder import drop_folder, find_file, find_waiting, put_away, refusing

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
SHA = sha256(b"a.csv").hexdigest()


def drop(folder: Path, name: str, age: timedelta = timedelta(hours=1)) -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(name)
    os.utime(file, ((AT - age).timestamp(),) * 2)
    return file


def test_usage_files_wait_and_nothing_else_does(tmp_path: Path) -> None:
    for name in ("b.csv", "a.PARQUET", "c.jsonl", ".d.csv", "e.csv.part", "notes.txt", "imported/f.csv"):
        drop(tmp_path, name)
    assert find_waiting(tmp_path, AT).ready == ["a.PARQUET", "b.csv", "c.jsonl"]


def test_a_file_that_was_just_touched_is_left_to_the_next_sweep(tmp_path: Path) -> None:
    drop(tmp_path, "old.csv", timedelta(seconds=60))
    drop(tmp_path, "new.csv", timedelta(seconds=59))
    assert find_waiting(tmp_path, AT) == (["old.csv"], ["new.csv"])
    assert find_waiting(tmp_path, AT + timedelta(seconds=1)) == (["new.csv", "old.csv"], [])


def test_a_file_is_found_by_name_or_by_path(tmp_path: Path) -> None:
    file = drop(tmp_path, "a.csv")
    assert find_file(tmp_path, "a.csv") == find_file(tmp_path, str(file)) == file


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", "link.csv", "imported/../../secret.csv"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "link.csv").symlink_to(drop(tmp_path, "secret.csv"))
    with pytest.raises(InvalidInputError, match="does not lie in the drop folder"):
        find_file(folder, name)


@pytest.mark.parametrize("name", ["none.csv", "imported", ""])
def test_what_is_not_there_or_no_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "imported").mkdir()
    with pytest.raises(InvalidInputError, match="is not in the drop folder"):
        find_file(tmp_path, name)


def test_an_imported_file_is_moved_once_and_for_all(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv")
    place = f"imported/a.{SHA[:8]}.csv"
    assert put_away(tmp_path, "a.csv", SHA) == place
    assert put_away(tmp_path, "a.csv", SHA) == place
    assert (tmp_path / place).read_text() == "a.csv"
    assert put_away(tmp_path, place, SHA) == place


def test_a_file_that_replaced_an_imported_one_waits_for_the_next_sweep(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv").write_text("corrected")
    assert put_away(tmp_path, "a.csv", SHA) == "a.csv"
    assert (tmp_path / "a.csv").read_text() == "corrected"
    assert not (tmp_path / "imported").exists()


def test_a_file_that_replaced_a_refused_one_waits_for_the_next_sweep(tmp_path: Path) -> None:
    file = drop(tmp_path, "a.csv")

    def read_and_lose_it() -> None:
        with refusing(file):
            drop(tmp_path, ".new").replace(file)
            raise InvalidInputError("File", "a.csv", "is empty", "Send it again.")

    with pytest.raises(InvalidInputError):
        read_and_lose_it()
    assert file.read_text() == ".new"


def test_only_what_is_no_usage_file_is_moved_to_refused(tmp_path: Path) -> None:
    file = drop(tmp_path, "a.csv")
    with pytest.raises(OSError, match="gone"), refusing(file):
        raise OSError("gone")
    assert file.exists()
    with pytest.raises(InvalidInputError), refusing(file):
        raise InvalidInputError("File", "a.csv", "is empty", "Send it again.")
    assert not file.exists()
    assert (tmp_path / "refused/a.csv").exists()


def test_the_folder_is_set_or_lies_in_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AKUBILL_USAGE_DROP", raising=False)
    monkeypatch.delenv("AKUBILL_STATE", raising=False)
    with pytest.raises(ConfigurationError, match="Set AKUBILL_USAGE_DROP"):
        drop_folder()
    monkeypatch.setenv("AKUBILL_STATE", str(tmp_path))
    assert drop_folder() == tmp_path / "usage-drop"
    monkeypatch.setenv("AKUBILL_USAGE_DROP", str(tmp_path / "elsewhere"))
    assert drop_folder() == tmp_path / "elsewhere"
    assert (tmp_path / "elsewhere").is_dir()


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="a NUL character"):
        find_file(tmp_path, "a\0.csv")
