"""Files and folders that only their owner reads: bills, usage, what people are charged."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from include.domain.errors import ConfigurationError

#: The environment variable that names the folder of a local stack.
STATE_SETTING = "AKUBILL_STATE"


def make_folder(folder: Path) -> None:
    """Make the folder and those above it, if they are missing; what is there already stays as it is."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def configured_folder(setting: str, name: str, what: str) -> Path:
    """The folder that an environment variable names, or `name` in the folder AKUBILL_STATE; made when missing.

    Args:
        setting: the environment variable.
        name: of the folder in AKUBILL_STATE.
        what: it is, for messages.

    Raises:
        ConfigurationError: when neither is set, or the folder cannot be made.
    """
    chosen, state = os.environ.get(setting), os.environ.get(STATE_SETTING)
    if not chosen and not state:
        raise ConfigurationError(f"There is no {what}. Set {setting} to a folder.")
    folder = Path(chosen) if chosen else Path(str(state)) / name
    try:
        make_folder(folder)
    except OSError as error:
        raise ConfigurationError(f"The {what} {folder} cannot be made ({error.strerror}). Correct {setting}.") from None
    return folder.resolve()


def write_file(file: Path, content: bytes) -> None:
    """Write the file whole or not at all, in place of what is there."""
    draft, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=file.parent)  # its mode is 0600
    try:
        with os.fdopen(draft, "wb") as opened:
            opened.write(content)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
