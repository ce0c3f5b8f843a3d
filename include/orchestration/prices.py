"""What a run of price_plan_publish does with the plan that its form was given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include.orchestration.work import form, run_instant, triggering_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.billing.quotes.compare_plans import PlanComparison
    from include.domain.price_plans import PricePlan

_SHOWN = 50


def check_plan_of_run() -> list[str]:
    """What the form's plan says, in words.

    Raises:
        InvalidInputError: when it breaks a rule.
    """
    from include.domain.price_words import describe_plan

    plan = _plan()
    return [f"Plan {plan.name}, {plan.currency}, months of {plan.time_zone}:", *describe_plan(plan)]


def compare_plan_of_run() -> list[str]:
    """What each customer would have paid in the form's period by this plan, and by the published one of its name.

    Raises:
        AirflowSkipException: when the form names no period, or no plan of that name is published.
        InvalidInputError: when the period, or usage in it, cannot be priced.
    """
    from include.billing.prices.plans import published_plan
    from include.billing.quotes.compare_plans import compare_plans
    from include.orchestration.connections import warehouse
    from include.orchestration.outcomes import skip
    from include.warehouse.embedded import temporary_warehouse

    plan, period, stored = _plan(), form()["period"], warehouse()
    current = published_plan(stored, plan.name)
    if not period:
        skip("The form names no period to compare the plans for.")
    if current is None:
        skip(f"No plan {plan.name} is published yet: there is nothing to compare it with.")
    with temporary_warehouse() as scratch:
        compared = compare_plans(scratch, current, plan, period, metered=stored)
    return list(_words(compared, period))


def answer_what_if_of_run() -> str:
    """What each customer would have paid by the form's two plans, kept for the page of price plans; says the sums.

    Raises:
        InvalidInputError: when the period or a plan's name breaks a rule.
    """
    from airflow.sdk import get_current_context

    from include.billing.quotes.stored_comparison import WhatIf, answer_what_if
    from include.orchestration.connections import warehouse
    from include.warehouse.embedded import temporary_warehouse

    asked, run_id = form(), get_current_context()["dag_run"].run_id
    person = triggering_user() or run_id
    what_if = WhatIf(run_id, asked["period"], asked["first_plan"], asked["second_plan"], person, run_instant())
    compared = answer_what_if(warehouse(), temporary_warehouse, what_if, lambda: datetime.now(UTC))
    if not compared:
        return f"There is no usage in {what_if.period}, or the answer was stored before."
    return next(_words(compared, what_if.period, what_if.first, what_if.second))


def publish_plan_of_run() -> str:
    """Publish the form's plan.

    Raises:
        AirflowSkipException: when the form only asks for a check.
        ConflictError: when the plan says otherwise about what is published or billed already.
    """
    from include.billing.prices.plans import publish_price_plans
    from include.orchestration.connections import warehouse
    from include.orchestration.outcomes import skip

    if not form()["publish"]:
        skip("The form asks for a check only; nothing was published.")
    [published] = publish_price_plans(warehouse(), [_plan()])
    return f"{published.name}: {published.new_version_count} new version(s) published."


def _plan() -> PricePlan:
    from include.catalog.loader import parse_price_plan

    return parse_price_plan(form()["plan"], "The form's plan")


def _words(
    compared: list[PlanComparison], period: str, by_first: str = "the published plan", by_second: str = "this plan"
) -> Iterator[str]:
    changed = sorted((each for each in compared if each.difference), key=lambda each: -abs(each.difference))
    first, second = sum(each.first for each in compared), sum(each.second for each in compared)
    yield (
        f"In {period}, {len(compared)} subscription(s) with usage: {first} by {by_first}, {second} by {by_second}; "
        f"{len(changed)} would pay another amount."
    )
    for each in changed[:_SHOWN]:
        was, would_be, difference, change = each.in_words()
        yield f"{each.subscription_id}: {was} -> {would_be}, {difference} {change}".rstrip()
    if len(changed) > _SHOWN:
        yield f"... and {len(changed) - _SHOWN} more with smaller differences."
