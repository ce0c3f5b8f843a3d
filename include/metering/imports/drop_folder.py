"""The drop folder: where people and other systems leave usage files.

A file in it waits. An imported one is moved to imported/ (with the first characters of its hash in its name), one that
is no usage file to refused/, as is a link; both can be done again. Write a file elsewhere, or with another ending, and
rename it when it is whole; as a second guard the sweep leaves files alone that were touched within the last minute. A
file with another ending is named, and refused when it was not touched for a day.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from include.catalog.usage_files import FORMS
from include.domain.errors import ConfigurationError, InvalidInputError
from include.domain.text import check_text
from include.warehouse.private_files import configured_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTING = "AKUBILL_USAGE_DROP"
log = logging.getLogger(__name__)

IMPORTED, REFUSED = "imported", "refused"
_QUIET = timedelta(minutes=1)
#: A file with another ending may be one that is still being written.
_ABANDONED = timedelta(days=1)
_MOST_PER_SWEEP = 100
_LONGEST_NAME = 4_000


class Waiting(NamedTuple):
    """File names in the drop folder: those to import now, and those that somebody may still be writing."""

    ready: list[str]
    fresh: list[str]


def drop_folder() -> Path:
    """The drop folder, made when missing: AKUBILL_USAGE_DROP, or usage-drop in the folder AKUBILL_STATE.

    Raises:
        ConfigurationError: when neither is set, or the folder cannot be made.
    """
    return configured_folder(SETTING, "usage-drop", "drop folder for usage files")


def find_waiting(folder: Path, at: datetime) -> Waiting:
    """What waits, by name, at most a hundred; what is left alone is named. Hidden files are no usage."""
    ready: list[str] = []
    fresh: list[str] = []
    others: list[str] = []
    for entry in sorted(folder.iterdir()):
        try:
            mode, touched_at = entry.lstat().st_mode, datetime.fromtimestamp(entry.lstat().st_mtime, UTC)
        except FileNotFoundError:  # gone between the two looks
            continue
        is_file = stat.S_ISREG(mode) or stat.S_ISLNK(mode)
        if entry.name.startswith(".") or (stat.S_ISDIR(mode) and entry.name in {IMPORTED, REFUSED}):
            continue
        if not entry.name.isprintable():
            others.append(f"{entry.name!a} (a name that cannot be shown; rename it)")
        elif is_file and entry.suffix.lower() in FORMS:
            (fresh if touched_at > at - _QUIET else ready).append(entry.name)
        elif is_file and touched_at <= at - _ABANDONED:
            ready.append(entry.name)
        else:
            kind = "" if is_file else " (a folder)" if stat.S_ISDIR(mode) else " (no file)"
            others.append(f"{entry.name!r}{kind}")
    named = ", ".join(map(repr, fresh[:_MOST_PER_SWEEP])) or "none"
    log.info("%s files wait in %s. Left alone, as they may still be written: %s.", len(ready), folder, named)
    if others:
        log.warning(
            "Left alone in %s: %s. Usage files are files whose names end in %s; one with another ending is refused "
            "when it was not touched for a day.", folder, ", ".join(others[:_MOST_PER_SWEEP]), ", ".join(FORMS)
        )  # fmt: skip
    return Waiting(ready[:_MOST_PER_SWEEP], fresh)


def find_file(folder: Path, name: str) -> Path:
    """The file of that name, or at that path, in the drop folder.

    Raises:
        InvalidInputError: when it is no name of a file, lies elsewhere, or there is none.
    """
    file = _place_of(folder, name)
    try:
        is_file = file.is_file()
    except OSError as error:
        raise InvalidInputError(
            "File", f"{name[:60]}…", f"cannot be looked at ({error.strerror})", "Check its name."
        ) from None
    if not is_file:
        raise InvalidInputError("File", name, f"is not in the drop folder {folder}", "Put it there, or check its name.")
    return file


def put_away(folder: Path, name: str, file_sha256: str) -> str:
    """Move an imported file to imported/, or find that it was moved already.

    What is moved is what was imported, by its content: another file that has taken its name meanwhile stays where it
    is, for the next sweep.

    Returns:
        the place of the imported file in the drop folder; its name when another file has taken that.

    Raises:
        InvalidInputError: when the name leads out of the drop folder.
    """
    _place_of(folder, name)
    source = Path(name)
    if source.parts[0] == IMPORTED:
        return name
    place = Path(IMPORTED) / f"{source.stem}.{file_sha256[:8]}{source.suffix}"
    waiting = folder / name
    if not waiting.exists():
        return str(place)
    if hash_of(waiting) == file_sha256:
        _move(folder, name, place)
        if hash_of(folder / place) == file_sha256:
            return str(place)
        # It was replaced between the look and the move: back, unless a still later one waits by now.
        if not waiting.exists():
            (folder / place).replace(waiting)
    log.warning("%s was replaced after it was imported; the new file stays for the next sweep.", name)
    return name


def _place_of(folder: Path, name: str) -> Path:
    """Where the file of that name is, with links followed: nothing outside the folder is read, and nothing is moved."""
    try:
        file = (folder / check_text(name, "File", _LONGEST_NAME)).resolve()
    except (OSError, RuntimeError):  # what Python up to 3.12 says of a link to itself
        raise InvalidInputError("File", name, "is a link that leads nowhere", "Put the file itself there.") from None
    if not file.is_relative_to(folder.resolve()):
        raise InvalidInputError(
            "File", name, f"does not lie in the drop folder {folder}", "Put it there and give its name."
        )
    return file


def hash_of(file: Path) -> str:
    """SHA-256 of the file's bytes, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def taking(folder: Path, name: str) -> Iterator[Path]:
    """The file of that name. When it is a link, or turns out to be no usage file, it moves to refused/.

    Raises:
        InvalidInputError: when it is a link, lies elsewhere, or there is none.
        ConfigurationError: when it cannot be moved.
    """
    waiting = folder / name
    if waiting.parent == folder and os.path.lexists(waiting) and waiting.is_symlink():
        _move(folder, waiting.name, Path(REFUSED) / waiting.name)
        raise InvalidInputError("File", name, "is a symbolic link", "Put the file itself there.")
    file = find_file(folder, name)
    with refusing(file):
        yield file


@contextmanager
def refusing(file: Path) -> Iterator[None]:
    """Move the file to refused/ beside it when it turns out to be no usage file, so that no sweep takes it again.

    A file that was replaced meanwhile stays: the new one has not been read.
    """
    before = _identity(file)
    try:
        yield
    except InvalidInputError as error:
        if _identity(file) == before:
            try:
                _move(file.parent, file.name, Path(REFUSED) / file.name)
            except ConfigurationError as stuck:
                raise ConfigurationError(f"{error} {stuck}") from None
        raise


def _move(folder: Path, name: str, place: Path) -> str:
    source, target = folder / name, folder / place
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        if os.path.lexists(source):
            source.replace(target)
    except OSError as error:
        raise ConfigurationError(
            f"{name} cannot be moved to {place.parent}/ ({error.strerror}). Correct the folder {folder} and who may "
            "write to it."
        ) from None
    return str(place)


def _identity(file: Path) -> tuple[int, int, int] | None:
    """What changes when somebody writes to the file, or puts another in its place; None where there is none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
