"""### Drafts the running month: what it has cost so far, and what it will cost.

**What.** Drafts a bill of every subscription for the running billing period from the hours that are closed, with a
forecast: each hour to come counts as the mean of the subscription's last seven days, rated by the same price plan, so
that tiers and minimums count.

**When.** Daily at 05:30 (UTC+8).

**By hand.** Trigger it whenever you want newer drafts, or run `akubill bills preview`.

**What you do next.** Nothing. These drafts are never held or issued; `billing_period_close` replaces them after the
period's end. They are shown under *Bills*, and in `billing.bills` with `forecast_total`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from include.orchestration.assets import BILLS, USAGE
from include.orchestration.defaults import BILLING, TAG, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=CronTriggerTimetable("30 5 * * *", timezone="Asia/Shanghai"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=[TAG, BILLING],
    default_args=task_defaults(BILLING),
)
def running_drafts() -> None:
    """Publish prices, draft, add up."""

    @task
    def publish_price_plans() -> None:
        """The catalogue's plans; what is published already stays."""
        from include.billing.prices.plans import publish_price_plans
        from include.catalog.loader import catalog_price_plans
        from include.orchestration.connections import warehouse

        publish_price_plans(warehouse(), catalog_price_plans())

    @task(has_page=True, outlets=[BILLS], inlets=[USAGE])
    def draft_running_period() -> int:
        """Make the drafts with their forecasts; yields how many."""
        from include.orchestration import pages
        from include.orchestration.billing import draft_running_of_run
        from include.orchestration.outcomes import leave_outcome

        drafted = draft_running_of_run()
        leave_outcome("drafts", drafted, page=pages.bills(drafted["period"]))
        return int(drafted["drafted"])

    @task
    def add_up() -> dict[str, int]:
        """Share what the drafts charge among the places that their usage went to, for the page Today."""
        from include.orchestration.pushes import add_up

        return add_up()

    publish_price_plans() >> draft_running_period() >> add_up()


running_drafts()
