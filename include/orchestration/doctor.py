"""What `akubill doctor` looks at: each check is one function that returns what it found, or raises with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from include.domain.errors import AkubillError, ConfigurationError
from include.orchestration import connections
from include.orchestration.checks import check_cloud_access

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine


OLDEST_POSTGRES = 16
#: The cloud refuses signatures at 15 minutes; long before that, instants of readings are wrong.
LARGEST_SKEW_SECONDS = 30


class CheckResult(NamedTuple):
    """One check: its name, whether it holds, and what was found or what to do."""

    check: str
    holds: bool
    sentence: str


def examine() -> Iterator[CheckResult]:
    """Every check, in the order in which one would fix them."""
    yield _find("Airflow's database", check_airflow_database)
    opened = _find("Connection warehouse", check_warehouse)
    yield opened
    if opened.holds:
        yield _find("Warehouse schema", check_schema)
        yield _find("Vault", check_vault)
    yield _find("Vendor's signature", check_vendor)
    if opened.holds:
        yield _find("Clock", check_clock)
        for account_id in _buyers():
            yield _find(f"Buyer {account_id}", lambda account=account_id: check_buyer(account))  # type: ignore[misc]
        yield _find("Consoles", check_consoles)
        yield _find("Callbacks", check_callbacks)


def _find(check: str, look: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(check, holds=True, sentence=look())
    except AkubillError as error:
        return CheckResult(check, holds=False, sentence=str(error))


def check_airflow_database() -> str:
    """Airflow's metadata database answers and has Airflow's newest schema."""
    from airflow.utils.db import check_migrations

    try:
        check_migrations(timeout=0)  # type: ignore[no-untyped-call]
    except DBAPIError as error:
        raise ConfigurationError(
            f"Airflow's database does not answer ({_short(error)}). `make up` starts the local one; else correct "
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN."
        ) from None
    except TimeoutError:
        raise ConfigurationError("Airflow's database is not migrated. Run `airflow db migrate`.") from None
    return "It answers and is migrated."


def check_warehouse() -> str:
    """The warehouse answers, is new enough, and lets us work as its writer."""
    engine = connections.warehouse_owner()
    try:
        with engine.connect() as connection:
            version = int(str(connection.scalar(text("SHOW server_version_num")))) // 10_000
    except DBAPIError as error:
        raise ConfigurationError(
            f"The warehouse does not answer ({_short(error)}). `make up` starts the local one; else correct the "
            "connection warehouse under Admin, Connections."
        ) from None
    finally:
        engine.dispose()
    if version < OLDEST_POSTGRES:
        raise ConfigurationError(f"The warehouse is PostgreSQL {version}. Use {OLDEST_POSTGRES} or later.")
    return f"PostgreSQL {version} answers."


def check_schema() -> str:
    """The warehouse's schema is the one that this code knows, and the login may act as the writer."""
    from include.warehouse.migrate import current_revision, head_revision

    engine = connections.warehouse_owner()
    current, head = current_revision(engine), head_revision()
    engine.dispose()
    if current != head:
        raise ConfigurationError(
            f"It is at revision {current}, this code needs {head}. Run `akubill warehouse migrate`."
        )
    try:
        with connections.warehouse().connect() as connection:
            connection.execute(text("SELECT 1 FROM core.subscriptions LIMIT 1"))
    except DBAPIError as error:
        raise ConfigurationError(
            f"The connection's user cannot act as billing_writer ({_short(error)}). GRANT billing_writer to it."
        ) from None
    return f"It is at revision {head}."


def check_vault() -> str:
    """The vault's key encrypts, and opens what is stored."""
    vault = connections.vault()
    query = text("SELECT secret_ciphertext FROM core.environment_credentials ORDER BY stored_at")
    with connections.warehouse().connect() as connection:
        stored = connection.scalars(query).all()
    for ciphertext in stored:
        vault.decrypt(ciphertext)
    return f"Its key opens all {len(stored)} stored secrets."


