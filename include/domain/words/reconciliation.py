"""Verdicts on our bill and the Marketplace's, in words, and what has no bill here at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.domain.money import grouped
from include.domain.words.filling import Words, fill

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from include.domain.money import Decimal

_MORE_OR_LESS = {"more": "{distance:amount} {currency} more", "less": "{distance:amount} {currency} less"}
_THEIRS = "The Marketplace charges {marketplace_amount:amount} {currency}"

VERDICTS = {
    "agrees": Words(f"{_THEIRS}, as our bill does."),
    "differs_by_rounding": Words(
        f"{_THEIRS}, {{direction}} than our bill; rounding of {{hours_charged:charged hour|charged hours}} can explain "
        "less than {rounding_limit:amount}.",
        {"direction": _MORE_OR_LESS},
    ),
    "differs": Words(
        "{cause}",
        {
            "direction": _MORE_OR_LESS,
            "cause": {
                "amount": f"{_THEIRS}, {{direction}} than our bill, which rounding of "
                "{hours_charged:charged hour|charged hours} does not explain. Compare the hours of the bill with the "
                "Marketplace's.",
                "currency": "Bill {bill_id} is in {currency} and the Marketplace charges {marketplace_instance_id} in "
                "{marketplace_currency}: amounts in two currencies cannot be compared. Check the currency of the price "
                "plan.",
            },
        },
    ),
    "missing_here": Words(
        f"{_THEIRS} for {{marketplace_instance_id}}, and we have no bill for it. Close the period {{period}} for "
        "{subscription_id}.",
    ),
    "missing_there": Words(
        "Our bill is {our_amount:amount} {currency}, and the Marketplace charges nothing for {charged_id}. Check that "
        "its usage was metered there.",
    ),
}

#: What remains of a bill after its corrections, against what the Marketplace charges less its refunds.
VERDICTS_NOW = {
    "agrees": Words("What remains of the bill is what the Marketplace charges after its refunds."),
    "differs_by_rounding": Words(
        "What remains of the bill and what the Marketplace charges after its refunds are {distance:amount} {currency} "
        "apart, which rounding can explain."
    ),
    "differs": Words(
        "{cause}",
        {
            "cause": {
                "more": "The Marketplace charges {distance:amount} {currency} more than what remains of the bill. Ask "
                "it for a refund where a credit note gave this back; what is settled with the buyer directly can be "
                "explained.",
                "less": "The Marketplace charges {distance:amount} {currency} less than what remains of the bill. "
                "Correct the bill if its refund is right; what is settled with the buyer directly can be explained.",
                "currency": "The two amounts are in two currencies. Check the currency of the price plan.",
            }
        },
    ),
    "missing_here": Words("The Marketplace still charges {distance:amount} {currency}, and nothing remains here."),
    "missing_there": Words("{distance:amount} {currency} remain of the bill, and the Marketplace charges nothing."),
    "refund": Words(
        "The Marketplace gave back {refunded:amount} {currency}, which no correction of the bill does. Without that "
        "they agree: give it back by a correction (cause refund), or explain it."
    ),
}

#: What a list of bills cannot show, besides the verdict `missing_here`.
OPEN_POINTS = {
    "missing_here": VERDICTS["missing_here"],
    "unknown_instance": Words(
        "The Marketplace charges {amount:amount} {currency} for {marketplace_instance_id}, which belongs to no "
        "subscription here. Onboard it, or ask the Marketplace what it is.",
    ),
    "not_fetched": Words("{failure}"),
}
#: Why a bill became reconciled.
CONFIRMED = "The Marketplace's final bill agrees with it."

_THEY_CHARGE = "The Marketplace charges {marketplace_amount:amount} {currency}"
#: Of one hour; amounts are in `currency`.
HOUR_VERDICTS = {
    "agrees": Words(f"{_THEY_CHARGE}, as we do."),
    "differs_by_rounding": Words(f"{_THEY_CHARGE}, {{direction}} than we do.", {"direction": _MORE_OR_LESS}),
    "differs": Words(
        "The Marketplace charges {marketplace_amount:amount} {marketplace_currency}, and we "
        "{our_amount:amount} {currency}."
    ),
    "missing_here": Words(f"{_THEY_CHARGE}, and we do not charge the hour."),
    "missing_there": Words("We charge {our_amount:amount} {currency}, and the Marketplace does not charge the hour."),
    "refund": Words("The Marketplace gave back {refunded:amount} {currency} of the hour; the rest agrees."),
}
#: What explains an hour's verdict.
HYPOTHESES = {
    "currency": Words("The two amounts are in two currencies. Check the currency of the price plan."),
    "doubled_window": Words("It is twice our amount: the hour may have been reported twice."),
    "licence_overage": Words("It is the hour without the licence: the Marketplace may not know the licence."),
    "missed_window": Words("The hour may not have been reported, or too late."),
    "moved_window": Words("Together with the hour before or after it, it agrees: usage may be in the wrong hour."),
    "peak_of_hour": Words("It is the hour at its peak: the Marketplace may charge an hour by its largest size."),
    "started_hour": Words("It is a started hour counted whole: the Marketplace may not charge by the second."),
    "truncation": Words("Fractions of a cent are cut off."),
}

#: What explains hours of a month, or else their verdict, after their count: "11 at the peak".
HOUR_CAUSES = {
    "currency": "in another currency",
    "doubled_window": "twice ours",
    "licence_overage": "as if without licence",
    "missed_window": "not charged there",
    "moved_window": "moved to the hour beside",
    "peak_of_hour": "at the hour's peak",
    "started_hour": "as a started hour",
    "truncation": "by fractions of a cent",
    "differs": "without explanation",
    "differs_by_rounding": "by rounding",
    "missing_here": "not charged here",
    "missing_there": "not charged there",
    "refund": "given back",
}


HOUR_COUNTS = {
    "agree": "{compared:hour agrees|hours agree}.",
    "differ": "{differing:number} of {compared:hour|hours} differ: {causes}.",
    "cause": "{count:number} {cause}",
}
#: Who clears a finding.
FINDING_OWNERS = {
    "differs": "billing",
    "missing_here": "billing",
    "missing_there": "operations",
    "unknown_instance": "operations",
}


def say_finding(kind: str, facts: Mapping[str, Any]) -> str:
    """What the final bill does not confirm, and what to do."""
    return OPEN_POINTS[kind].say(facts) if kind == "unknown_instance" else say_verdict(kind, facts)


def say_verdict(verdict: str, facts: Mapping[str, Any]) -> str:
    """The verdict on a month in words, and what its hours say where they were compared."""
    said = VERDICTS[verdict].say(facts)
    if facts.get("hours_compared") is None:
        return said
    return f"{said} {say_hours(facts['hours_compared'], facts['hour_causes'])}"


def say_hours(compared: int, causes: Mapping[str, int]) -> str:
    """How many of a month's hours differ, and why: the most frequent cause first."""
    if not causes:
        return fill(HOUR_COUNTS["agree"], {"compared": compared})
    facts = {"compared": compared, "differing": sum(causes.values()), "causes": say_causes(causes)}
    return fill(HOUR_COUNTS["differ"], facts)


