"""What the Airflow connections hold, as values for the rooms.

| connection | type | holds |
|---|---|---|
| warehouse | postgres | the warehouse (any PostgreSQL from 16 on), with a login that may act as `billing_writer` |
| warehouse_owner | postgres | the same with its owner's login, where migrations run; else `warehouse` is it |
| warehouse_pages | postgres | the same with a login that only reads what the pages show; else `warehouse` is it |
| warehouse_receiver | postgres | the same with a login that stores callbacks only; else `warehouse` is it |
| marketplace_callbacks | akubill_marketplace | the keys by which the Marketplace signs its callbacks |
| akubill_vault | akubill_vault | the Fernet key for secrets in warehouse columns |
| alibaba_vendor | alibaba_cloud | the vendor's account: supplier side of Compute Nest, Marketplace, ECS |
| alibaba_vendor_international | alibaba_cloud | the vendor's account of the international site, for its Marketplace |
| aws_seller | aws_marketplace | the seller's access to AWS Marketplace's metering service |
| alibaba_buyer_<account id> | alibaba_cloud | a buyer's delegated access: Compute Nest orders, BSS bills |
| automq_console_<environment id> | any | a console's next credential, until `console_credential` has stored it |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from pydantic import SecretStr

from include.domain.errors import ConfigurationError, InvalidInputError

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from sqlalchemy import URL, Engine

    from include.alibaba.access import CloudAccess
    from include.aws.access import AwsAccess
    from include.warehouse.vault import Vault

WAREHOUSE = "warehouse"
WAREHOUSE_OWNER = "warehouse_owner"
WAREHOUSE_PAGES = "warehouse_pages"
WAREHOUSE_RECEIVER = "warehouse_receiver"
CALLBACKS = "marketplace_callbacks"
VAULT = "akubill_vault"
VENDOR = "alibaba_vendor"
VENDOR_INTERNATIONAL = "alibaba_vendor_international"
AWS_SELLER = "aws_seller"
#: A callback is answered within this time, or refused: the Marketplace calls again.
CALLBACK_SECONDS = 3


def buyer_connection_id(account_id: str) -> str:
    """The id of the connection that holds a buyer's delegated access."""
    return f"alibaba_buyer_{account_id}"


def next_console_credential(environment_id: str) -> tuple[str, SecretStr]:
    """Access key id and secret that a console shall be asked with from now on.

    Raises:
        ConfigurationError: when the connection is missing, or a field of it.
    """
    connection = _connection(
        f"automq_console_{environment_id}", "the console's next access key: its id as Login, its secret as Password"
    )
    return _needed(connection, "login"), _password(connection)


def warehouse() -> Engine:
    """The warehouse, as its writer.

    Raises:
        ConfigurationError: when the connection is missing.
    """
    from include.warehouse.engine import open_warehouse

    return open_warehouse(warehouse_url())


def warehouse_url() -> URL:
    """Where the warehouse is, and the login that work uses.

    Raises:
        ConfigurationError: when the connection is missing.
    """
    return _postgres_url(_connection(WAREHOUSE, "the warehouse's PostgreSQL"))


def warehouse_owner() -> Engine:
    """The warehouse as its owner, for migrations: by the connection `warehouse_owner`, or else by `warehouse`.

    Raises:
        ConfigurationError: when both are missing.
    """
    from include.warehouse.engine import open_warehouse

    owner = _find_connection(WAREHOUSE_OWNER)
    return open_warehouse(warehouse_url() if owner is None else _postgres_url(owner), role=None)


def warehouse_pages() -> Engine:
    """The warehouse for the billing pages, which take their own role: by `warehouse_pages`, or `warehouse`.

    Raises:
        ConfigurationError: when both are missing.
    """
    from include.warehouse.engine import open_warehouse

    return open_warehouse(warehouse_pages_url(), role=None)


def warehouse_pages_url() -> URL:
    """Where the warehouse is, and the login that the pages use.

    Raises:
        ConfigurationError: when the connection is missing.
    """
    return _url_or_the_warehouses(WAREHOUSE_PAGES)


def warehouse_receiver() -> Engine:
    """The warehouse for callbacks, which do not wait long: by the connection `warehouse_receiver`, or `warehouse`.

    Raises:
        ConfigurationError: when both are missing.
    """
    from include.warehouse.engine import RECEIVER, open_warehouse

    return open_warehouse(warehouse_receiver_url(), role=RECEIVER, answers_within=CALLBACK_SECONDS)


def warehouse_receiver_url() -> URL:
    """Where the warehouse is, and the login that stores callbacks.

    Raises:
        ConfigurationError: when the connection is missing.
    """
    return _url_or_the_warehouses(WAREHOUSE_RECEIVER)


def _url_or_the_warehouses(connection_id: str) -> URL:
    found = _find_connection(connection_id)
    return warehouse_url() if found is None else _postgres_url(found)


def has_callback_keys() -> bool:
    """Whether the connection with the callbacks' keys is there."""
    return _find_connection(CALLBACKS) is not None


def callback_keys() -> list[SecretStr]:
    """The keys by which the Marketplace may have signed a callback, newest first.

    Raises:
        ConfigurationError: when the connection is missing, or what it holds is no key.
    """
    from include.domain.marketplace.callbacks import check_key

    held = _password(_connection(CALLBACKS, "the keys by which the Marketplace signs its callbacks"))
    try:
        return [SecretStr(check_key(key)) for key in held.get_secret_value().split()]
    except InvalidInputError as error:
        raise ConfigurationError(f"The Airflow connection {CALLBACKS} holds a key that {error.rule}.") from None


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


def international_vendor_access() -> CloudAccess:
    """The vendor's access to the international site's Marketplace.

    Raises:
        ConfigurationError: when the connection is missing or incomplete.
    """
    return cloud_access(VENDOR_INTERNATIONAL, "the vendor's access to Alibaba Cloud's international site")


def aws_access(connection_id: str = AWS_SELLER) -> AwsAccess:
    """The seller's access to AWS Marketplace.

    Raises:
        ConfigurationError: when the connection is missing or incomplete.
    """
    from include.aws.access import AwsAccess

    connection = _connection(connection_id, "the seller's access to AWS Marketplace")
    return AwsAccess(
        access_key_id=_needed(connection, "login"),
        access_key_secret=_password(connection),
        region_id=str(connection.extra_dejson.get("region_id") or "us-east-1"),
        endpoint=_endpoint(connection),
        protocol=_protocol(connection),
    )


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
    connection = _find_connection(connection_id)
    if connection is None:
        raise ConfigurationError(
            f"The Airflow connection {connection_id} is missing; it holds {holds}. Add it under Admin, Connections."
        )
    return connection


def _find_connection(connection_id: str) -> Connection | None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return cast("Connection", Connection.get(connection_id))
    except AirflowNotFoundException:
        return None


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
    return CloudAccess(
        account_id=str(extra.get("account_id") or ""),
        access_key_id=_needed(connection, "login"),
        access_key_secret=_password(connection),
        region_id=str(extra.get("region_id") or "cn-hangzhou"),
        endpoint=_endpoint(connection),
        protocol=_protocol(connection),
    )


def _endpoint(connection: Connection) -> str | None:
    if connection.host and connection.port:
        return f"{connection.host}:{connection.port}"
    return connection.host or None


def _protocol(connection: Connection) -> Literal["https", "http"]:
    return "http" if connection.extra_dejson.get("protocol") == "http" else "https"
