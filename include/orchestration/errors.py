"""The one place that turns our errors into Airflow's next step.

FatalError fails the task at once, RetriableError is tried again after the delay that the outside asked for, anything
else follows the task's own retries.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

if TYPE_CHECKING:
    from airflow.sdk import Context


class RetryByError(RetryPolicy):
    """Decides by the error's place in include/domain/errors.py."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,  # noqa: ARG002 (Airflow's signature)
        max_tries: int,  # noqa: ARG002
        context: Context | None = None,  # noqa: ARG002
    ) -> RetryDecision:
        """Fail, retry with the asked delay, or leave it to the task's retries."""
        from include.domain.errors import FatalError, RetriableError

        if isinstance(exception, FatalError):
            return RetryDecision.fail(str(exception))
        if isinstance(exception, RetriableError) and exception.retry_after is not None:
            return RetryDecision.retry(timedelta(seconds=exception.retry_after), str(exception))
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """It has no settings."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> RetryPolicy:  # noqa: ARG003 (Airflow's signature)
        """It has no settings."""
        return cls()
