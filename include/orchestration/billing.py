"""What a run of billing_period_close knows about itself: its period, and whether a person asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.domain.people import by_hand
from include.orchestration.work import form, run_instant

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.domain.periods import BillingPeriod


def period_of_run(context: Context | None = None) -> str:
    """The period that the form names, or else the run's partition; YYYY-MM.

    Raises:
        InvalidInputError: when neither names one, or both name different ones.
    """
    from include.domain.errors import InvalidInputError

    context = context or _current()
    asked, partition = form(context).get("period"), context["dag_run"].partition_key
    if asked and partition and asked != partition:
        raise InvalidInputError(
            "Billing period", asked, f"is not the run's partition {partition}", "Name the month in one of the two."
        )
    return _period(asked or partition or "").name


def ended_period_of_run(context: Context | None = None) -> str:
    """The same, of a period that has ended at the run's instant.

    Raises:
        PeriodNotEndedError: when it has not.
    """
    from include.billing.bills.close import refuse_running

    context = context or _current()
    period = period_of_run(context)
    refuse_running(_period(period), run_instant(context))
    return period


def close_shard_of_run(period: str, shard: int, context: Context | None = None) -> dict[str, Any]:
    """Close a shard of the period; the parts of a `ClosedShard`."""
    from include.billing.bills.close import close_shard
    from include.orchestration.connections import warehouse

    context = context or _current()
    closed = close_shard(warehouse(), _period(period), shard, run_instant(context), who_runs(context))
    return closed._asdict()


def sum_up_of_run(period: str, shards: list[dict[str, Any]], context: Context | None = None) -> dict[str, Any]:
    """What closing came to: counts, what was done in words, and a sentence on each subscription without a bill.

    A period that was closed already gives the same and says so: a run that is tried again after its close has committed
    still reports and asks reviewers.

    Raises:
        EmptyPeriodError: a person asked for a period without any bill.
        AirflowSkipException: the schedule or a backfill did; there is just nothing to do.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from include.billing.bills.close import (
        ClosedShard,
        EmptyPeriodError,
        PeriodIssuedError,
        sum_up,
        summarise_period,
    )
    from include.orchestration.connections import warehouse

    context = context or _current()
    already = ""
    try:
        closed = sum_up(warehouse(), _period(period), [ClosedShard(**shard) for shard in shards])
    except PeriodIssuedError as error:
        closed, already = summarise_period(warehouse(), _period(period)), f"\n{error}"
    except EmptyPeriodError as error:
        if context["dag_run"].run_type == "manual":
            raise
        raise AirflowSkipException(str(error)) from error
    missing = closed.describe_missing()
    return {
        "period": closed.period,
        "issued": closed.issued_count,
        "held": closed.held_count,
        "held_because": [f"{held.bill_id} is held: {held.sentence}" for held in closed.held],
        "missing": missing,
        "missing_count": len(missing),
        "summary": closed.describe() + already,
    }


def draft_running_of_run(context: Context | None = None) -> dict[str, Any]:
    """Make the drafts of the period that holds the run's instant; which period, and how many."""
    from include.billing.bills.previews import draft_running
    from include.catalog.loader import load_product
    from include.domain.periods import BillingPeriod
    from include.orchestration.connections import warehouse

    context = context or _current()
    at = run_instant(context)
    period = BillingPeriod.containing(at, load_product().seller_time_zone)
    return {"period": period.name, "drafted": len(draft_running(warehouse(), period, at, who_runs(context)))}


def report_close(closed: dict[str, Any]) -> None:
    """Say what was issued and held; fail where a subscription has no bill at all, which no review can fix.

    Raises:
        ConflictError: with a sentence on each such subscription.
    """
    from include.domain.errors import ConflictError

    print(closed["summary"])  # noqa: T201 (the task's log)
    if closed["missing"]:
        raise ConflictError("\n".join(closed["missing"]))


def who_runs(context: Context | None = None) -> str:
    """The person who triggered the run, or else the run, for a bill's story."""
    context = context or _current()
    run = context["dag_run"]
    person = getattr(run, "triggering_user_name", None)
    name = f"{context['dag'].dag_id} {run.run_id}"
    return by_hand(person, name) if person else name


def _period(name: str) -> BillingPeriod:
    from include.catalog.loader import load_product
    from include.domain.periods import BillingPeriod

    return BillingPeriod(name, load_product().seller_time_zone)


def _current() -> Context:
    from airflow.sdk import get_current_context

    return get_current_context()
