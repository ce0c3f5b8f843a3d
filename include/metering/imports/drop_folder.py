"""The drop folder: where people and other systems leave usage files.

A file in it waits. An imported one is moved to imported/ (with the first characters of its hash in its name), one that
is no usage file to refused/; both can be done again. Write a file elsewhere, or with another ending, and rename it when
it is whole; as a second guard the sweep leaves files alone that were touched within the last minute.
"""

from __future__ import annotations

import hashlib
import logging
import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from include.domain.errors import ConfigurationError, InvalidInputError
from include.domain.text import check_text
from include.metering.imports.files import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTING = "AKUBILL_USAGE_DROP"
STATE_SETTING = "AKUBILL_STATE"
log = logging.getLogger(__name__)

IMPORTED, REFUSED = "imported", "refused"
_QUIET = timedelta(minutes=1)
_MOST_PER_SWEEP = 100


class Waiting(NamedTuple):
    """File names in the drop folder: those to import now, and those that somebody may still be writing."""

    ready: list[str]
    fresh: list[str]


def drop_folder() -> Path:
    """The drop folder, made when missing: AKUBILL_USAGE_DROP, or usage-drop in the folder AKUBILL_STATE.

    Raises:
        ConfigurationError: when neither is set, or the folder cannot be made.
    """
    setting, state = os.environ.get(SETTING), os.environ.get(STATE_SETTING)
    if not setting and not state:
        raise ConfigurationError(f"There is no drop folder for usage files. Set {SETTING} to a folder.")
    folder = Path(setting) if setting else Path(str(state)) / "usage-drop"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The drop folder {folder} cannot be made ({error.strerror}). Correct {SETTING}."
        ) from None
    return folder.resolve()


def find_waiting(folder: Path, at: datetime) -> Waiting:
    """The usage files that wait, by name, at most a hundred; hidden files and other endings are no usage."""
    names = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.is_file() and entry.suffix.lower() in FORMS and not entry.name.startswith(".")
    )
    fresh = [name for name in names if _touched_at(folder / name) > at - _QUIET]
    ready = [name for name in names if name not in fresh][:_MOST_PER_SWEEP]
    log.info("%s files wait in %s; %s more may still be written, they are left alone.", len(ready), folder, len(fresh))
    return Waiting(ready, fresh)


def find_file(folder: Path, name: str) -> Path:
    """The file of that name, or at that path, in the drop folder.

    Raises:
        InvalidInputError: when it is no name of a file, lies elsewhere, or there is none.
    """
    file = (folder / check_text(name, "File")).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise InvalidInputError(
            "File", name, f"does not lie in the drop folder {folder}", "Put it there and give its name."
        )
    if not file.is_file():
        raise InvalidInputError("File", name, f"is not in the drop folder {folder}", "Put it there, or check its name.")
    return file


def put_away(folder: Path, name: str, file_sha256: str) -> str:
    """Move an imported file to imported/, or find that it was moved already.

    What is moved is what was imported, by its content: another file that has taken its name meanwhile stays where it
    is, for the next sweep.

    Returns:
        the place of the imported file in the drop folder; its name when another file has taken that.
    """
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


def hash_of(file: Path) -> str:
    """SHA-256 of the file's bytes, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def refusing(file: Path) -> Iterator[None]:
    """Move the file to refused/ beside it when it turns out to be no usage file, so that no sweep takes it again.

    A file that was replaced meanwhile stays: the new one has not been read.
    """
    before = _identity(file)
    try:
        yield
    except InvalidInputError:
        if _identity(file) == before:
            _move(file.parent, file.name, Path(REFUSED) / file.name)
        raise


def _move(folder: Path, name: str, place: Path) -> str:
    source, target = folder / name, folder / place
    target.parent.mkdir(exist_ok=True)
    if source.exists():
        source.replace(target)
    return str(place)


def _identity(file: Path) -> tuple[int, int, int] | None:
    """What changes when somebody writes to the file, or puts another in its place; None where there is none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _touched_at(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
