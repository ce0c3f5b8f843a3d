"""The pages of price plans: what is in force when, in words, and what customers would have paid by another plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import HTTPException, Path, Query, Request

from include.catalog.loader import load_product
from include.domain.periods import BillingPeriod
from include.domain.price_plans import PlanVersion
from include.domain.price_words import describe_version
from include.reporting.pages.site import ListQuery, Site, render
from include.reporting.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi.responses import HTMLResponse
    from sqlalchemy import Connection

_COMPARISONS_SHOWN = 20
_LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a plan: from when to when it holds, and its rules in words; `until` is None for the last one."""

    begins: datetime
    until: datetime | None
    rules: Sequence[str]

    def is_in_force(self, now: datetime) -> bool:
        """Whether it prices usage of this instant."""
        return self.begins <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Plan:
    """A published plan.

    Attributes:
        subscription_count: subscriptions that run on it; offer_count: those that a private offer gives it now.
    """

    name: str
    currency: str
    time_zone: str
    subscription_count: int
    offer_count: int
    versions: Sequence[Version]
    sells_licences: bool


def add_to(site: Site) -> None:
    """Add the list of plans and the page of one comparison."""

    @site.page("/price-plans", "price_plans", view="Price plans")
    def show_plans(request: Request) -> HTMLResponse:
        now = datetime.now(UTC)  # a page shows the present; nothing is computed from it that lasts
        with site.reading() as connection:
            plans = list_plans(connection, now)
            comparisons = _comparisons(connection)
        zone_name = load_product().seller_time_zone
        return render(
            request,
            "price_plans.html",
            plans=plans,
            comparisons=comparisons,
            now=now,
            zone_name=zone_name,
            asked={"period": BillingPeriod.containing(now, zone_name).previous.name, **compared_first(plans)},
        )

    @site.page("/price-plans/comparisons/{comparison_key}", "comparison", view="Price plans")
    def show_comparison(
        request: Request,
        comparison_key: Annotated[int, Path(ge=1, le=_LARGEST_KEY)],
        asked: Annotated[ListQuery, Query()],
    ) -> HTMLResponse:
        with site.reading() as connection:
            found = _comparisons(connection, comparison_key)
            facts = {"comparison_key": comparison_key, **asked.window}
            rows = read_rows(connection, "price_plans/list_compared", facts)
        if not found:
            raise HTTPException(404, f"There is no comparison {comparison_key}.")
        zone_name = load_product().seller_time_zone
        return render(request, "comparison.html", it=found[0], rows=rows, asked=asked, zone_name=zone_name)


def list_plans(connection: Connection, now: datetime) -> list[Plan]:
    """Published plans by name, each with its versions in order of time."""
    return [_plan(**row) for row in read_rows(connection, "price_plans/list_plans", {"now": now})]


def compared_first(plans: Sequence[Plan]) -> dict[str, str]:
    """The plans that a comparison is offered with: the one most subscriptions have, and another of its kind."""
    comparable = [plan for plan in plans if plan.versions and not plan.sells_licences]
    if not comparable:
        return {}
    first = max(comparable, key=lambda plan: plan.subscription_count)
    basis = first.currency, first.time_zone
    others = [plan.name for plan in comparable if plan != first and (plan.currency, plan.time_zone) == basis]
    return dict(zip(("first_plan", "second_plan"), (first.name, *others), strict=False))


def _plan(*, currency: str, sources: list[dict[str, Any]] | None, **facts: Any) -> Plan:  # noqa: ANN401 (a row)
    versions = [PlanVersion.model_validate(source) for source in sources or []]
    ends = [version.effective_from for version in versions[1:]]
    in_words = [
        Version(version.effective_from, until, list(describe_version(version, currency)))
        for version, until in zip_longest(versions, ends)
    ]
    licences = any(version.licence for version in versions)
    return Plan(currency=currency, versions=in_words, sells_licences=licences, **facts)


def _comparisons(connection: Connection, comparison_key: int | None = None) -> list[dict[str, Any]]:
    return read_rows(
        connection, "price_plans/list_comparisons", {"comparison_key": comparison_key, "at_most": _COMPARISONS_SHOWN}
    )
