"""### Gives one subscription its own plan or discount.

**What.** From one day on, until another or without end, a subscription is priced by another published plan, with
another discount, or both. An empty field means the subscription's own. The months in which the offer starts or ends
are divided there; tiers and included usage keep counting.

**When.** By hand: *Trigger*, fill in the form. If two offers are in force at once, the one entered last counts, for
plan and discount together. To end an offer, enter another from that day. For an instant within a day, use
`akubill offers add`. Offers are entered and never changed:
`billing.private_offers` records who, when and why.

**What you do next.** Nothing: the period's close uses it. An offer that would affect an issued bill is refused: start
it where the refusal says, and correct the bill for the time before (`bill_correction`, cause price or discount).
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from include.orchestration.defaults import (
    BILLING,
    TAG,
    discount_field,
    price_plan_field,
    reason_field,
    subscription_field,
    task_defaults,
)
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, BILLING],
    default_args=task_defaults(BILLING),
    params={
        "subscription": subscription_field("Its id, like sub-…."),
        "from": Param(
            type="string",
            format="date",
            title="From",
            description="Its first day. Days begin at 00:00 in the time zone of the price plan of the subscription.",
        ),
        "until": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Until",
            description="The first day after it. Empty: without end.",
        ),
        "price_plan": price_plan_field(
            "A published plan of the same currency and time zone. Empty: the subscription's own."
        ),
        "discount_percent": discount_field("0 to 100, like 12.5, in place of the plan's. Empty: the plan's."),
        "reason": reason_field("What was agreed, for someone who asks a year from now."),
    },
)
def private_offer() -> None:
    """Enter."""

    @task(has_page=True)
    def enter_offer() -> str:
        """The form's offer, once; yields what was entered."""
        from include.orchestration.corrections import add_offer_of_run

        return add_offer_of_run()

    enter_offer()


private_offer()
