"""What DAGs share: owner, tags, retries, and the form field for a billing period."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param

from include.orchestration.errors import RetryByError

TAG = "akubill"


def task_defaults(**overrides: object) -> dict[str, object]:
    """default_args of every DAG: retries that outlast a restart of the API server, and our errors' verdict."""
    return {
        "owner": "billing",
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
        pattern=r"^\d{4}-(0[1-9]|1[0-2])$",
        title="Billing period",
        description=description,
    )
