"""What a run of billing_period_close knows about itself: its period, and whether a person asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def close_period_of_run(period: str, context: Context | None = None) -> str:
    """Close the period and say what was done.

    Raises:
        PeriodIssuedError: a person asked for a period whose bills are all issued.
        AirflowSkipException: the schedule or a backfill did; there is just nothing to do.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from include.billing.close import PeriodIssuedError, close_period
    from include.orchestration.connections import warehouse

    context = context or _current()
    try:
        return close_period(warehouse(), _period(period), run_instant(context)).describe()
    except PeriodIssuedError as error:
        if context["dag_run"].run_type == "manual":
            raise
        raise AirflowSkipException(str(error)) from error


def _period(name: str) -> BillingPeriod:
    from include.catalog.loader import load_product
    from include.domain.periods import BillingPeriod

    return BillingPeriod(name, load_product().seller_time_zone)


def _current() -> Context:
    from airflow.sdk import get_current_context

    return get_current_context()
