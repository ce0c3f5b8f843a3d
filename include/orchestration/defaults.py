"""What DAGs share: owner, tags, retries, and the fields that several forms have."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param

from include.orchestration.errors import RetryByError

TAG = "akubill"
#: Who looks at a DAG: it is the owner of its tasks, and a tag.
OPERATIONS, BILLING, FINANCE, MARKETPLACE = AUDIENCES = ("operations", "billing", "finance", "marketplace")


def task_defaults(owner: str, **overrides: object) -> dict[str, object]:
    """default_args of every DAG: its audience, retries that outlast a restart of the API server, our errors."""
    return {
        "owner": owner,
        "retries": 4,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=15),
        "retry_policy": RetryByError(),
        **overrides,
    }


def period_field(description: str) -> Param:
    """The form's field for a billing period; it may stay empty."""
    return Param(
        None,
        type=["null", "string"],
        maxLength=40,
        title="Billing period",
        description=description,
    )


def subscription_field(description: str) -> Param:
    """The form's field for the id of a subscription."""
    return Param(type="string", minLength=1, maxLength=200, title="Subscription", description=description)


def price_plan_field(description: str) -> Param:
    """The form's field for the name of a price plan; it may stay empty."""
    return Param(None, type=["null", "string"], maxLength=63, title="Price plan", description=description)


def discount_field(description: str) -> Param:
    """The form's field for a discount in per cent, as text so that no digit is lost; it may stay empty."""
    return Param(
        None,
        type=["null", "string"],
        maxLength=40,
        title="Discount in per cent",
        description=description,
    )


def reason_field(description: str) -> Param:
    """The form's field for a person's reason; it has no default."""
    return Param(type="string", minLength=10, maxLength=500, title="Reason", description=description)
