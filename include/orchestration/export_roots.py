"""Where exports may be written: a setting of the installation, which no form and no Airflow variable changes.

In Airflow's configuration, section `akubill`, or the environment (AIRFLOW__AKUBILL__EXPORT_ROOTS):

    export_roots    folders, and buckets with or without a prefix, separated by commas: files go only below them; empty:
                    the folder that AKUBILL_EXPORTS names, or exports/ in the folder AKUBILL_STATE

A user who may run DAGs can name any destination, and a worker may write to much: to its DAGs, for example.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from include.domain.errors import ConfigurationError, InvalidInputError
from include.orchestration.reviewers import SECTION
from include.warehouse.private_files import STATE_SETTING

SETTING = "AKUBILL_EXPORTS"


class Place(NamedTuple):
    """A folder or a place in a bucket: its storage and bucket, and the names on the way to it."""

    storage: str
    bucket: str
    names: tuple[str, ...]

    def is_below(self, root: Place) -> bool:
        """Whether it is that place or one in it."""
        same = (self.storage, self.bucket) == (root.storage, root.bucket)
        return same and self.names[: len(root.names)] == root.names


def default_place() -> str | None:
    """The installation's own place for exports, where its environment names one."""
    if place := os.environ.get(SETTING):
        return place
    state = os.environ.get(STATE_SETTING)
    return str(Path(state) / "exports") if state else None


def export_roots() -> list[str]:
    """Below these, and nowhere else, exports may be written.

    Raises:
        ConfigurationError: when there is none.
    """
    from airflow.sdk.configuration import conf

    setting = conf.get(SECTION, "export_roots", fallback="") or default_place() or ""
    roots = [root for entry in setting.split(",") if (root := entry.strip())]
    if not roots:
        raise ConfigurationError(
            f"There is no place for exported bills. Set export_roots in the section {SECTION} of Airflow's "
            f"configuration to the folders or buckets that they may be written to, or {SETTING} in the environment."
        )
    return roots


def check_destination(place: str) -> None:
    """Refuse a place that is not below a root.

    Raises:
        InvalidInputError: when it lies elsewhere; the sentence names the roots.
        ConfigurationError: when there is no root, or a root is no place.
    """
    roots = export_roots()
    try:
        allowed = [place_of(root) for root in roots]
    except ValueError as error:
        raise ConfigurationError(
            f"export_roots in the section {SECTION} of Airflow's configuration is {', '.join(roots)!r}: {error}. "
            "Correct it there."
        ) from None
    try:
        asked = place_of(place)
    except ValueError as error:
        raise InvalidInputError(
            "Destination", place[:200], str(error), f"Choose a place in {' or '.join(roots)}."
        ) from None
    if not any(asked.is_below(root) for root in allowed):
        raise InvalidInputError(
            "Destination",
            place[:200],
            f"does not lie in {' or '.join(roots)}, where exports may go",
            f"Choose a place there, or let an administrator add it to export_roots (section {SECTION} of Airflow's "
            "configuration).",
        )


def place_of(text: str) -> Place:
    """A folder with links followed, or a place in a bucket as it is written.

    Raises:
        ValueError: when it is neither, as a clause.
    """
    url = urlsplit(text) if "://" in text else None
    if url is None or url.scheme == "file":
        if url is not None and (url.netloc or url.query or url.fragment):
            raise ValueError("is no folder of this machine")
        try:
            folder = Path(text if url is None else unquote(url.path)).expanduser().resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise ValueError(f"is no place that files can be written to ({error})") from None
        return Place("file", "", folder.parts)
    names = tuple(name for name in url.path.split("/") if name)
    if not url.netloc or {".", ".."} & set(names) or unquote(text) != text or url.query or url.fragment:
        raise ValueError("is no plain place in a bucket like s3://conn_id@bucket/bills")
    return Place(url.scheme.lower(), url.netloc, names)
