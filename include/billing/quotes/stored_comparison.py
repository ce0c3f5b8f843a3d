"""What-if: two published plans compared on a period's metered usage, kept so that the page of price plans shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.billing.prices.plans import published_plan
from include.billing.quotes.compare_plans import PlanComparison, compare_plans
from include.domain.errors import InvalidInputError
from include.domain.periods import month_name
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy import Engine

    from include.domain.price_plans import PricePlan


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A question: what would each customer have paid?

    Attributes:
        run_id: names the question; asked again, it is answered once.
        period: YYYY-MM, in the plans' time zone.
        first: name of a published plan, as it is.
        second: name of the published plan to compare it with.
        asked_by: person or run.
        asked_at: when, in UTC.
    """

    run_id: str
    period: str
    first: str
    second: str
    asked_by: str
    asked_at: datetime


def answer_what_if(
    warehouse: Engine, scratch: Callable[[], AbstractContextManager[Engine]], asked: WhatIf, now: Callable[[], datetime]
) -> list[PlanComparison]:
    """Price the period by both plans and keep the answer; an answer that is kept already is not made again.

    Args:
        warehouse: with the plans and the metered usage.
        scratch: opens an empty, migrated warehouse, which is thrown away afterwards.
        asked: the question.
        now: the present, for when it ended.

    Raises:
        InvalidInputError: when the period is no month, or a plan is not published or prices in another currency. The
            comparison is then stored as failed, with the sentence.
    """
    month_name(asked.period)
    facts = {
        "run_id": asked.run_id,
        "period": asked.period,
        "first_plan": asked.first,
        "second_plan": asked.second,
        "asked_by": asked.asked_by,
        "asked_at": asked.asked_at,
    }
    key = _write(warehouse, "begin_comparison", **facts)
    if key is None:
        return []

    def record_progress(plans_priced: int) -> None:
        _write(warehouse, "record_progress", comparison_key=key, plans_priced=plans_priced)

    try:
        first, second = _published(warehouse, asked.first), _published(warehouse, asked.second)
        with scratch() as empty:
            compared = compare_plans(empty, first, second, asked.period, metered=warehouse, on_priced=record_progress)
    except Exception as error:
        said = str(error) if isinstance(error, InvalidInputError) else "It broke. The run's log has the details."
        end = {"state": "failed", "failure": said, "currency": None}
        _write(warehouse, "end_comparison", comparison_key=key, ended_at=now(), **end)
        raise
    _store(warehouse, key, compared, first.currency, now())
    return compared


def _published(warehouse: Engine, name: str) -> PricePlan:
    plan = published_plan(warehouse, name)
    if plan is None:
        raise InvalidInputError("Price plan", name, "is not published", "See the page of price plans for their names.")
    return plan


def _store(warehouse: Engine, key: int, compared: list[PlanComparison], currency: str, at: datetime) -> None:
    rows = [
        {
            "comparison_key": key,
            "subscription_id": each.subscription_id,
            "first_total": each.first,
            "second_total": each.second,
        }
        for each in compared
    ]
    with warehouse.begin() as connection:
        connection.execute(statement("billing/quotes/delete_comparison_rows"), {"comparison_key": key})
        if rows:
            connection.execute(statement("billing/quotes/insert_comparison_row"), rows)
        end = {"comparison_key": key, "state": "done", "failure": None, "currency": currency, "ended_at": at}
        connection.execute(statement("billing/quotes/end_comparison"), end)


def _write(warehouse: Engine, name: str, **facts: object) -> int | None:
    with warehouse.begin() as connection:
        written = connection.execute(statement(f"billing/quotes/{name}"), facts)
        return written.scalar() if written.returns_rows else None
