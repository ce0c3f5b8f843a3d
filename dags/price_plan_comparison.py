"""### Says what each customer would have paid by another price plan.

**What.** Prices a month's metered usage by two published plans, on a scratch database with the statements that make
bills. No bill is changed. The answer is kept in `billing.plan_comparisons` and shown under *Billing*, *Price plans*,
with its progress while it is made.

**When.** By hand, from that page or here. To try a plan that is not published, use `price_plan_publish` without
*Publish*, or `akubill plan diff`.

**What you do next.** Read the answer on the page. To offer a customer the other plan, trigger `private_offer`.
"""

from __future__ import annotations

from airflow.sdk import dag

from include.domain.periods import PERIOD
from include.orchestration.defaults import BILLING, TAG, compared_plan_field, task_defaults, text_field
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=2,
    doc_md=__doc__,
    tags=[TAG, BILLING],
    default_args=task_defaults(BILLING, retries=0),  # a person waits for it, and can ask again
    params={
        "period": text_field("Billing period", "YYYY-MM: the month whose metered usage is priced.", pattern=PERIOD),
        "first_plan": compared_plan_field("Price plan", "A published plan, as it is."),
        "second_plan": compared_plan_field("Compared with", "Another published plan."),
    },
)
def price_plan_comparison() -> None:
    """Price by both, keep, report."""

    @task
    def compare_plans() -> str:
        """Says the sums; the page of price plans has each customer's."""
        from include.orchestration.outcomes import leave_sentence
        from include.orchestration.prices import answer_what_if_of_run

        return leave_sentence(answer_what_if_of_run())

    compare_plans()


price_plan_comparison()
