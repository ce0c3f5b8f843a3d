"""### Closes a billing period: usage becomes bills.

**What.** For every subscription that was active in the month or has usage in it: renews licences, prices the usage
hour by hour, drafts a bill, and audits it. A bill without findings is *issued*, and from then on the database refuses
every change to it. A bill with findings is *held*, and `bill_review` asks a person about it; nothing else waits for
it. The subscriptions are shared out to tasks that work side by side, a few hundred subscriptions at a time. A task that
is tried again goes on where it ended.

**When.** Six hours after each calendar month in the seller's time zone. Missed months are caught up.

**By hand.** Name the month in the form, for example to close it again after the cause of a held bill was fixed:
issued bills stay as they are, the others are drafted again. `airflow backfill create --dag-id billing_period_close
--from-date 2026-01-01 --to-date 2026-03-31` closes past months, also before the start date.

**What you do next.** Answer the reviews under *Required Actions*. `report` lists the held bills with findings and
remedies, and fails if a subscription has no bill at all. The bills are under *Bills*, and in `billing.bills`. A
period that has not ended, or in which no subscription was active, cannot be closed. If all its bills are issued, the
run says so and changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag

from include.domain.sharding import SHARDS
from include.orchestration.assets import BILLS, USAGE
from include.orchestration.defaults import BILLING, TAG, period_field, task_defaults
from include.orchestration.errors import task
from include.orchestration.timetables import BillingPeriodTimetable


@dag(
    schedule=BillingPeriodTimetable("Asia/Shanghai", close_delay=timedelta(hours=6)),
    start_date=datetime(2026, 9, 30, 16, tzinfo=UTC),
    catchup=True,
    max_active_runs=1,  # months close one after the other, in their order
    doc_md=__doc__,
    tags=[TAG, BILLING],
    default_args=task_defaults(BILLING),
    params={"period": period_field("YYYY-MM, like 2026-10: the month to close. A scheduled run knows its own.")},
)
def billing_period_close() -> None:
    """Name the period, publish prices, close shard by shard, report."""

    @task
    def find_period() -> str:
        """Which month this run closes, which has to have ended."""
        from include.orchestration.billing import ended_period_of_run

        return ended_period_of_run()

    @task
    def publish_price_plans() -> None:
        """The catalogue's plans; what is published already stays."""
        from include.billing.prices.plans import publish_price_plans
        from include.catalog.loader import catalog_price_plans
        from include.orchestration.connections import warehouse

        publish_price_plans(warehouse(), catalog_price_plans())

    @task(map_index_template="shard {{ task.op_kwargs['shard'] }}")
    def close_shard(period: str, shard: int) -> dict[str, Any]:
        """Draft, audit, hold or issue the shard's bills; yields how many, and why others could not be made."""
        from include.orchestration.billing import close_shard_of_run

        return close_shard_of_run(period, shard)

    @task(has_page=True, outlets=[BILLS], inlets=[USAGE])
    def sum_up(period: str, shards: list[dict[str, Any]]) -> dict[str, Any]:
        """Look at the whole period; yields counts, and what was done in words."""
        from include.orchestration import pages
        from include.orchestration.billing import sum_up_of_run
        from include.orchestration.outcomes import leave_outcome

        closed = sum_up_of_run(period, list(shards))
        leave_outcome("close", closed, closed["held_because"], page=pages.bills(period))
        return closed

    @task
    def report(closed: dict[str, Any]) -> None:
        """Say what was issued, and what is held and why; fail if a subscription has no bill."""
        from include.orchestration.billing import report_close

        report_close(closed)

    @task
    def ask_reviewers(period: str) -> list[str]:
        """Start a review for each bill that waits for a person and has none yet; yields their runs."""
        from include.billing.bills.review import list_holds
        from include.orchestration.connections import warehouse
        from include.orchestration.review import ask_about

        return ask_about(list_holds(warehouse(), period=period))

    period = find_period()
    shards = close_shard.partial(period=period).expand(shard=list(range(SHARDS)))
    publish_price_plans() >> shards
    closed = sum_up(period, shards)
    report(closed)
    closed >> ask_reviewers(period)


billing_period_close()
