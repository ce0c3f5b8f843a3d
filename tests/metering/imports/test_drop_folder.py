"""The drop folder: what waits, what is left alone, what lies outside."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from include.catalog.usage_files import form_of
from include.domain.errors import ConfigurationError, InvalidInputError
from include.metering.imports.drop_folder import drop_folder, find_file, find_waiting, put_away, refusing, taking

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
SHA = sha256(b"a.csv").hexdigest()


def drop(folder: Path, name: str, age: timedelta = timedelta(hours=1)) -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(os.fsencode(name))
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
    drop(tmp_path / "elsewhere", "a.csv")
    put_away(drop_folder(), "a.csv", SHA)
    for made in ("usage-drop", "elsewhere", "elsewhere/imported"):
        assert stat.S_IMODE((tmp_path / made).stat().st_mode) == 0o700


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="a NUL character"):
        find_file(tmp_path, "a\0.csv")


def test_nothing_outside_the_drop_folder_is_moved_into_it(tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    outside = tmp_path / "payroll.csv"
    outside.write_bytes(b"x")
    (folder / "link.csv").symlink_to(outside)
    for name in ("../payroll.csv", str(outside), "link.csv", "imported/../../payroll.csv"):
        with pytest.raises(InvalidInputError, match="does not lie in the drop folder"):
            put_away(folder, name, sha256(b"x").hexdigest())
    assert outside.read_bytes() == b"x"
    assert [entry.name for entry in folder.iterdir()] == ["link.csv"]


def refused_by(folder: Path, name: str) -> str:
    """What a sweep says when it takes that file."""
    with pytest.raises(InvalidInputError) as refused, taking(folder, name) as file:
        form_of(file)
    return str(refused.value)


def link_to(place: Path, link: Path) -> None:
    link.symlink_to(place)
    os.utime(link, ((AT - timedelta(hours=1)).timestamp(),) * 2, follow_symlinks=False)


@pytest.mark.parametrize("target", ["payroll.csv", "none.csv", "drop/a.csv", "/dev/zero"])
def test_a_link_is_refused_once_and_then_gone(tmp_path: Path, target: str) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    drop(tmp_path, "payroll.csv")
    link_to(tmp_path / target, folder / "a.csv")
    assert find_waiting(folder, AT).ready == ["a.csv"]
    said = refused_by(folder, "a.csv")
    assert said == "File is 'a.csv': it is a symbolic link. Put the file itself there."
    assert find_waiting(folder, AT) == ([], [])
    assert (folder / "refused/a.csv").is_symlink()
    assert (tmp_path / "payroll.csv").read_text() == "payroll.csv"


def test_a_name_given_by_hand_moves_nothing_that_lies_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    drop(tmp_path, "payroll.csv")
    link_to(tmp_path / "payroll.csv", tmp_path / "link.csv")
    for name in ("../payroll.csv", "../link.csv", str(tmp_path / "link.csv"), "imported/../../link.csv"):
        assert "does not lie in the drop folder" in refused_by(folder, name)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["drop", "link.csv", "payroll.csv"]
    assert list(folder.iterdir()) == []


def test_other_endings_and_folders_are_named_and_after_a_day_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a.xlsx", "b.csv.gz", "2026-10/c.csv", ".hidden"):
        drop(tmp_path, name)
    with caplog.at_level("WARNING"):
        assert find_waiting(tmp_path, AT) == ([], [])
    [said] = caplog.messages
    assert "'2026-10' (a folder), 'a.xlsx', 'b.csv.gz'" in said
    assert ".csv, .jsonl, .ndjson, .parquet" in said
    assert "hidden" not in said
    later = AT + timedelta(days=1)
    assert find_waiting(tmp_path, later).ready == ["a.xlsx", "b.csv.gz"]
    assert "does not end in .csv, .jsonl, .ndjson, .parquet" in refused_by(tmp_path, "a.xlsx")
    assert find_waiting(tmp_path, later).ready == ["b.csv.gz"]
    assert (tmp_path / "refused/a.xlsx").exists()


@pytest.mark.parametrize("name", [b"a\n.csv", b"\xff.csv", b"a\x1b[2J.csv", "a\u202e.csv".encode()])
def test_a_name_that_cannot_be_shown_is_named_in_escapes_and_fails_no_sweep(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: bytes
) -> None:
    drop(tmp_path, os.fsdecode(name))
    with caplog.at_level("WARNING"):
        assert find_waiting(tmp_path, AT + timedelta(days=9)) == ([], [])
    [said] = caplog.messages
    assert f"{os.fsdecode(name)!a} (a name that cannot be shown; rename it)" in said


def test_what_may_still_be_written_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    drop(tmp_path, "from-tomorrow.csv", -timedelta(days=1))
    with caplog.at_level("INFO"):
        assert find_waiting(tmp_path, AT) == ([], ["from-tomorrow.csv"])
    assert "'from-tomorrow.csv'" in caplog.text


def test_a_sweep_takes_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    assert find_waiting(tmp_path, AT) == ([], [])


@pytest.mark.parametrize("name", ["a" * 300 + ".csv", "loop.csv"])
def test_a_name_that_the_file_system_refuses_is_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    with pytest.raises(InvalidInputError, match="File is '"):
        find_file(tmp_path, name)


def test_a_file_that_cannot_be_moved_away_is_named_with_what_is_in_the_way(tmp_path: Path) -> None:
    drop(tmp_path, "a.xlsx")
    drop(tmp_path, "refused")
    with pytest.raises(ConfigurationError) as stuck, taking(tmp_path, "a.xlsx") as file:
        form_of(file)
    assert str(stuck.value).startswith("File is 'a.xlsx': it does not end in")
    assert "a.xlsx cannot be moved to refused/ (File exists)" in str(stuck.value)
