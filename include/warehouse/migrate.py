"""Brings a database to the newest schema with Alembic, and says where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from include.warehouse.engine import locked

if TYPE_CHECKING:
    from sqlalchemy import Engine

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> str:
    """Bring the database to the newest revision, in one transaction, and return that revision's name.

    The engine must keep its login user, who owns the schemas (`open_warehouse(url, role=None)`).
    """
    with engine.begin() as connection, locked(connection, "migrate"):
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return head_revision()


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at, or None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The newest revision that this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config
