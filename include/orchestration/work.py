"""Small helps for task bodies: the run's own instant, and what its form was given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context


def run_instant(context: Context | None = None) -> datetime:
    """The instant of the run, in UTC: rules are given this, never the clock.

    For a scheduled run it is when it became due (run_after), for a run by hand when it was asked for; both
    stay the same however late, or how often, its tasks run.
    """
    if context is None:
        from airflow.sdk import get_current_context

        context = get_current_context()
    return context["dag_run"].run_after.astimezone(UTC)


def form(context: Context | None = None) -> dict[str, Any]:
    """What the run's form was given, defaults included."""
    if context is None:
        from airflow.sdk import get_current_context

        context = get_current_context()
    return dict(context["params"])
