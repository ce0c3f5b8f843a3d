"""What became of usage that is reported to a marketplace, in words."""

from __future__ import annotations

from include.domain.words.filling import Words

#: Why a record of the ledger has its outcome.
REASONS = {
    "answer_unreadable": Words("The marketplace's answer could not be read."),
    "asked_absent": Words("The marketplace, asked later, does not have it."),
    "asked_there": Words("The marketplace, asked later, has it."),
    "bisected": Words("The marketplace refused the request that it was in; smaller requests will show which record."),
    "cut_off_passed": Words("Its cut-off passed before it was sent."),
    "dry_run": Words("It was a dry run."),
    "duplicate_different": Words("The marketplace had another quantity for it already, and keeps that one."),
    "duplicate_same": Words("The marketplace had it already."),
    "interrupted": Words("The run ended before the answer was stored."),
    "marked_accepted": Words("A person found that the marketplace has it."),
    "marked_refused": Words("A person found that the marketplace does not have it, and will not take it."),
    "not_on_bill": Words("The marketplace's bill of the day does not have it."),
    "on_bill": Words("The marketplace's bill of the day has it."),
    "no_access": Words("The marketplace cannot be called: access is missing or refused."),
    "no_answer": Words("The marketplace did not answer, or its answer was lost."),
    "not_connected": Words("The marketplace could not be reached, so nothing was sent."),
    "not_subscribed": Words("The marketplace says that the buyer has no subscription there."),
    "not_successful": Words("The marketplace answered that it did not succeed, and not why."),
    "out_of_time": Words("The marketplace says that it does not take usage of this hour, any more or yet."),
    "refusal_unknown": Words("The marketplace answered with an error code that is not known."),
    "refused": Words("The marketplace refused it."),
    "sent_again": Words("A person had it sent again."),
    "throttled": Words("The marketplace asked to wait, and took nothing."),
    "unprocessed": Words("The marketplace says that it did not process it."),
    "unsaid": Words("The marketplace's answer says nothing of it."),
    "written_off": Words("A person wrote it off."),
}

#: Who clears what became of a push.
OPEN_POINT_OWNER = "the vendor's operators"
_RECORD = (
    "Record {record_key}, {quantity:number} AKU-seconds of {subscription_id} ({marketplace_instance_id}), hour "
    "{hour_start:instant}"
)
_PRICE = {
    "priced_by": {
        "bill": " It is worth {amount} {currency}.",
        "plan": " It is worth about {amount} {currency}.",
        "none": "",
    }
}
#: What a person has to know of a record that will not, or may not, be charged.
OPEN_POINTS = {
    "missed": Words(
        f"{_RECORD}: its cut-off passed, and it is not charged.{{priced_by}} Ask why the push was late.", _PRICE
    ),
    "refused": Words(
        f"{_RECORD}: the marketplace refused it with {{their_code}}, and it is not charged.{{priced_by}} Correct what "
        "it names.",
        _PRICE,
    ),
    "unknown": Words(
        f"{_RECORD}: it is not known whether the marketplace has it.{{priced_by}} Look at its bill, then mark it as "
        "accepted, or have it sent again.",
        _PRICE,
    ),
    "duplicate_different": Words(
        f"{_RECORD}: the marketplace has another quantity for it.{{priced_by}} Compare, and write it off.", _PRICE
    ),
    "late": Words(
        f"{_RECORD}: it still waits, and its cut-off is {{cut_off:instant}}. Look at the runs of metering_push."
    ),
    "not_sent": Words(f"{_RECORD}: it could not be sent. Add or correct the channel's connection."),
    "difference": Words(
        f"{_RECORD}: usage that is known since makes it {{known_quantity:number}}, and what was reported does not "
        "change. Settle the difference with the buyer or the marketplace."
    ),
}
#: Usage that no record has.
UNREPORTED = Words(
    "{quantity:number} AKU-seconds of {subscription_id} in {hour_count:hour|hours} of the day from {day_start:time} "
    "are in no record: {cause}",
    {
        "cause": {
            "no_instance": "its marketplace instance was not known in time. Look at its onboarding.",
            "late": "it became known too late. Settle it with the buyer or the marketplace.",
        }
    },
)
#: A period of a subscription whose usage and ledger do not add up.
UNBALANCED = Words(
    "Subscription {subscription_id}, {period}: usage and ledger do not add up in {hour_count:hour|hours}, from "
    "{first_hour:instant} on. Metered are {metered:number} AKU-seconds of them, recorded {recorded:number}.{lost}"
    "{doubled}{changed} See `akubill marketplace pushes agreement --period {period}`.",
    {
        "lost": {"yes": " {lost_count:hour has|hours have} no record.", "no": ""},
        "doubled": {"yes": " {doubled_count:hour has|hours have} more than one record.", "no": ""},
        "changed": {"yes": " {changed_count:hour has|hours have} other usage than the record says.", "no": ""},
    },
)
