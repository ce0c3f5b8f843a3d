"""The page Today: whether money is being lost, what waits for whom, and what ends soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query, Request
from pydantic import Field

from include.catalog.loader import load_product
from include.domain.channels import UNREPORTED_AFTER
from include.domain.marketplace.agreement import PARTS
from include.domain.money import Decimal, round_amount
from include.domain.periods import BillingPeriod, floor_to_hour
from include.domain.words.work import TITLES
from include.reporting.pages.site import PAGE_SIZE, ListQuery, Site, render
from include.reporting.pages.work_queue import count_work, list_work
from include.reporting.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fastapi.responses import HTMLResponse
    from sqlalchemy import Connection

_CHART_HOURS = 48
_SOON = timedelta(days=30)
#: Alibaba Cloud asks for access keys to be changed every 90 days:
#: https://www.alibabacloud.com/help/en/ram/user-guide/rotate-access-keys-for-ram-users
_ROTATE_AFTER = timedelta(days=90)
_CUT_OFFS_SHOWN = 12
_ENDINGS_SHOWN = 20


class TodayQuery(ListQuery):
    """What the address may hold: a kind of work, and a page of the queue."""

    kind: str = Field("", max_length=50, pattern=f"^({'|'.join(TITLES)})?$")


@dataclass(frozen=True, slots=True)
class Equation:
    """Where the usage of a stretch of time went. In AKU-seconds and in each currency: metered is the sum of the parts.

    Attributes:
        usage: AKU-seconds by part, and `metered`; `late` is what no record has and no run enters any more.
        money: amounts by part and currency, by the bills drafted so far; `bill_count` says how many these are.
        added_at: when it was added up; None where nothing was.
        changed_count: subscriptions whose usage or records have changed since.
    """

    usage: Mapping[str, int]
    money: Sequence[Mapping[str, Any]]
    added_at: datetime | None
    changed_count: int

    @property
    def is_known(self) -> bool:
        """Whether what there is was added up, at least once."""
        return self.added_at is not None or not self.changed_count

    @property
    def parts(self) -> list[str]:
        """Those that are not 0, in their order, and always what the Marketplace counts itself."""
        return [part for part in PARTS if part == "expected" or self.usage[part] or self._has_money(part)]

    @property
    def lost(self) -> list[tuple[str, Decimal]]:
        """What is not charged by currency: usage that came too late, was refused, or is in no record."""
        late, difference = self.usage["late"], self.usage["difference"]

        def lost(row: Mapping[str, Any]) -> Decimal:
            never_entered = round_amount(row["difference"] * late / difference, 2, "half_up") if late else Decimal(0)
            return Decimal(row["missed"] + row["refused"] + never_entered)

        return self._sums(lost)

    @property
    def at_risk(self) -> list[tuple[str, Decimal]]:
        """What may not be charged by currency: usage of which it is not known whether it arrived."""
        return self._sums(lambda row: row["unknown"])

    @property
    def loses_usage(self) -> bool:
        """Whether usage is not charged, with or without a price."""
        return bool(self.usage["missed"] or self.usage["refused"] or self.usage["late"])

    def _sums(self, of: Callable[[Mapping[str, Any]], Decimal]) -> list[tuple[str, Decimal]]:
        return [(row["currency"], of(row)) for row in self.money if of(row)]

    def _has_money(self, part: str) -> bool:
        return any(row[part] for row in self.money)


def add_to(site: Site) -> None:
    """Add the page."""

    @site.page("/", "today", view="Today")
    def show_today(request: Request, asked: Annotated[TodayQuery, Query()]) -> HTMLResponse:
        now = datetime.now(UTC)  # a page shows the present; nothing is computed from it that lasts
        zone_name = load_product().seller_time_zone
        period = BillingPeriod.containing(now, zone_name)
        window = {"period_start": period.window.start, "period_end": period.window.end}
        hours_end = floor_to_hour(now)
        chart = {"hours_start": hours_end - timedelta(hours=_CHART_HOURS), "hours_end": hours_end}
        with site.reading() as connection:
            count = read_rows(connection, "today/count_subscriptions")[0]["subscription_count"]
            facts: dict[str, Any] = {
                "equation": read_equation(connection, window, now),
                "is_empty": not count,
                "known": read_rows(connection, "today/find_metered_until", window)[0],
                "revenue": read_rows(connection, "today/sum_revenue", {"period": period.name}),
                "before": read_rows(connection, "today/sum_revenue", {"period": period.previous.name}),
                "cut_offs": read_rows(connection, "today/list_cut_offs", {"at_most": _CUT_OFFS_SHOWN}),
                "hours": read_rows(connection, "today/list_hours", chart | {"subscription_key": None}),
                "endings": read_rows(
                    connection,
                    "today/list_endings",
                    {"now": now, "soon": now + _SOON, "rotate_before": now - _ROTATE_AFTER, "at_most": _ENDINGS_SHOWN},
                ),
                "counts": count_work(connection, now),
                "work": list_work(
                    connection,
                    now,
                    kind=asked.kind or None,
                    page_size=PAGE_SIZE,
                    skipped=(asked.page - 1) * PAGE_SIZE,
                ),
            }
        return render(
            request, "today.html", now=now, zone_name=zone_name, period=period, asked=asked, titles=TITLES, **facts
        )


def read_equation(connection: Connection, window: Mapping[str, datetime], now: datetime) -> Equation:
    """Where the usage of a stretch of time went, in AKU-seconds, and in money by the bills that lie in it."""
    [usage] = read_rows(connection, "today/sum_usage", {**window, "entered_before": now - UNREPORTED_AFTER})
    added_at, changed_count = usage.pop("added_at"), usage.pop("changed_count")
    return Equation(
        {name: int(value) for name, value in usage.items()},
        read_rows(connection, "today/sum_money", window),
        added_at,
        changed_count,
    )
