"""The one place that turns our errors into Airflow's next step, and into what a person reads of them in a task's log.

An error that would be the same again (FatalError, a path, YAML or a value that cannot be used) fails the task at once,
RetriableError is tried again after the delay that the outside asked for, anything else follows the task's own retries.
An error whose reason is known is one sentence in the log: Airflow prints the traceback of every exception but
SystemExit, so that is how such a task ends.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

from include.orchestration.log_fields import fields_of_the_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.sdk import BaseOperator, Context
    from airflow.sdk.bases.decorator import Task

_P = ParamSpec("_P")
_R = TypeVar("_R")
_Operator = TypeVar("_Operator", bound="BaseOperator")

#: Marks work whose known errors are reported in one sentence: a test looks for it in every task.
REPORTS = "reports_known_errors"


@overload
def task(work: Callable[..., _R]) -> Task[..., _R]: ...
@overload
def task(
    work: None = None, *, has_page: bool = False, **settings: object
) -> Callable[[Callable[..., _R]], Task[..., _R]]: ...
def task(work: Callable[..., Any] | None = None, *, has_page: bool = False, **settings: Any) -> Any:
    """Airflow's `@task`, whose known errors are reported in one sentence.

    Where a DAG calls it, its arguments are what other tasks will return.

    Args:
        work: what the task does.
        has_page: whether it has a link to a billing page, where it leaves one with its outcome.
        settings: Airflow's.
    """
    from airflow.sdk import task

    def decorate(work: Callable[..., Any]) -> object:
        decorated: Any = task(**settings)(reporting_known_errors(work))
        if has_page:
            from include.orchestration.pages import leading_to_a_page

            decorated.operator_class = leading_to_a_page(decorated.operator_class)
        return decorated

    return decorate(work) if work else decorate


class KnownFailure(SystemExit):
    """A task failed, and its log says why.

    Args:
        reason: the error, by which Airflow's next step is decided.
    """

    def __init__(self, reason: Exception) -> None:
        super().__init__(1)
        self.reason = reason

    def __str__(self) -> str:
        """What callbacks and notifiers print."""
        return str(self.reason)


def reporting_known_errors(work: Callable[_P, _R]) -> Callable[_P, _R]:
    """The same work; where it fails for a known reason, the log has one sentence and no traceback."""
    said = _report_known_errors()(work)
    setattr(said, REPORTS, True)
    return said


def operator_reporting_known_errors(operator: type[_Operator]) -> type[_Operator]:
    """The same for what an operator does, at once and after a wait."""
    for name in ("execute", "resume_execution"):
        setattr(operator, name, _report_known_errors()(getattr(operator, name)))
    setattr(operator, REPORTS, True)
    return operator


@contextmanager
def _report_known_errors() -> Iterator[None]:
    try:
        with fields_of_the_run():
            yield
    except Exception as error:
        from include.warehouse.sentences import known_reason

        sentence = known_reason(error)
        if sentence is None:
            raise
        logging.getLogger(__name__).error("%s", sentence)  # noqa: TRY400 (the sentence says it all)
        _name_mapped_task()
        _hand_on(sentence)
        raise KnownFailure(error) from None


def _hand_on(sentence: str) -> None:
    """Have the note of the run say why the task failed; where that cannot be, the failure itself still counts."""
    from include.orchestration.outcomes import hand_on

    try:
        hand_on(sentence)
    except Exception as error:  # noqa: BLE001 (whatever it is, the task has failed already)
        logging.getLogger(__name__).warning("The note of the run will not say why: %s", error)


def _name_mapped_task() -> None:
    """Give a mapped task its name in the UI, as Airflow does when another exception ends it."""
    from airflow.sdk import get_current_context

    context: dict[str, Any] = dict(get_current_context())
    if template := context.get("map_index_template"):
        context["ti"].rendered_map_index = context["task"].render_template(template, context)


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
        from include.domain.errors import RetriableError
        from include.warehouse.sentences import known_reason, lasts

        if isinstance(exception, KnownFailure):
            exception = exception.reason
        if lasts(exception):
            return RetryDecision.fail(known_reason(exception) or str(exception))
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
