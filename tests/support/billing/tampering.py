"""What only someone can do who disables the database's guards, and what verification says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.billing.evidence.verify import Verification


def change(warehouse: Engine, *changes: str) -> None:
    """What only a superuser who disables the protection triggers can do."""
    with warehouse.begin() as connection:
        connection.execute(text("RESET ROLE"))
        triggers = connection.execute(
            text("""
            SELECT tgrelid::regclass::text AS relation, tgname FROM pg_trigger
            WHERE tgname LIKE 'guard%' AND NOT tgisinternal AND tgparentid = 0
            """)
        ).all()
        for row in triggers:
            connection.execute(text(f"ALTER TABLE {row.relation} DISABLE TRIGGER {row.tgname}"))
        for each in changes:
            assert connection.execute(text(each)).rowcount > 0
        for row in triggers:
            connection.execute(text(f"ALTER TABLE {row.relation} ENABLE ALWAYS TRIGGER {row.tgname}"))


def named(verified: Verification) -> dict[str, set[str]]:
    """What was found, by document."""
    found: dict[str, set[str]] = {}
    for difference in verified.differences:
        found.setdefault(difference.bill_id, set()).add(difference.what)
    return found
