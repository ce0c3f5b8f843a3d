"""### Checks a price plan, shows what it would change, and publishes it.

**What.** Takes a price plan as YAML. *check_plan* reads it and describes it in words, or names the field that is
wrong. *compare_plan* prices the metered usage of a past month by it and by the published plan of the same name, and
shows what each customer would have paid. *publish_plan* writes its new versions to the warehouse, if you ask for
that.

**When.** By hand, before a price changes. Every `billing_period_close` publishes the plans of the catalogue, so such
a plan needs this DAG only for the check and the comparison.

**What you do next.** Read the log of *compare_plan*, then trigger the DAG again with *Publish* switched on. A
published version never changes: a later version replaces it from its `effective_from` on.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from include.orchestration.defaults import BILLING, TAG, period_field, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, BILLING],
    default_args=task_defaults(BILLING),
    params={
        "plan": Param(
            type="string",
            format="multiline",
            minLength=1,
            maxLength=50_000,
            title="Price plan",
            description="The whole YAML file, with the versions that are published already.",
        ),
        "period": period_field("YYYY-MM: a month whose metered usage the plans are compared on. Empty: no comparison."),
        "publish": Param(default=False, type="boolean", title="Publish", description="Off: check and compare only."),
    },
)
def price_plan_publish() -> None:
    """Check, compare, publish."""

    @task
    def check_plan() -> list[str]:
        """Say the plan in words."""
        from include.orchestration.prices import check_plan_of_run

        return _print(check_plan_of_run())

    @task
    def compare_plan() -> list[str]:
        """Say what each customer would have paid."""
        from include.orchestration.outcomes import leave_sentence
        from include.orchestration.prices import compare_plan_of_run

        first, *others = compare_plan_of_run()
        return [leave_sentence(first), *_print(others)]

    @task(has_page=True, trigger_rule="none_failed")
    def publish_plan() -> str:
        """Publish, if the form asks for it."""
        from include.orchestration.outcomes import leave_sentence
        from include.orchestration.pages import PRICE_PLANS
        from include.orchestration.prices import publish_plan_of_run

        return leave_sentence(publish_plan_of_run(), page=PRICE_PLANS)

    check_plan() >> compare_plan() >> publish_plan()


def _print(lines: list[str]) -> list[str]:
    print(*lines, sep="\n")  # noqa: T201 (the task's log)
    return lines


price_plan_publish()