def check_vendor() -> str:
    """The cloud accepts the vendor's signature, and knows the product's service."""
    from include.alibaba.supplier import Supplier
    from include.catalog.loader import load_product

    access, product = connections.vendor_access(), load_product()
    service = Supplier(access).get_service(product.service_id)
    return f"Compute Nest accepted access key {access.access_key_id}; service {service.service_id} is {service.status}."


def check_buyer(account_id: str) -> str:
    """The cloud accepts the signature of a buyer's delegated access."""
    return check_cloud_access(connections.buyer_access(account_id))


def check_clock() -> str:
    """This machine's clock agrees with the consoles', by the Date headers of their last answers."""
    query = text(
        "SELECT DISTINCT ON (environment_key) clock_skew_ms FROM metering.polls WHERE clock_skew_ms IS NOT NULL "
        "ORDER BY environment_key, observed_at DESC"
    )
    with connections.warehouse().connect() as connection:
        skews = sorted(connection.scalars(query).all(), key=abs)
    if not skews:
        return "No console was asked yet; accepted signatures prove it right to 15 minutes."
    # A console's own clock may be off; when most of them disagree with us, it is ours.
    typical = skews[len(skews) // 2] / 1000
    if abs(typical) > LARGEST_SKEW_SECONDS:
        raise ConfigurationError(f"Most consoles' clocks are {typical:+.0f} s from this one's. Synchronise it by NTP.")
    return f"It agrees with most consoles' to {max(1, round(abs(typical)))} s."


def check_consoles() -> str:
    """The last poll of every metered environment succeeded."""
    query = text(
        "SELECT e.environment_id, p.error FROM core.environments AS e INNER JOIN LATERAL ("
        "SELECT ok, error FROM metering.polls WHERE environment_key = e.environment_key "
        "ORDER BY observed_at DESC LIMIT 1) AS p ON TRUE WHERE e.state = 'metered' AND NOT p.ok"
    )
    with connections.warehouse().connect() as connection:
        silent = connection.execute(query).all()
        count = connection.scalar(text("SELECT count(*) FROM core.environments WHERE state = 'metered'"))
    if silent:
        raise ConfigurationError(f"{len(silent)} of {count} failed the last poll, first {silent[0][0]}: {silent[0][1]}")
    return f"None of {count} metered environments failed its last poll."


def check_callbacks() -> str:
    """The Marketplace's callbacks can be verified and stored, and their tokens were not all wrong."""
    if not connections.has_callback_keys():
        return f"Not set up: the connection {connections.CALLBACKS} is missing, so callbacks are answered with 503."
    count = len(connections.callback_keys())
    receiver = connections.warehouse_receiver()
    try:
        with receiver.connect() as connection:
            connection.execute(text("SELECT 1 FROM marketplace.ready_instances LIMIT 1"))
    except DBAPIError as error:
        raise ConfigurationError(
            f"Callbacks cannot be stored: the login cannot act as marketplace_receiver ({_short(error)}). Run `akubill "
            "warehouse migrate`, or GRANT marketplace_receiver to it."
        ) from None
    finally:
        receiver.dispose()
    query = text("""
        SELECT
            (
                SELECT count(*) FROM marketplace.inbox
                WHERE source = 'callback' AND received_at > now() - interval '1 day'
            ),
            (
                SELECT coalesce(sum(callbacks), 0) FROM marketplace.refused_callbacks
                WHERE reason = 'token' AND last_at > now() - interval '1 day'
            )
    """)
    with connections.warehouse().connect() as connection:
        stored, forged = connection.execute(query).one()
    if forged and not stored:
        raise ConfigurationError(
            f"All {forged} callbacks of the last day had a wrong token. Compare the key in the connection "
            f"{connections.CALLBACKS} with the one that the Marketplace's console shows."
        )
    return f"{count} key(s); {stored} callbacks were stored in the last day, {forged} had a wrong token."


def _buyers() -> list[str]:
    warehouse: Engine = connections.warehouse()
    try:
        with warehouse.connect() as connection:
            return list(connection.scalars(text("SELECT account_id FROM core.buyers ORDER BY account_id")))
    except DBAPIError:
        return []  # the schema's own check says why


def _short(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
