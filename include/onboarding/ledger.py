"""The ledger of onboarding's steps: entered before a call leaves, closed with what came of it.

A step is taken by one run at a time (an advisory lock per subscription, held while it is worked on), only for the
attempt that is under way, and once: a step that is done answers with its result, one that failed for good with its
reason. A step that was begun and not closed was cut off; the run that repeats it first looks for what the call left.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from include.domain.errors import ConflictError
from include.domain.lifecycles import ONBOARDING_STATES
from include.onboarding.subscriptions import Subscription, find
from include.warehouse.engine import alone, statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from include.domain.onboarding import Admission


class AttemptFailedError(ConflictError):
    """This attempt to onboard has failed for good; it is cleaned up, and the next run starts the next attempt."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step under way.

    Attributes:
        subscription: as it stood when the step was taken.
        name: the step's.
        result: what it yielded when it was done before, else None.
        was_cut_off: whether an earlier try may have made its call without our learning the answer.
        begun_at: instant of the first try.
    """

    subscription: Subscription
    name: str
    result: dict[str, Any] | None
    was_cut_off: bool
    begun_at: datetime
    at: datetime
    connection: Connection = field(repr=False)

    @contextmanager
    def done(self, sentence: str, result: Mapping[str, object] | None = None) -> Iterator[Connection]:
        """Close the step with what it yielded, in one transaction with what the caller writes; no secrets."""
        with self.connection.begin():
            yield self.connection
            self._end("done", sentence, result or {})

    def fail(self, reason: str) -> NoReturn:
        """Close the step, and with it the attempt, as failed for good.

        Raises:
            AttemptFailedError: always.
        """
        with self.connection.begin():
            self._end("failed", reason, {})
        raise AttemptFailedError(reason)

    def _end(self, outcome: str, detail: str, result: Mapping[str, object]) -> None:
        self.connection.execute(
            statement("onboarding/steps/end_step"),
            {**_key(self.subscription, self.name), "outcome": outcome, "detail": detail, "result": json.dumps(result)}
            | {"at": self.at},
        )


@contextmanager
def take_step(warehouse: Engine, admission: Admission, name: str, at: datetime) -> Iterator[Step]:
    """Take a step of an attempt, alone.

    Args:
        warehouse: engine; the session that holds the lock is the one that writes what came of the step.
        admission: whose step.
        name: as the DAG's task.
        at: when it is taken.

    Raises:
        ConflictError: the attempt is over, or another one is under way.
        AttemptFailedError: the step failed for good before.
    """
    with alone(warehouse, ("onboarding", admission.subscription_id)) as connection:
        with connection.begin():
            subscription = current(connection, admission)
            begun = connection.execute(
                statement("onboarding/steps/begin_step"), {**_key(subscription, name), "at": at}
            ).one()
        if begun.outcome == "failed":
            raise AttemptFailedError(begun.detail)
        yield Step(
            subscription=subscription,
            name=name,
            result=begun.result if begun.outcome == "done" else None,
            was_cut_off=begun.outcome == "started" and begun.tries > 1,
            begun_at=begun.recorded_at,
            at=at,
            connection=connection,
        )


def current(connection: Connection, admission: Admission) -> Subscription:
    """The subscription, when that attempt is the one under way.

    Raises:
        ConflictError: when it is not.
    """
    subscription = find(connection, admission.subscription_id)
    if subscription is None:
        raise ConflictError(f"There is no subscription {admission.subscription_id}. Start a new run.")
    if subscription.attempt != admission.attempt:
        raise ConflictError(
            f"This run belongs to attempt {admission.attempt} of {subscription.subscription_id}, which is over: "
            f"attempt {subscription.attempt} is under way. Look at the later run."
        )
    if subscription.state not in ONBOARDING_STATES:
        reason = f": {subscription.state_reason}" if subscription.state_reason else "."
        raise ConflictError(
            f"Attempt {subscription.attempt} of {subscription.subscription_id} is {subscription.state}{reason} "
            "Start a new run for the same request to try again."
        )
    return subscription


def _key(subscription: Subscription, step: str) -> dict[str, object]:
    return {"subscription_key": subscription.subscription_key, "attempt": subscription.attempt, "step": step}
