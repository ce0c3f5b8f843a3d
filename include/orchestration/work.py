"""Small helps for task bodies: the run's own instant, and what its form was given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context
    from sqlalchemy import Engine


def run_instant(context: Context | None = None) -> datetime:
    """The instant of the run, in UTC: rules are given this, never the clock.

    For a scheduled run it is when it became due (run_after), for a run by hand when it was asked for; both
    stay the same however late, or how often, its tasks run.
    """
    if context is None:
        from airflow.sdk import get_current_context

        context = get_current_context()
    return context["dag_run"].run_after.astimezone(UTC)


def database_instant(warehouse: Engine) -> datetime:
    """The database's time, in UTC and whole seconds: for what a person decides, whatever date the run was given."""
    from sqlalchemy import text

    with warehouse.connect() as connection:
        instant: datetime = connection.execute(text("SELECT date_trunc('second', now())")).scalar_one()
    return instant.astimezone(UTC)


def triggering_user() -> str | None:
    """The Airflow user who triggered this run; None for a scheduled one."""
    from airflow.sdk import get_current_context

    user: str | None = get_current_context()["dag_run"].triggering_user_name
    return user


def form(context: Context | None = None) -> dict[str, Any]:
    """What the run's form was given, defaults included."""
    if context is None:
        from airflow.sdk import get_current_context

        context = get_current_context()
    return dict(context["params"])
