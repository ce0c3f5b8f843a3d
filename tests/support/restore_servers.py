"""PostgreSQL's own backups, on servers in folders: an archive of its log, base backups and dumps."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

import psutil
from sqlalchemy import URL, create_engine, text

from include.warehouse import server
from include.warehouse.embedded import ensure_database, server_url
from include.warehouse.server import postmaster, program, start

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

DATABASE = "warehouse"
_PATIENCE_SECONDS = 60


class ArchivedServer:
    """A server that copies each full segment of its write-ahead log to an archive."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.settings = {**settings, "wal_level": "replica", "max_wal_senders": "10"}
        self.data, self.archive, self.backup = folder / "data", folder / "archive", folder / "backup"
        self.archive.mkdir()
        _give_to_the_server(self.archive)
        archiving = {
            "archive_mode": "on",
            "archive_command": f"test ! -f {self.archive}/%f && cp %p {self.archive}/%f",
        }
        self.url = server_url(start(self.data, {**self.settings, **archiving}))

    def back_up(self) -> None:
        """A base backup, each of whose files is held against its manifest, as pg_verifybackup does.

        That program itself ends with a segmentation fault in the wheel of PostgreSQL that the tests use.
        """
        options = ("--checkpoint=fast", "--manifest-checksums=SHA256")
        _run("pg_basebackup", *_at(self.url), "--pgdata", str(self.backup), *options)
        for file in json.loads((self.backup / "backup_manifest").read_text(encoding="utf-8"))["Files"]:
            content = (self.backup / file["Path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == file["Checksum"], file["Path"]

    def clock(self) -> datetime:
        """What time it is to the server."""
        return _ask(self.url, "SELECT clock_timestamp()")

    def archive_all(self) -> None:
        """Close the present segment of the log, and wait until it is in the archive."""
        segment = _ask(self.url, "SELECT pg_walfile_name(pg_switch_wal())")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (self.archive / segment).exists():
            assert time.monotonic() < deadline, f"{segment} was not archived"
            time.sleep(0.05)

    def destroy(self) -> None:
        """Kill every process of the server, and delete its data."""
        first = postmaster(self.data)
        assert first is not None
        all_of_it = [first, *first.children(recursive=True)]
        first.kill()
        psutil.wait_procs(all_of_it, timeout=_PATIENCE_SECONDS)
        shutil.rmtree(self.data)

    def restore(self, data: Path, until: datetime) -> URL:
        """A server in that folder, from the base backup and the archive, as it was at that instant."""
        shutil.copytree(self.backup, data)
        (data / "recovery.signal").touch()
        _give_to_the_server(data)
        recovery = {
            "restore_command": f"cp {self.archive}/%f %p",
            "recovery_target_time": until.isoformat(),
            "recovery_target_action": "promote",
        }
        url = server_url(start(data, {**self.settings, **recovery}))
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while _ask(url, "SELECT pg_is_in_recovery()"):
            assert time.monotonic() < deadline, (data / "log").read_text(encoding="utf-8")[-2000:]
            time.sleep(0.05)
        return url


def dump(url: URL, folder: Path) -> None:
    """The roles of the server, and its warehouse, as files."""
    _run("pg_dumpall", *_at(url), "--roles-only", "--file", str(folder / "roles.sql"))
    _run("pg_dump", *_at(url), "--format=custom", "--file", str(folder / "warehouse.dump"), DATABASE)


def load(folder: Path, data: Path, settings: Mapping[str, str]) -> URL:
    """A new server for that data, with the roles and the warehouse of the dump."""
    url = server_url(start(data, settings))
    # The superuser is there already, so its line of roles.sql fails, and only that.
    done = _run("psql", *_at(url), "--quiet", "--file", str(folder / "roles.sql"), "postgres")
    errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert len(errors) == 1, errors
    assert 'role "postgres" already exists' in errors[0]
    ensure_database(url, DATABASE)
    _run("pg_restore", *_at(url), "--single-transaction", "--dbname", DATABASE, str(folder / "warehouse.dump"))
    return url


def _at(url: URL) -> tuple[str, ...]:
    return ("--host", str(url.query["host"]), "--username", "postgres")


def _run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(program(name)), *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{name}: {done.stdout} {done.stderr}"
    return done


def _ask(url: URL, query: str) -> Any:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            return connection.scalar(text(query))
    finally:
        engine.dispose()


def _give_to_the_server(folder: Path) -> None:
    """As root: everything in the folder to the user that the server runs as."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, server._server_user().pw_uid, -1)
