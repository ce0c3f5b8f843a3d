"""A bill and its explanation as text for the terminal. Times are those of the plan's zone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.domain.money import plain
from include.domain.usage import aku_hours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.billing.explain import Explanation, Hour, Line


def describe_bill(explained: Explanation, *, with_hours: bool = False) -> str:
    """The bill in lines of text, each usage line followed by its hours if asked."""
    bill = explained.bill
    zone = ZoneInfo(bill.time_zone)
    text = [
        f"Bill {bill.bill_id} of subscription {bill.subscription_id}, {bill.state}",
        f"Period {bill.period} ({bill.time_zone}), price plan {bill.price_plan}, fingerprint {bill.fingerprint}",
        *(f"Held: {found.sentence}" for found in explained.findings),
    ]
    for line in explained.lines:
        text += _describe_line(line, bill.currency, zone, with_hours=with_hours)
    text.append(f"Total {bill.total:f} {bill.currency}")
    return "\n".join(text)


def _describe_line(line: Line, currency: str, zone: ZoneInfo, *, with_hours: bool) -> Iterator[str]:
    row = line.row
    yield (
        f"{row.line_no}. {row.description}: {plain(row.quantity)} {row.unit} × {row.unit_price:f} = "
        f"{plain(row.exact_amount)}, charged {row.amount:f} {currency}"
    )
    if not with_hours:
        return
    if row.effective_from is not None:
        yield (
            f"   by the version effective from {row.effective_from.astimezone(zone).isoformat()}: charged every "
            f"{row.charge_every}, rounded {row.rounding_mode} to {row.rounding_digits} digits"
        )
    for hour in line.hours:
        yield from _describe_hour(hour, zone)
    if not line.hours_agree:
        yield "   The hours no longer add up to this line: usage changed after the bill was made."


def _describe_hour(hour: Hour, zone: ZoneInfo) -> Iterator[str]:
    charged = "" if hour.amount is None else f", rounded {hour.amount:f}"
    at = hour.hour_start.astimezone(zone)
    yield f"   {at:%Y-%m-%d %H:%M%z}  {aku_hours(hour.aku_seconds)} AKU-hours, {plain(hour.exact_amount)}{charged}"
    for used in hour.instances:
        known = ", ".join(
            f"{used[f'{how}_aku_seconds']} {how}" for how in ("proved", "assumed") if used[f"{how}_aku_seconds"]
        )
        yield (
            f"      {used['instance_id']}: {used['aku_seconds']} AKU-seconds from {used['source']}"
            f"{f' ({known})' if known else ''}"
        )
