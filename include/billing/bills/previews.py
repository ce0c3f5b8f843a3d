"""Drafts of a running period: what each subscription has cost until now, and what it is expected to cost at the end.

The forecast is rated by the same statements as a bill, with the mean hour of the last seven days in the place of each
hour that is still to come, so that tiers, included usage, minimums and licences count. Licences renew as the close will
renew them: terms that have started are entered, and those to come count in the forecast only. These drafts are never
audited, held or issued; closing the period after its end replaces them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from include.billing.bills.blocks import block_alone, list_billable, list_blocks
from include.billing.bills.close import AKUBILL
from include.billing.bills.drafts import draft_bills, renew_licences
from include.billing.rating.rate import rate, window_of
from include.domain.errors import ConflictError
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from include.domain.money import Decimal
    from include.domain.periods import BillingPeriod


class PeriodNotRunningError(ConflictError):
    """The period has ended, or has not begun."""


class RunningDraft(NamedTuple):
    """A subscription's draft: amounts are payable ones, tax included.

    Attributes:
        total: until now.
        forecast_total: expected at the end of the period.
    """

    bill_id: str
    subscription_id: str
    currency: str
    aku_seconds: int
    total: Decimal
    forecast_total: Decimal


def draft_running(warehouse: Engine, period: BillingPeriod, at: datetime, by: str = AKUBILL) -> list[RunningDraft]:
    """Replace the drafts of the period that is running at `at`, with a forecast.

    Args:
        warehouse: where usage is.
        period: the one that holds `at`.
        at: logical time of the run.
        by: the run or the person, for the bills' story.

    Raises:
        PeriodNotRunningError: when the period does not hold `at`.
    """
    if at not in period.window:
        raise PeriodNotRunningError(
            f"Billing period {period.name} runs from {period.local_start.isoformat()} to "
            f"{period.local_end.isoformat()}, and it is {at.isoformat()}. Close a period that has ended instead."
        )
    for block in list_blocks(warehouse):
        with block_alone(warehouse, block) as connection:
            if subscriptions := list_billable(connection, period, block):
                _draft(connection, period, at, by, subscriptions)
    with warehouse.connect() as connection:
        rows = connection.execute(statement("billing/bills/list_running_drafts"), window_of(period))
        return [RunningDraft(*row) for row in rows]


def _draft(connection: Connection, period: BillingPeriod, at: datetime, by: str, subscriptions: Sequence[int]) -> None:
    chosen = {**window_of(period), "subscriptions": list(subscriptions)}
    renew_licences(connection, period, at, subscriptions)
    unpriced: dict[str, str] = {}  # the close of the period names them
    _forecast(connection, period, at, subscriptions, unpriced)
    draft_bills(connection, period, at, subscriptions, unpriced=unpriced)
    connection.execute(statement("billing/bills/store_forecasts"), chosen)
    connection.execute(statement("billing/bills/record_drafts"), {**chosen, "who": by, "at": at})


def _forecast(
    connection: Connection,
    period: BillingPeriod,
    at: datetime,
    subscriptions: Sequence[int],
    unpriced: dict[str, str],
) -> None:
    chosen = {**window_of(period), "subscriptions": list(subscriptions), "at": at}
    to_come = renew_licences(connection, period, period.window.end, subscriptions)
    connection.execute(statement("billing/bills/fill_expected_hours"), chosen)
    rate(connection, period, subscriptions=subscriptions, unpriced=unpriced)
    connection.execute(text("DELETE FROM core.licences WHERE licence_key = ANY(:keys)"), {"keys": to_come})
    connection.execute(statement("billing/bills/create_forecasts"))
    connection.execute(statement("billing/bills/delete_expected_hours"))
