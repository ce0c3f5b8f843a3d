"""### Corrects an issued bill.

**What.** An issued bill never changes. This rates its period again with what is known now, and charges the difference
from all documents so far on a new one. Each line names the line that it corrects, and your reason. You can correct a
bill as often as needed, also a correction: all documents together always add up to the re-rated bill plus your
refunds.

| cause | what it needs | what it does |
|---|---|---|
| `late_usage` | usage that became known after the bill was issued | bills it; the next bill does so by itself |
| `price` | the right plan for the period | enters it as an offer for this period, and rates again |
| `discount` | the right discount | the same with the discount |
| `refund` | an amount and a line of the bill | gives it back with its tax, whatever the usage was |

**Delivery.** `next_bill` waits for the subscription's next bill. `note` issues a credit or debit note at once. If
something else waits for this bill, the run fails and lists it with its amounts: tick *Also issue what waits* to have it
on the note too. A released subscription has no next bill: choose a note. The run also fails if the bill would then cost
less than what was refunded. If that was agreed, tick *Refunds may exceed the bill*: your name and reason are kept.

**When.** By hand: *Trigger*, fill in the form. Repeating the same run has no further effect.

**What you do next.** Read the log of `correct_bill`: it names the document and its total. For a plan or discount from
now on, enter an offer: `private_offer`. `akubill corrections list` shows what waits.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from include.domain.form_fields import AMOUNT
from include.orchestration.assets import BILLS, USAGE
from include.orchestration.defaults import (
    BILLING,
    TAG,
    discount_field,
    optional_field,
    price_plan_field,
    reason_field,
    subscription_field,
    task_defaults,
    text_field,
)
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, BILLING],
    default_args=task_defaults(BILLING),
    params={
        "subscription": subscription_field(
            "Whose bill it is, so that a mistyped bill does not correct another customer's."
        ),
        "bill": text_field("Bill", "Id of the issued bill, like 2026-10-sub-…, or of a note that corrected it."),
        "cause": Param(
            type="string",
            enum=["late_usage", "price", "discount", "refund"],
            values_display={"late_usage": "Late usage", "price": "Price", "discount": "Discount", "refund": "Refund"},
            title="Cause",
            description=(
                "What was wrong. Late usage needs nothing more; a price needs a price plan, a discount a "
                "percentage, a refund an amount and a line."
            ),
        ),
        "delivery": Param(
            "next_bill",
            type="string",
            enum=["next_bill", "note"],
            values_display={"next_bill": "On the next bill", "note": "As a note"},
            title="Delivery",
            description="On the next bill, or as a credit or debit note at once.",
        ),
        "reason": reason_field("Why. The customer reads it on each line."),
        "price_plan": price_plan_field("For price: the published plan that should have held."),
        "discount_percent": discount_field("For discount, and for price if it was wrong too: 0 to 100, like 12.5."),
        "from": Param(
            None,
            type=["null", "string"],
            format="date",
            title="From",
            description="For price and discount: its first day within the period. Empty: all of it.",
        ),
        "refund_amount": optional_field(
            "Refund", "For refund: what is given back, before tax, like 12.30.", longest=40, pattern=AMOUNT
        ),
        "refund_line": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=1_000_000,
            title="Line",
            description="For refund: number of the bill's line that it is for.",
        ),
        "with_what_waits": Param(
            default=False,
            type="boolean",
            title="Also issue what waits",
            description="For a note: it also has what else waits for this bill.",
        ),
        "refunds_may_exceed": Param(
            default=False,
            type="boolean",
            title="Refunds may exceed the bill",
            description="For a note: it was agreed that more has been given back than the bill costs after this.",
        ),
    },
)
def bill_correction() -> None:
    """Correct, report."""

    @task(has_page=True, inlets=[USAGE], outlets=[BILLS])
    def correct_bill() -> str:
        """What the form asks for, once; yields what became of it."""
        from include.orchestration.corrections import correct_bill_of_run

        return correct_bill_of_run()

    @task
    def report(done: str) -> list[str]:
        """Say what still waits for a next bill, or for a person."""
        from include.orchestration.corrections import list_waiting

        waiting = list_waiting()
        print(done, f"{len(waiting)} correction(s) wait.", *waiting, sep="\n")  # noqa: T201 (the task's log)
        return waiting

    report(correct_bill())


bill_correction()
