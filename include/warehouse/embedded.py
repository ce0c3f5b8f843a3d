"""The embedded PostgreSQL: a server in a folder, for the local stack, for scratch work and for tests.

It listens on a Unix socket in its folder only, and lets only the system user in who started it.
"""

from __future__ import annotations

import atexit
import os
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Engine, create_engine, text

from include.warehouse.engine import WRITER, open_warehouse
from include.warehouse.migrate import migrate, schema_name
from include.warehouse.server import postmaster, start, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

#: For work that lasts: sized for a laptop, safe through a crash.
LASTING = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
}
#: For scratch work: nothing has to survive a crash.
SCRATCH = {
    **LASTING,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
}


def start_server(folder: Path, *, keep_running: bool = False) -> URL:
    """Start the server in that folder, or join it, and return the URL of its maintenance database.

    Args:
        folder: where its data lies; made when missing.
        keep_running: leave it running when this process ends. Otherwise it is scratch: it does not wait for disks.
    """
    runs_already = postmaster(folder.resolve()) is not None
    if not keep_running and not runs_already:
        atexit.register(_stop_at_exit, folder, os.getpid())
    socket_folder = start(folder, LASTING if keep_running else SCRATCH)
    return server_url(socket_folder)


def server_url(socket_folder: Path) -> URL:
    """The URL of the maintenance database of the server that listens in that folder."""
    return URL.create(
        "postgresql+psycopg", username="postgres", database="postgres", query={"host": str(socket_folder)}
    )


def _stop_at_exit(folder: Path, starter: int) -> None:
    if os.getpid() == starter:  # a fork inherits this, but not the server
        stop(folder)


def ensure_database(server: URL, name: str) -> URL:
    """The URL of that database on the server, made when missing."""
    with _maintenance(server) as connection:
        if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    return server.set(database=name)


@contextmanager
def scratch_warehouse(server: URL, *, role: str | None = WRITER) -> Iterator[Engine]:
    """A migrated, empty warehouse of one's own, dropped at the end; cloned from a template that is migrated once."""
    template = _ensure_template(server)
    name = f"scratch_{uuid.uuid4().hex}"
    with _maintenance(server) as connection:
        # The template is small, and what is copied as files is not written to the WAL as well.
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    engine = open_warehouse(server.set(database=name), role=role)
    try:
        yield engine
    finally:
        engine.dispose()
        with _maintenance(server) as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def temporary_warehouse(*, role: str | None = WRITER) -> Iterator[Engine]:
    """A migrated, empty warehouse on a server of its own; neither is there afterwards."""
    with tempfile.TemporaryDirectory(prefix="akubill-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "postgres"
        # The server may run as another user than root, and must reach its data.
        Path(folder).chmod(0o755)
        try:
            with scratch_warehouse(start_server(data), role=role) as engine:
                yield engine
        finally:
            stop(data)


def _ensure_template(server: URL) -> str:
    name = f"template_{schema_name()}"
    with _maintenance(server) as connection:
        connection.execute(text("SELECT pg_advisory_lock(hashtextextended('scratch template', 0))"))
        if connection.scalar(text("SELECT datistemplate FROM pg_database WHERE datname = :name"), {"name": name}):
            return name
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        owner = open_warehouse(server.set(database=name), role=None)
        migrate(owner)
        owner.dispose()
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" IS_TEMPLATE true')
    return name


@contextmanager
def _maintenance(server: URL) -> Iterator:  # type: ignore[type-arg]
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
