"""What each database role may do with each table of the warehouse: what its work needs, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from include.warehouse.engine import ANALYST, PAGES, RECEIVER, WRITER, open_warehouse

if TYPE_CHECKING:
    from sqlalchemy import Engine

ALL = {"SELECT", "INSERT", "UPDATE", "DELETE"}
READ = {"SELECT"}
CREDENTIALS, VERSION = "core.environment_credentials", "alembic_version"
#: Rights by role: those on tables in general, and on those that are named.
RIGHTS: dict[str, tuple[set[str], dict[str, set[str]]]] = {
    WRITER: (ALL, {VERSION: READ}),
    ANALYST: (READ, {CREDENTIALS: set()}),
    PAGES: (
        READ,
        {
            CREDENTIALS: set(),
            "billing.rating_segments": READ | {"INSERT", "DELETE"},
            "billing.rating_hours": READ | {"INSERT", "DELETE"},
        },
    ),
    RECEIVER: (set(), {"marketplace.refused_callbacks": READ | {"INSERT", "UPDATE"}}),
}
#: Columns that a role may use of a table on which it has no such right: (table, right) → columns.
COLUMNS: dict[str, dict[tuple[str, str], set[str]]] = {
    WRITER: {},
    ANALYST: {},
    PAGES: {(CREDENTIALS, "SELECT"): {"environment_key", "stored_at"}},
    RECEIVER: {("marketplace.inbox", "INSERT"): {"action", "query", "parameters", "instance_id"}},
}
_TABLES = """
    SELECT
        c.oid::regclass::text,
        ARRAY(SELECT r FROM unnest(CAST(:rights AS text[])) AS r WHERE has_table_privilege(:role, c.oid, r))
    FROM pg_class AS c
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
"""


@pytest.mark.parametrize("role", RIGHTS)
def test_a_role_has_exactly_the_rights_that_its_work_needs(owned_warehouse: Engine, role: str) -> None:
    usual, named = RIGHTS[role]
    with owned_warehouse.connect() as connection:
        tables = connection.execute(
            text(_TABLES), {"role": role, "rights": [*ALL, "TRUNCATE", "REFERENCES", "TRIGGER"]}
        )
        found = {table: set(rights) for table, rights in tables}
        columns = connection.execute(
            text("""
            SELECT format('%I.%I', table_schema, table_name) AS name, privilege_type, column_name
            FROM information_schema.column_privileges WHERE grantee = :role
            """),
            {"role": role},
        ).all()
    assert len(found) > 60
    assert found == {table: named.get(table, usual) for table in found}
    of_columns: dict[tuple[str, str], set[str]] = {}
    for table, right, column in columns:
        if table in found and right not in found[table]:
            of_columns.setdefault((table, right), set()).add(column)
    assert of_columns == COLUMNS[role]


def test_no_role_has_rights_over_the_server_and_each_may_become_only_what_is_less(owned_warehouse: Engine) -> None:
    with owned_warehouse.connect() as connection:
        rights = connection.execute(
            text("""
            SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
            FROM pg_roles WHERE rolname = any(:names)
            """),
            {"names": list(RIGHTS)},
        ).all()
        members = connection.execute(
            text("""
            SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members
            WHERE member::regrole::text = any(:names)
            """),
            {"names": list(RIGHTS)},
        ).all()
    assert dict(rights) == dict.fromkeys(RIGHTS, False)
    assert set(members) == {(WRITER, RECEIVER), (WRITER, PAGES), (PAGES, ANALYST)}


def test_what_reads_the_pages_changes_nothing_and_sees_no_credential(owned_warehouse: Engine) -> None:
    """Logged in as its own login: a session that only took the role could put it off again."""
    pages = open_warehouse(owned_warehouse.url.set(username=PAGES), role=None)
    for forbidden in (
        "UPDATE billing.bills SET total = 0",
        "DELETE FROM metering.usage",
        "INSERT INTO core.buyers VALUES ('1', 'china', now())",
        "SELECT secret_ciphertext FROM core.environment_credentials",
        "SELECT access_key_id FROM core.environment_credentials",
        "SELECT metering.drop_month(DATE '2026-01-01', now(), INTERVAL '1 day')",
        "CREATE TABLE billing.mine (a int)",
        "COPY billing.bills TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
        "SET ROLE billing_writer",
    ):
        with pages.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(forbidden))
    pages.dispose()
