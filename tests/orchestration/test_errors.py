"""Our errors decide what Airflow does next."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction

from include.domain.errors import ConflictError, RetriableError
from include.orchestration.errors import KnownFailure, RetryByError

pytestmark = pytest.mark.slow


def test_a_fatal_error_is_not_tried_again_and_says_why() -> None:
    decision = RetryByError().evaluate(ConflictError("It exists already."), 1, 4)
    assert (decision.action, decision.reason) == (RetryAction.FAIL, "It exists already.")


def test_a_retriable_error_waits_as_long_as_the_outside_asked() -> None:
    decision = RetryByError().evaluate(RetriableError("Throttled.", retry_after=7), 1, 4)
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, timedelta(seconds=7))


def test_a_retriable_error_without_a_wish_follows_the_tasks_own_retries() -> None:
    assert RetryByError().evaluate(RetriableError("Unreachable."), 1, 4).action is RetryAction.DEFAULT


def test_any_other_error_follows_the_tasks_own_retries() -> None:
    assert RetryByError().evaluate(ValueError("bug"), 1, 4).action is RetryAction.DEFAULT


def test_what_was_said_in_words_is_decided_by_its_reason() -> None:
    decision = RetryByError().evaluate(KnownFailure(ConflictError("It exists already.")), 1, 4)
    assert (decision.action, decision.reason) == (RetryAction.FAIL, "It exists already.")
    assert str(KnownFailure(ConflictError("It exists already."))) == "It exists already."
