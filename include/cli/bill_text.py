"""A bill and its explanation as text for the terminal. Times are those of the plan's zone, in readings those of UTC."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.domain.money import plain
from include.domain.usage import aku_hours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from include.billing.evidence.explain_readings import HourOfReadings, Poll, UsageSpan
    from include.billing.evidence.explanation import Correction, Explanation, Hour, Instance, LateHour, Line

_DOCUMENTS = {"bill": "Bill", "credit_note": "Credit note", "debit_note": "Debit note"}


def describe_bill(explained: Explanation, *, with_hours: bool = False) -> str:
    """The document in lines of text, each line followed by how it follows, if asked."""
    bill = explained.bill
    zone = ZoneInfo(bill.time_zone)
    text = [
        f"{_DOCUMENTS[bill.document]} {bill.bill_id} of subscription {bill.subscription_id}, {bill.state}",
        f"Period {bill.period} ({bill.time_zone}), price plan {bill.price_plan}, fingerprint {bill.fingerprint}",
        *([f"Corrects bill {bill.corrects_bill_id}"] if bill.corrects_bill_id else []),
        *(f"Held: {found.sentence}" for found in explained.findings),
    ]
    for line in explained.lines:
        text += _describe_line(line, bill.currency, zone, with_hours=with_hours)
    text += [
        f"Tax {plain(tax.tax_rate * 100)} % {'in' if tax.is_inclusive else 'on'} {tax.base:f}"
        f"{f' for {tax.for_bill_id}' if tax.is_correction else ''}: {tax.amount:f} {bill.currency}"
        for tax in explained.taxes
    ]
    text.append(f"Total {bill.total:f} {bill.currency}")
    return "\n".join(text)


def _describe_line(line: Line, currency: str, zone: ZoneInfo, *, with_hours: bool) -> Iterator[str]:
    row = line.row
    corrects = f"Correction of {row.corrects_period}: " if row.corrects_period and row.kind != "refund" else ""
    yield (
        f"{row.line_no}. {corrects}{row.description}: {plain(row.quantity)} {row.unit} × {row.unit_price:f} = "
        f"{plain(row.exact_amount)}, charged {row.amount:f} {currency}"
    )
    if not with_hours:
        return
    if row.effective_from is not None:
        yield (
            f"   by the version of {row.plan_name} effective from {row.effective_from.astimezone(zone).isoformat()}: "
            f"{row.model}, charged every {row.charge_every}, rounded {row.rounding_mode} to {row.rounding_digits} "
            "digits"
        )
    yield from (f"   {rule}" for rule in line.rules)
    if line.correction is not None:
        yield from _describe_correction(line.correction, currency, zone)
    for hour in line.hours:
        yield from _describe_hour(hour, zone)
    yield from (f"   {disagreement}" for disagreement in line.disagreements)


def _describe_correction(correction: Correction, currency: str, zone: ZoneInfo) -> Iterator[str]:
    if not correction.chain:
        yield f"   No line of bill {correction.corrects_bill_id} said this before."
    for step in correction.chain:
        issued = f", issued {_local(step.issued_at, zone)}" if step.issued_at else ""
        why = f", because: {step.reason}" if step.reason else ""
        yield (
            f"   corrects {step.bill_id} line {step.line_no}{issued}: {plain(step.quantity)} {step.unit}, "
            f"{step.amount:f} {currency}{why}"
        )
    for hour in correction.late_hours:
        yield from _describe_late(hour, zone)


def _describe_late(hour: LateHour, zone: ZoneInfo) -> Iterator[str]:
    yield (
        f"   {_local(hour.hour_start, zone)}  {hour.instance_id}: {hour.aku_seconds_before} AKU-seconds were billed, "
        f"{hour.aku_seconds_after} are known since {_local(hour.found_at, zone)} ({hour.cause})"
    )
    before, after = (
        f"{peak} AKU in {seconds} s"
        for peak, seconds in (
            (hour.peak_aku_before, hour.used_seconds_before),
            (hour.peak_aku_after, hour.used_seconds_after),
        )
    )
    if before != after:
        yield f"      at most {before} as billed, at most {after} as known since"
    if hour.readings is not None:
        yield from _describe_readings(hour.readings)


def _describe_hour(hour: Hour, zone: ZoneInfo) -> Iterator[str]:
    place = (
        f", {aku_hours(hour.cumulative_start)} to {aku_hours(hour.cumulative_end)} of the period"
        if hour.cumulative_start is not None and hour.cumulative_end is not None
        else ""
    )
    charged = "" if hour.amount is None else f", rounded {hour.amount:f}"
    yield (
        f"   {_local(hour.hour_start, zone)}  {aku_hours(hour.aku_seconds)} AKU-hours, "
        f"{plain(hour.exact_amount)}{charged}{place}"
    )
    yield from (_describe_instance(used) for used in hour.instances)
    if hour.readings is not None:
        yield from _describe_readings(hour.readings)


def _describe_instance(used: Instance) -> str:
    known = ", ".join(
        f"{seconds} {how}"
        for how, seconds in (("inferred", used.inferred_aku_seconds), ("estimated", used.estimated_aku_seconds))
        if seconds
    )
    charged = (
        f", {used.charged_aku_seconds} charged (at most {used.peak_aku} AKU, {used.used_seconds} s in use)"
        if used.charged_aku_seconds != used.aku_seconds
        else ""
    )
    source = f"the import of {used.file_name}" if used.file_name else used.source
    how = f" ({known})" if known else ""
    return f"      {used.instance_id}: {used.aku_seconds} AKU-seconds from {source}{how}{charged}"


def _describe_readings(readings: HourOfReadings) -> Iterator[str]:
    shown: set[tuple[str, datetime]] = set()
    for span in readings.spans:
        yield _describe_span(span)
        for poll in span.polls:
            if (span.instance_id, poll.observed_at) not in shown:
                yield _describe_poll(poll, span.instance_id)
            shown.add((span.instance_id, poll.observed_at))
    yield from (f"      {sentence}" for sentence in (*readings.failures, *readings.notes))


def _describe_span(span: UsageSpan) -> str:
    bounds = f"answers of {_clock(span.from_poll)} and {_clock(span.to_poll)}"
    between = f", {span.interval_count} intervals" if span.interval_count > 1 else ""
    return (
        f"      {span.instance_id}: {span.start_at:%H:%M:%S} to {span.end_at:%H:%M:%S} UTC {span.aku} AKU "
        f"= {span.aku_seconds} AKU-seconds, {span.known} ({bounds}{between}: {span.reason})"
    )


def _describe_poll(poll: Poll, instance_id: str) -> str:
    if not poll.is_kept:
        return f"         poll {poll.observed_at:%Y-%m-%dT%H:%M:%SZ}: what the console said is not kept"
    if poll.instance is None:
        return f"         poll {poll.observed_at:%Y-%m-%dT%H:%M:%SZ}: {instance_id} was not listed"
    said = json.dumps(poll.instance, ensure_ascii=False, sort_keys=True)
    return f"         poll {poll.observed_at:%Y-%m-%dT%H:%M:%SZ} of {poll.instance_count} instance(s): {said}"


def _clock(at: datetime | None) -> str:
    return "none" if at is None else f"{at:%H:%M:%S}"


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M%z}"
