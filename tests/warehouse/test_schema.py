"""The schema: explained, in step with its definitions, guarded by roles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from include.domain.errors import ConfigurationError
from include.warehouse import routines
from include.warehouse.embedded import ensure_database
from include.warehouse.engine import ANALYST, RECEIVER, ensure_partitions, open_warehouse
from include.warehouse.migrate import current_revision, head_revision, migrate
from include.warehouse.migrations.baseline import BASELINE, baseline
from include.warehouse.tables import SCHEMAS, VIEW_SCHEMAS, metadata

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

pytestmark = pytest.mark.heart


def test_every_table_view_and_column_is_explained_in_the_database(owned_warehouse: Engine) -> None:
    unexplained = text("""
        SELECT c.oid::regclass || coalesce('.' || a.attname, '') FROM pg_class AS c
        LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace::regnamespace::text = ANY(:schemas) AND c.relkind IN ('r', 'p', 'v')
            AND NOT c.relispartition
            AND (obj_description(c.oid) IS NULL OR col_description(c.oid, a.attnum) IS NULL)
    """)
    with owned_warehouse.connect() as connection:
        assert connection.scalars(unexplained, {"schemas": [*SCHEMAS, *VIEW_SCHEMAS]}).all() == []


def test_migrations_lead_to_exactly_the_defined_tables(owned_warehouse: Engine) -> None:
    with owned_warehouse.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_schemas": True, "include_name": lambda name, kind, _: kind != "schema" or name in SCHEMAS},
        )
        assert compare_metadata(context, metadata) == []


def test_the_baseline_is_written_from_the_table_definitions() -> None:
    assert BASELINE.read_text(encoding="utf-8") == baseline(), "run python -m include.warehouse.migrations.baseline"


def test_every_routine_is_installed_by_its_full_name() -> None:
    folder = Path(routines.__file__).parent
    files = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.sql")}
    assert files == {*routines.ROUTINES, "drop_routines"}


def test_every_function_is_explained_in_the_database(owned_warehouse: Engine) -> None:
    unexplained = text("""
        SELECT CAST(p.oid AS regprocedure)::text FROM pg_proc AS p
        WHERE p.pronamespace::regnamespace::text = ANY(:schemas) AND p.prorettype <> 'trigger'::regtype
            AND obj_description(p.oid) IS NULL
    """)
    with owned_warehouse.connect() as connection:
        assert connection.scalars(unexplained, {"schemas": [*SCHEMAS, *VIEW_SCHEMAS]}).all() == []


def test_migrating_replaces_a_routine_that_was_changed(owned_warehouse: Engine) -> None:
    half = text("SELECT billing.round_amount(1.5, 0, 'half_up')")
    with owned_warehouse.begin() as connection:
        connection.execute(
            text("""CREATE OR REPLACE FUNCTION billing.round_amount(amount numeric, digits integer, mode text)
                RETURNS numeric LANGUAGE sql IMMUTABLE STRICT RETURN 0""")
        )
        assert connection.scalar(half) == 0
    migrate(owned_warehouse)
    with owned_warehouse.connect() as connection:
        assert connection.scalar(half) == 2


def test_a_warehouse_of_an_unknown_revision_is_refused_in_a_sentence(owned_warehouse: Engine) -> None:
    with owned_warehouse.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    with pytest.raises(ConfigurationError, match="at revision 0003, which this version does not know"):
        migrate(owned_warehouse)


def test_migrating_twice_changes_nothing(postgres_server: URL) -> None:
    engine = open_warehouse(ensure_database(postgres_server, "migrated_twice"), role=None)
    assert current_revision(engine) is None
    assert migrate(engine) == migrate(engine) == head_revision() == current_revision(engine)
    engine.dispose()


def test_no_column_holds_a_float() -> None:
    floats = [
        str(column)
        for table in metadata.tables.values()
        for column in table.columns
        if column.type.__visit_name__ in {"float", "double", "double_precision", "real"}
    ]
    assert floats == []


def test_an_analyst_reads_bills_and_writes_nothing(postgres_server: URL, warehouse: Engine) -> None:
    analyst = open_warehouse(warehouse.url, role=ANALYST)
    with analyst.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM billing.bills")) == 0
        views = connection.scalars(text("SELECT viewname FROM pg_views WHERE schemaname = 'analytics'")).all()
        assert set(views) == {
            "bill_lines",
            "bills",
            "corrections",
            "daily_cost",
            "daily_usage",
            "days",
            "revenue_by_month",
            "unbilled_to_date",
        }
        for view in views:
            assert connection.scalar(text(f"SELECT count(*) FROM analytics.{view}")) == 0
    for forbidden in (
        "DELETE FROM billing.bills",
        "UPDATE core.subscriptions SET state = 'released'",
        "INSERT INTO core.buyers VALUES ('1', 'china', now())",
        "TRUNCATE metering.usage",
        "SELECT secret_ciphertext FROM core.environment_credentials",
        "SELECT metering.ensure_partitions(now(), now() + interval '1 day')",
        "CREATE TABLE billing.mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "CREATE VIEW analytics.mine AS SELECT 1",
    ):
        with analyst.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(forbidden))
    analyst.dispose()


def test_the_receiver_of_callbacks_stores_them_and_does_nothing_else(warehouse: Engine) -> None:
    receiver = open_warehouse(warehouse.url, role=RECEIVER)
    with receiver.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO marketplace.inbox (action, query, parameters, instance_id)
            VALUES ('createInstance', 'action=createInstance', '{}', '1')
            """)
        )
    for forbidden in (
        "SELECT query FROM marketplace.inbox",
        "UPDATE marketplace.inbox SET state = 'applied'",
        "DELETE FROM marketplace.inbox",
        "INSERT INTO marketplace.inbox (state) VALUES ('applied')",
        "INSERT INTO marketplace.inbox (source) VALUES ('operator')",
        "INSERT INTO marketplace.inbox (received_at) VALUES (now())",
        "INSERT INTO marketplace.event_decisions VALUES (1, 1, 'replayed', 'x', 'x')",
        "SELECT 1 FROM core.subscriptions",
        "SELECT 1 FROM billing.bills",
        "SELECT 1 FROM analytics.bills",
        "CREATE TABLE marketplace.mine (a int)",
    ):
        with receiver.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(forbidden))
    receiver.dispose()


def test_partitions_are_made_once_for_each_month_of_the_window(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        for _ in range(2):
            ensure_partitions(connection, "2026-10-31T16:00:00Z", "2026-12-01T00:00:00Z")
        made = connection.scalars(text("SELECT tablename FROM pg_tables WHERE tablename LIKE 'usage\\_2%' ORDER BY 1"))
        assert made.all() == ["usage_2026_10", "usage_2026_11"]


def test_the_writer_owns_nothing(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        owned = connection.scalar(
            text(
                "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
            )
        )
        assert owned == 0


def test_the_working_tables_of_rating_are_not_analyzed_while_they_are_empty(warehouse: Engine) -> None:
    """The planner would expect one row from then on, and take several times as long for a thousand subscriptions."""
    query = text("SELECT reloptions FROM pg_class WHERE relname IN ('rating_segments', 'rating_hours')")
    with warehouse.connect() as connection:
        assert connection.scalars(query).all() == [["autovacuum_analyze_threshold=2147483647"]] * 2
