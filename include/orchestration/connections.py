"""What the Airflow connections hold, as values for the rooms.

| connection | type | holds |
|---|---|---|
| warehouse | postgres | the warehouse (any PostgreSQL from 16 on) |
| akubill_vault | akubill_vault | the Fernet key for secrets in warehouse columns |
| alibaba_vendor | alibaba_cloud | the vendor's account: supplier side of Compute Nest, Marketplace, ECS |
| alibaba_buyer_<account id> | alibaba_cloud | a buyer's delegated access: Compute Nest orders, BSS bills |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from pydantic import SecretStr

from include.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from sqlalchemy import URL, Engine

    from include.alibaba.access import CloudAccess
    from include.warehouse.vault import Vault

WAREHOUSE = "warehouse"
VAULT = "akubill_vault"
VENDOR = "alibaba_vendor"


def buyer_connection_id(account_id: str) -> str:
    """The id of the connection that holds a buyer's delegated access."""
    return f"alibaba_buyer_{account_id}"


def warehouse(*, as_owner: bool = False) -> Engine:
    """The warehouse; as its owner only for migrations.

    Raises:
        ConfigurationError: when the connection is missing.
    """
    from include.warehouse.engine import WRITER, open_warehouse

    url = _postgres_url(_connection(WAREHOUSE, "the warehouse's PostgreSQL"))
    return open_warehouse(url, role=None if as_owner else WRITER)


def vault() -> Vault:
    """The vault for secrets in warehouse columns.

    Raises:
        ConfigurationError: when the connection is missing or holds no Fernet key.
    """
    from include.warehouse.vault import Vault

    return Vault(_password(_connection(VAULT, "the key for stored secrets")))


def vendor_access() -> CloudAccess:
    """The vendor's access to Alibaba Cloud.

    Raises:
        ConfigurationError: when the connection is missing or incomplete.
    """
    return cloud_access(VENDOR, "the vendor's Alibaba Cloud access")


def buyer_access(account_id: str) -> CloudAccess:
    """A buyer's delegated access to Alibaba Cloud.

    Raises:
        ConfigurationError: when the connection is missing or incomplete.
    """
    return cloud_access(buyer_connection_id(account_id), f"the delegated Alibaba Cloud access of buyer {account_id}")


def cloud_access(connection_id: str, holds: str = "access to an Alibaba Cloud account") -> CloudAccess:
    """The access that a connection of type alibaba_cloud holds.

    Raises:
        ConfigurationError: when the connection is missing or incomplete.
    """
    return _cloud_access(_connection(connection_id, holds))


def _connection(connection_id: str, holds: str) -> Connection:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return cast("Connection", Connection.get(connection_id))
    except AirflowNotFoundException:
        raise ConfigurationError(
            f"The Airflow connection {connection_id} is missing; it holds {holds}. Add it under Admin, Connections."
        ) from None


def _password(connection: Connection) -> SecretStr:
    return SecretStr(_needed(connection, "password"))


def _needed(connection: Connection, field: Literal["host", "login", "password", "schema"]) -> str:
    value = getattr(connection, field)
    if not value:
        raise ConfigurationError(
            f"The Airflow connection {connection.conn_id} has no {field}. Fill it in under Admin, Connections."
        )
    return str(value)


def _postgres_url(connection: Connection) -> URL:
    """The connection as a URL; a host that is a folder is that of a Unix socket."""
    from sqlalchemy import URL

    host = _needed(connection, "host")
    over_socket = host.startswith("/")
    options = {name: str(value) for name, value in connection.extra_dejson.items() if value}
    return URL.create(
        "postgresql+psycopg",
        username=connection.login or None,
        password=connection.password or None,
        host=None if over_socket else host,
        port=connection.port,
        database=_needed(connection, "schema"),
        query={**options, **({"host": host} if over_socket else {})},
    )


def _cloud_access(connection: Connection) -> CloudAccess:
    from include.alibaba.access import CloudAccess

    extra = connection.extra_dejson
    endpoint = f"{connection.host}:{connection.port}" if connection.host and connection.port else connection.host
    return CloudAccess(
        account_id=str(extra.get("account_id") or ""),
        access_key_id=_needed(connection, "login"),
        access_key_secret=_password(connection),
        region_id=str(extra.get("region_id") or "cn-hangzhou"),
        endpoint=endpoint or None,
        protocol="http" if extra.get("protocol") == "http" else "https",
    )
