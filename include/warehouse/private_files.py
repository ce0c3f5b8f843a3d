"""Files and folders that only their owner reads: bills, usage, what people are charged."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make the folder and those above it, if they are missing; what is there already stays as it is."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


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
