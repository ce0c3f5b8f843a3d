"""Where records are kept: a SQLite table. What a request changed is one transaction, committed before the answer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from include.sandbox.records import KINDS, Record

_SCHEMA = "CREATE TABLE IF NOT EXISTS records (kind TEXT, key TEXT, body TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID"


class Journal:
    """The sandbox's records in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(folder / "sandbox.sqlite", check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing; only a machine that loses power could lose the last moments of a sandbox.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(_SCHEMA)

    def load(self) -> Iterator[Record]:
        """All records."""
        for kind, body in self._connection.execute("SELECT kind, body FROM records"):
            yield KINDS[kind](**json.loads(body))

    def write(self, kept: Iterable[Record], dropped: Iterable[Record]) -> None:
        """Store some records and remove others, all or none."""
        rows = [(record.kind, record.key, json.dumps(asdict(record))) for record in kept]
        gone = [(record.kind, record.key) for record in dropped]
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)
        self._connection.executemany("DELETE FROM records WHERE kind = ? AND key = ?", gone)
        self._connection.execute("COMMIT")

    def clear(self) -> None:
        """Forget everything."""
        self._connection.execute("DELETE FROM records")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
