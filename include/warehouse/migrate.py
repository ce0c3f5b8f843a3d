"""Brings a database to the newest schema: tables by Alembic, then the routines; and reports its version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from include.domain.errors import ConfigurationError
from include.warehouse.engine import locked
from include.warehouse.routines import digest, replace_routines

if TYPE_CHECKING:
    from sqlalchemy import Engine

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> str:
    """Bring the database to the newest revision, in one transaction, and return that revision's name.

    The engine must keep its login user, who owns the schemas (`open_warehouse(url, role=None)`).

    Raises:
        ConfigurationError: when the database was made by a version of the product whose revision this one lacks.
    """
    with engine.begin() as connection, locked(connection, "migrate"):
        config = _config()
        _refuse_unknown(config, MigrationContext.configure(connection).get_current_revision())
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        replace_routines(connection)
    return head_revision()


def set_password(engine: Engine, role: str, password: str) -> None:
    """Let one of our roles log in with that password. The server gets its hash, so that no log has it."""
    with engine.begin() as connection:
        session = connection.connection.driver_connection
        assert session is not None  # noqa: S101 (it is open)
        hashed = session.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        connection.exec_driver_sql(f"ALTER ROLE {role} PASSWORD '{hashed}'")


def _refuse_unknown(config: Config, revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise ConfigurationError(
            f"The warehouse is at revision {revision}, which this version does not know: a newer version made it, or "
            "one from before the first release. Use the version that made it, or start with an empty database (of the "
            "local stack: `make clean`)."
        )


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at, or None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The newest revision that this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def schema_name() -> str:
    """A name for exactly this schema: the newest revision with the routines' digest."""
    return f"{head_revision()}_{digest()}"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config
