"""Airflow's and the warehouse's first steps, in one process because importing Airflow takes seconds.

Run as `python -m include.local.airflow_setup` in the stack's environment. Migrates both databases and adds the
connections that are missing; those that a person has edited stay as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet

from include.local.state import State, load_settings
from include.orchestration.connections import CALLBACKS, VAULT, VENDOR, WAREHOUSE
from include.warehouse.embedded import server_url
from include.warehouse.engine import WRITER, open_warehouse
from include.warehouse.migrate import migrate
from include.warehouse.server import socket_folder

if TYPE_CHECKING:
    from airflow.models.connection import Connection

    from include.local.state import Settings


def main() -> None:
    """Migrate and connect."""
    state = State.here()
    settings = load_settings(state)
    if settings is None:
        raise SystemExit("The stack has no settings yet. Run `make up`.")
    from airflow.utils.db import initdb

    initdb()
    listening = socket_folder(state.postgres)
    add_missing_connections(settings, listening)
    migrate_warehouse(listening)


def migrate_warehouse(listening: Path) -> None:
    """Bring the embedded warehouse to the newest schema, as its owner."""
    owner = open_warehouse(server_url(listening).set(database="warehouse"), role=None)
    migrate(owner)
    owner.dispose()


def add_missing_connections(settings: Settings, listening: Path) -> None:
    """Add `warehouse`, `akubill_vault`, `alibaba_vendor` and `marketplace_callbacks` where they are missing."""
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        known = {connection.conn_id: connection for connection in session.scalars(select(Connection))}
        wanted = _connections(settings, str(listening))
        session.add_all(connection for connection in wanted if connection.conn_id not in known)
        ours = known.get(WAREHOUSE)
        if ours and ours.host and ours.host.startswith("/") and not Path(ours.host).exists():
            ours.host = str(listening)  # the checkout, and the embedded server with it, was moved


def _connections(settings: Settings, host: str) -> list[Connection]:
    from airflow.models.connection import Connection

    return [
        Connection(
            conn_id=WAREHOUSE,
            conn_type="postgres",
            description="The warehouse: bills, usage, subscriptions. Any PostgreSQL from 16 on.",
            host=host,
            login=WRITER,
            schema="warehouse",
        ),
        Connection(
            conn_id=VAULT,
            conn_type="akubill_vault",
            description="Encrypts secrets in warehouse columns. Losing it loses them.",
            password=Fernet.generate_key().decode(),
        ),
        Connection(
            conn_id=CALLBACKS,
            conn_type="akubill_marketplace",
            description="The key by which the Marketplace signs its callbacks; here the sandbox's.",
            password=settings.callback_key,
        ),
        Connection(
            conn_id=VENDOR,
            conn_type="alibaba_cloud",
            description="The vendor's account; here at the sandbox.",
            host="127.0.0.1",
            port=settings.sandbox_port,
            login=settings.vendor_key_id,
            password=settings.vendor_key_secret,
            extra={"account_id": settings.vendor_account_id, "region_id": "cn-hangzhou", "protocol": "http"},
        ),
    ]


if __name__ == "__main__":
    main()