def main_cause(causes: Mapping[str, int]) -> str | None:
    """The most frequent cause; None where there is none."""
    return next((cause for cause, _count in _by_count(causes)), None)


def say_causes(causes: Mapping[str, int]) -> str:
    """What explains hours that differ, the most frequent cause first."""
    return ", ".join(
        fill(HOUR_COUNTS["cause"], {"count": count, "cause": fill(HOUR_CAUSES[cause], {})})
        for cause, count in _by_count(causes)
    )


def _by_count(causes: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(causes.items(), key=lambda each: (-each[1], each[0]))


def say_day(day: date, difference: Decimal, currency: str, hours: int, causes: Mapping[str, int]) -> str:
    """What a day's hours that do not agree come to: the Marketplace's amounts minus ours, and why."""
    what = "no more and no less" if not difference else f"{grouped(abs(difference), 2)} {currency}"
    direction = "" if not difference else " more" if difference > 0 else " less"
    differing = "hour differs" if hours == 1 else "hours differ"
    return f"{day:%Y-%m-%d}: {what}{direction} than ours; {hours} {differing}: {say_causes(causes)}."


_THEY_SETTLE = "The settlement export has {settled_amount:amount} {currency}"
#: Of a subscription's month in a settlement export.
SETTLEMENT_VERDICTS = {
    "agrees": Words(f"{_THEY_SETTLE}, as our bill does."),
    "differs_by_rounding": Words(
        f"{_THEY_SETTLE}, {{direction}} than our bill, which rounding of "
        "{hours_charged:charged hour|charged hours} can explain.",
        {"direction": _MORE_OR_LESS},
    ),
    "differs": Words(
        "{cause}",
        {
            "direction": _MORE_OR_LESS,
            "cause": {
                "amount": f"{_THEY_SETTLE}, {{direction}} than our bill, which rounding does not explain. Check that "
                "its amounts are before tax and commission, then ask the Marketplace.",
                "currency": "The settlement export has an amount in {settled_currency}, which cannot be compared with "
                "our bill in one currency. Check the currency of the price plan.",
            },
        },
    ),
    "missing_here": Words(
        f"{_THEY_SETTLE}, and {{reason}}",
        {
            "reason": {
                "no_bill": "we have no bill for it. Close the period {period} for {subscription_id}.",
                "unknown": "no subscription or marketplace instance here has the id {subscription_id}. Correct the id, "
                "or onboard it.",
            }
        },
    ),
    "missing_there": Words(
        "Our bill is {our_amount:amount} {currency}, and the settlement export has nothing for it. Ask the Marketplace "
        "when it is settled."
    ),
    "refund": Words(
        "The settlement export gives back {refunded:amount} {currency}; without that it agrees with our bill."
    ),
}
