"""What holds a bill, in words: one entry for each audit and for each other reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.words.filling import Words, fill
from include.domain.words.metering import GAP_CAUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

_REPORT_RATING = "Report this: it is a mistake in rating."
_AGAIN = "then close the period again."

FINDINGS = {
    "all_usage_is_billed": Words(
        "The bill has {billed_aku_seconds:number} AKU-seconds, metering has {metered_aku_seconds:number}. "
        f"{_REPORT_RATING}",
        title="Metered usage is not all billed",
    ),
    "amount_is_usual": Words(
        "The amount of {amount:amount} {currency} is {amount_change} in the last {bill_count:month|months} "
        "(median {usual_amount:amount} {currency}); {usage_change}, {price_change}. Look at its lines; if they are "
        "right, approve the bill or waive this.",
        {
            "amount_change": {
                "times": "{times} times what it was",
                "below_a_tenth": "less than a tenth of what it was",
                "above_nothing": "more than it was",
            },
            "usage_change": {
                "same": "usage is unchanged",
                "rose": "usage rose from {usual_aku_seconds:aku_hours} to {aku_seconds:aku_hours} AKU-hours",
                "fell": "usage fell from {usual_aku_seconds:aku_hours} to {aku_seconds:aku_hours} AKU-hours",
            },
            "price_change": {
                "unknown": "with no usage to divide it by",
                "same": "price unchanged",
                "rose": "the price of an AKU-hour rose from {usual_price} to {price}",
                "fell": "the price of an AKU-hour fell from {usual_price} to {price}",
            },
        },
        title="Unusual amount",
    ),
    "corrections_point_at_issued_lines": Words(
        "{line_count:correction line points|correction lines point} at something that was not issued, the first is "
        "line {first_line_no}. Report this: it is a mistake in corrections.",
        title="Correction of something that was not issued",
    ),
    "earlier_usage_is_known": Words(
        "No usage is known from {starts:time} to {ends:time}: the subscription began before metering did, at "
        "{metering_started_at:time}, and no file has this time. Import it (usage_import), hours without usage as 0, "
        f"{_AGAIN} If nothing was used, waive this.",
        title="Usage before metering is not known",
    ),
    "every_hour_is_closed": Words(
        "{open_hour_count:number} of {hour_count:number} hours from {first_hour:time} on are not closed. The first is "
        f"{{first_open_hour:time}}. Run aku_metering for them once the console answers, {_AGAIN}",
        title="Hours that are not closed",
    ),
    "hourly_sums_equal_usage": Words(
        "The sums of {hour_count:hour|hours}, the first {first_hour:time}, differ from the usage of the instances. "
        "Report this: it is a mistake in metering.",
        title="Hourly sums differ from usage",
    ),
    "hours_are_charged_by_their_measure": Words(
        "The bill charges {billed_aku_seconds:number} AKU-seconds more than were metered; by the hour measure of its "
        f"price plan it should be {{measured_aku_seconds:number}}. {_REPORT_RATING}",
        title="Hours are not charged by the plan's hour measure",
    ),
    "hours_are_truncated_like_the_marketplace": Words(
        "Line {line_no} charges {amount:amount}, but its hours, each truncated as the Marketplace does, come to "
        f"{{truncated_amount:amount}}. {_REPORT_RATING}",
        title="Amount differs from the Marketplace's truncation",
    ),
    "is_not_rejected": Words(
        '{rejected_by} rejected it as it is, at {rejected_at:time}: "{reason}" Correct the underlying usage or price '
        "and close the period again, void it, or approve it after all.",
        title="Rejected by a person",
    ),
    "is_what_was_shown": Words(
        "The bill changed while it waited for an answer: {change}. Look at it again.",
        {
            "change": {
                "total": "its total was {shown_total:amount} {currency} and is {total:amount} {currency} now, because "
                "its usage, prices or corrections changed",
                "lines": "its total is still {total:amount} {currency}, but its lines are different",
                "inputs": "its total is still {total:amount} {currency} and its lines read the same, but some of what "
                "they were computed from is different",
            }
        },
        title="Changed since it was shown",
    ),
    "late_usage_has_a_next_bill": Words(
        "Late usage or a correction waits for a next bill, and subscription {subscription_id}, which ended at "
        "{ended_at:time}, has none. Ask for a note that also issues what waits (cause late_usage).",
        title="Correction without a next bill",
    ),
    "licence_prices_match_the_plan": Words(
        "The licence from {term_start:time} on was sold for {price:amount} {currency}, {plan_says}. Correct the "
        f"licence or publish the plan that it was sold by, {_AGAIN}",
        {
            "plan_says": {
                "price": "the price plan says {plan_price:amount} {plan_currency}",
                "nothing": "and the bill has no line for it",
            }
        },
        title="Licence price differs from the plan",
    ),
    "lines_add_up": Words(
        "{line_count:line adds|lines add} up to {line_amount:amount} and {line_aku_seconds:number} AKU-seconds, the "
        f"bill says {{subtotal:amount}} and {{aku_seconds:number}}. {_REPORT_RATING}",
        title="Lines do not add up",
    ),
    "no_gap_is_open": Words(
        "{gap_count:gap of unknown usage is|gaps of unknown usage are} open, {seconds:duration} in all, the first from "
        f"{{first_gap_start:time}} on: {{first_cause}}. Resolve or waive them, {_AGAIN}",
        {"first_cause": GAP_CAUSES},
        title="Open gaps",
    ),
    "no_hour_is_billed_twice": Words(
        "Hours from {first_hour:time} to {last_hour_end:time} are on {other_bill_ids} too, whose period overlaps with "
        f"this one. Void one of the two, or correct the other, {_AGAIN}",
        title="Hours billed twice",
    ),
    "no_usage_after_the_end": Words(
        "{aku_seconds:number} AKU-seconds in {hour_count:hour|hours} lie after the subscription ended at "
        f"{{ended_at:time}}. Run aku_metering, which takes them back, {_AGAIN}",
        title="Usage after the subscription's end",
    ),
    "prepaid_usage_is_licensed": Words(
        "{hour_count:hour|hours} with usage, the first {first_hour:time}, are outside the term of any licence. Enter "
        f"the licence or change the subscription to pay as you go, {_AGAIN}",
        title="Usage without a licence",
    ),
    "refunds_do_not_exceed_the_bill": Words(
        "{scope} of bill {bill_id} costs {costs:amount} {currency} after corrections, and {given_back:amount} "
        "{currency} of it is given back. Charge it again by a correction, or waive this if it was agreed.",
        {
            "scope": {
                "total": "All, with tax,",
                "bill": "All, before tax,",
                "rate": "What is taxed at {tax_rate:percent}",
                "charge": "Line {line_no}",
            }
        },
        title="Refunds exceed the bill",
    ),
    "taxes_add_up": Words(
        f"{{difference}} {_REPORT_RATING}",
        {
            "difference": {
                "sums": "The taxes do not add up: the bill says tax {tax:amount}, contained {tax_included:amount}, "
                "total {total:amount}; its taxes say {taxes_sum:amount}, {taxes_included:amount}, "
                "{taxes_total:amount}.",
                "rate": "Tax at {wrong_rate:percent} is not that of its lines.",
            }
        },
        title="Taxes do not add up",
    ),
}


#: The reason of late usage that waits without a request.
LATE_USAGE = Words("Usage of {late_hour_count:hour|hours} that became known after the bill was issued")

#: Why a bill differs from that of the month before, in parts that add up.
DIFFERENCES = {
    "usage": Words(
        "{aku_seconds:aku_hours} AKU-hours {direction} were charged, {basis}.",
        {
            "direction": {"more": "more", "fewer": "fewer"},
            "basis": {
                "average": "at the earlier average price of {price_before:amount}",
                "new": "and none in the month before",
            },
        },
        title="Usage",
    ),
    "price": Words(
        "An AKU-hour cost {price:amount} on average, after {price_before:amount}: prices, tiers, or rounding changed.",
        title="Price of usage",
    ),
    "licence": Words("Licences cost {amount:amount}, after {amount_before:amount}.", title="Licences"),
    "fee": Words("Fees are {amount:amount}, after {amount_before:amount}.", title="Fees"),
    "discount": Words("Discounts are {amount:amount}, after {amount_before:amount}.", title="Discount"),
    "limit": Words(
        "Minimum and maximum add {amount:amount}, after {amount_before:amount}.", title="Minimum and maximum"
    ),
    "correction": Words(
        "Corrections of earlier bills and refunds are {amount:amount}, after {amount_before:amount}.",
        title="Corrections and refunds",
    ),
    "tax": Words("Tax that is added to the lines changes with them, or its rate did.", title="Tax"),
}
#: Why two months cannot be compared.
NOT_COMPARABLE = Words(
    "{reason}",
    {
        "reason": {
            "none": "There is no bill of {period} to compare with.",
            "currency": "The bill of {period} is in {currency_before} and this one in {currency}: amounts in two "
            "currencies cannot be compared.",
        }
    },
)


class Finding(NamedTuple):
    """Why a bill is held: the claim that does not hold, which is the audit's name, and what was found."""

    finding: str
    facts: dict[str, Any]

    @property
    def title(self) -> str:
        """What was found, in a few words."""
        return fill(FINDINGS[self.finding].title, {})

    @property
    def sentence(self) -> str:
        """What was found, and what to do."""
        return FINDINGS[self.finding].say(self.facts)


def event_reason(reason: str | None, findings: Iterable[dict[str, Any]] | None, *, is_rejection: bool) -> str | None:
    """Why a bill got into a state: what a person said, or the findings that hold it, a sentence a line."""
    if findings is not None:
        return "\n".join(Finding(**found).sentence for found in findings)
    return f"Rejected: {reason}" if is_rejection else reason
