"""What all DAGs share: owner, tags, retries."""

from __future__ import annotations

from datetime import timedelta

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
