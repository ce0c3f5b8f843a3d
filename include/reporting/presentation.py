"""How values are written for people: numbers with thin spaces between thousands, instants in a named time zone.

Numbers come in as Decimal or int and never pass through float. Nothing is rounded that is payable: amounts are shown
with all their places, at least two.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from babel.dates import format_date, format_datetime

from include.catalog.loader import load_product
from include.domain.errors import InvalidInputError
from include.domain.money import Decimal, grouped, round_amount
from include.domain.periods import time_zone

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta

_DATE_TIMES = {"en": "d MMM y, HH:mm", "zh": "y年M月d日 HH:mm"}
_DAYS = {"en": "EEE d MMM y", "zh": "y年M月d日 EEE"}
_THIN_SPACE = "\u202f"  # narrow, and never broken at the end of a line
_MINUS = "\u2212"
_MINUTE, _SECONDS_PER_HOUR, _DAY = 60, 3600, 86_400

WORDS = {
    "draft": "Draft",
    "held": "Held",
    "issued": "Issued",
    "reconciled": "Reconciled",
    "void": "Void",
    "agrees": "Agrees",
    "differs_by_rounding": "Differs by rounding",
    "differs": "Differs",
    "missing_here": "Missing here",
    "missing_there": "Missing there",
    "unknown": "Not compared yet",
    "payg": "Pay as you go",
    "prepaid": "Prepaid licence",
    "unknown_instance": "Unknown instance",
    "not_fetched": "Bill not fetched",
    "answering": "Answering",
    "failing": "Last poll failed",
    "silent": "Silent",
    "not_polled": "Not polled",
    "what_if_running": "Running",
    "what_if_done": "Done",
    "what_if_failed": "Failed",
    "healthy": "Healthy",
    "needs_a_person": "Needs a person",
    "frozen": "Frozen",
    "ended": "Ended",
    "onboarding": "Onboarding",
    "onboarding_failed": "Onboarding failed",
    "requested": "Requested",
    "ordered": "Ordered",
    "deployed": "Deployed",
    "active": "Active",
    "failed": "Failed",
    "released": "Released",
    "licensed": "Licensed",
    "free": "Included",
    "accepted": "Accepted",
    "expected": "Counted there",
    "answer_unknown": "Answer unknown",
    "missed": "Missed",
    "refused": "Refused",
    "waiting": "Waiting",
    "carried": "Carried",
    "difference": "In no record",
    "pending": "Pending",
    "sending": "Being sent",
    "duplicate_same": "Had it already",
    "duplicate_different": "Has another quantity",
    "not_sent": "Not sent",
    "mixed": "Mixed",
    "correction": "Correction",
    "explanation": "Explanation",
    "final_bill": "Final bill",
    "send_again": "Send again",
    "write_off": "Write off",
    "mark_accepted": "Mark as accepted",
    "mark_refused": "Mark as refused",
    "resolved": "Resolved",
    "waived": "Waived",
    "machine_without_instance": "Machine without instance",
    "instance_without_machines": "Instance without machines",
    "unregistered_environment": "Unregistered environment",
    "dropped_to_zero": "Dropped to zero",
    "unusual_total": "Unusual total",
    "refund": "Refund",
    "bill": "Bill",
    "credit_note": "Credit note",
    "debit_note": "Debit note",
    "licence": "Licence",
    "covered": "Within the licence",
    "included": "Included",
    "usage": "Usage",
    "overage": "Above the licence",
    "flat_fee": "Flat fee",
    "fee": "Fee",
    "discount": "Discount",
    "minimum": "Minimum",
    "maximum": "Maximum",
    "readings": "Readings",
    "import": "Import",
    "measured": "Measured",
    "inferred": "Inferred",
    "estimated": "Estimated",
    "late_usage": "Late usage",
}


def words(name: str) -> str:
    """The name of a state or verdict as people say it."""
    return WORDS.get(name) or name.replace("_", " ").capitalize()


def number(value: Decimal | int, places: int = 0) -> str:
    """The number with grouped thousands and all its digits, at least `places` after the point."""
    return grouped(value, places).replace(",", _THIN_SPACE).replace("-", _MINUS)


def amount(value: Decimal) -> str:
    """An amount of money with all its places, at least two."""
    return number(value, places=2)


def signed(value: Decimal) -> str:
    """An amount with its sign, also when it is positive."""
    return ("+" if value > 0 else "") + amount(value)


def percent(rate: Decimal) -> str:
    """A fraction as per cent: `6 %`."""
    return f"{number(rate * 100)} %"


def aku_hours(aku_seconds: int) -> str:
    """AKU-hours to six places as the lines of bills have them, at least two."""
    return number(round_amount(Decimal(aku_seconds) / _SECONDS_PER_HOUR, 6, "half_even"), places=2)


def plain_hours(aku_seconds: int) -> str:
    """AKU-hours as a program reads them, for a plot: a point, and no groups."""
    return str(round_amount(Decimal(aku_seconds) / _SECONDS_PER_HOUR, 6, "half_even"))


@lru_cache(maxsize=4096)
def instant(value: datetime, zone_name: str, language: str = "en") -> str:
    """The instant on the wall clock of that zone."""
    return format_datetime(value, _DATE_TIMES[language], tzinfo=time_zone(zone_name), locale=language)


def clock(value: datetime, zone_name: str) -> str:
    """The time of day on the wall clock of that zone."""
    return f"{value.astimezone(time_zone(zone_name)):%H:%M}"


def day_of(value: datetime, zone_name: str) -> date:
    """The day on the wall clock of that zone."""
    return value.astimezone(time_zone(zone_name)).date()


def day_name(day: date, language: str = "en") -> str:
    """The day with its weekday."""
    return format_date(day, _DAYS[language], locale=language)


def zone_label(zone_name: str, at: datetime) -> str:
    """The zone's name with its offset at that instant: `Asia/Shanghai (UTC+08:00)`."""
    offset = at.astimezone(time_zone(zone_name)).strftime("%z")
    return f"{zone_name} (UTC{offset[:3]}:{offset[3:]})"


def age(span: timedelta) -> str:
    """How long ago, coarsely: `40 s`, `7 min`, `5 h`, `3 days`."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _SECONDS_PER_HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _SECONDS_PER_HOUR} h"
    return f"{seconds // _DAY} days"


def region_name(product: str, region: str) -> str:
    """The region as the catalogue names it, or its id where the catalogue does not know it (any more)."""
    try:
        return load_product(product).regions.get(region, region)
    except InvalidInputError:
        return region


def product_title(product: str) -> str:
    """The product's title, or its name where the catalogue does not know it (any more)."""
    try:
        return load_product(product).title
    except InvalidInputError:
        return product
