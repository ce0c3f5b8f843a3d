"""What a run is about, as fields of each line that its tasks log: {"subscription": "sub-…", "event": "…"}."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Fields of forms that name what a run is about.
NAMED = ("subscription", "bill", "correction", "environment", "period", "channel")


@contextmanager
def fields_of_the_run() -> Iterator[None]:
    """Add what the run's form names to every line that is logged in the block."""
    from structlog.contextvars import bound_contextvars

    from include.orchestration.work import form

    try:
        given = form()
    except RuntimeError:  # called by a test or a person, not by a run
        given = {}
    with bound_contextvars(**{name: str(given[name]) for name in NAMED if given.get(name)}):
        yield


def name_subscription(subscription_id: str) -> None:
    """Add a subscription's id to every further line of the task, where the form names it in other words."""
    from structlog.contextvars import bind_contextvars

    bind_contextvars(subscription=subscription_id)
