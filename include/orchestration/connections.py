"""What the Airflow connections hold, as values for the rooms.

| connection | type | holds |
|---|---|---|
| warehouse | postgres | the warehouse (any PostgreSQL from 16 on) |
| akubill_vault | akubill_vault | the Fernet key for secrets in warehouse columns |
| alibaba_vendor | alibaba_cloud | the vendor's account: supplier side of Compute Nest, Marketplace, ECS |
| alibaba_buyer_<account id> | alibaba_cloud | a buyer's delegated access: Compute Nest orders, BSS bills |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from include.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from sqlalchemy import Engine

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

    connection = _connection(WAREHOUSE, "the warehouse's PostgreSQL")
    return open_warehouse(
        _postgres_url(connection), role=None if as_owner else WRITER
    )


def vault() -> Vault:
    """The vault for secrets in warehouse columns.

    Raises:
        ConfigurationError: when the connection is missing or holds no Fernet key.
    """
    from include.warehouse.vault import Vault

    return Vault(_secret(_connection(VAULT, "the key for stored secrets")))


def vendor_access() -> CloudAccess:
    """The vendor's access to Alibaba Cloud.

    Raises:
        ConfigurationError: when the connection is missing or incomplete.
    """
    return _cloud_access(_connection(VENDOR, "the vendor's Alibaba Cloud access"))


def buyer_access(account_id: str) -> CloudAccess:
    """A buyer's delegated access to Alibaba Cloud.

    Raises:
        ConfigurationError: when the connection is missing or incomplete.
    """
    return _cloud_access(
        _connection(buyer_connection_id(account_id), f"the delegated Alibaba Cloud access of buyer {account_id}")
    )


def _connection(connection_id: str, holds: str) -> Connection:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        return Connection.get(connection_id)
    except (AirflowNotFoundException, AirflowRuntimeError):
        raise ConfigurationError(
            f"The Airflow connection {connection_id} is missing; it holds {holds}. "
            "Add it under Admin, Connections."
        ) from None
