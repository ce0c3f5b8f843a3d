"""Corrections of the issued bill of October, as a person asks for them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.corrections.correct import correct_bill
from include.billing.corrections.requests import read_correction
from tests.support.billing.october import BILL, DUE, OCTOBER

if TYPE_CHECKING:
    from sqlalchemy import Engine


LATER = DUE + timedelta(days=3)
NOVEMBER = OCTOBER.next
FORM: dict[str, Any] = {
    "subscription": "sub-01-orders",
    "bill": BILL,
    "cause": "late_usage",
    "delivery": "note",
    "reason": "The console was behind a broken proxy.",
    "by": "anna",
    "origin": "manual__1",
}
REFUND = {"cause": "refund", "refund_amount": "1.00", "refund_line": 1}


def correct(warehouse: Engine, at: Any = LATER, **fields: Any) -> Any:
    return correct_bill(warehouse, read_correction(**{**FORM, **fields}), at)


def close_november(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET metering_started_at = NULL"))
    close_period(warehouse, NOVEMBER, NOVEMBER.window.end + timedelta(hours=6))
