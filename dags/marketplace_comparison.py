"""### Compares subscriptions with what the Marketplace says of them.

**What.** An event of the Marketplace can be lost: an expiry, a release, a renewal that never arrived. This asks the
Marketplace for the order and the instance of every subscription (DescribeOrderForIsv, DescribeInstanceForIsv) and
compares state and expiry. What disagrees is a row of `marketplace.findings`, until a later comparison agrees.
Subscriptions whose events still wait in the inbox are left for the next run; released ones are asked for 31 days.

**When.** Daily at 09:30 (UTC+8).

**By hand.** Trigger it at any time, as after a lost event was entered; running it again opens nothing twice.

**What you do next.** Operators are notified of each finding once when it is found and once when it is over, through
the channel of `freshness_alarms`; `notify_operators` is pink if there is nothing new. `akubill marketplace findings`
shows the open ones with their age and what to do, usually to enter the lost event with *marketplace_event_entry*. If
`summarise` fails, the Marketplace did not answer for some orders; its message names them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import CronTriggerTimetable, dag

from include.orchestration.defaults import MARKETPLACE, TAG, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=CronTriggerTimetable("30 9 * * *", timezone="Asia/Shanghai"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=[TAG, MARKETPLACE],
    default_args=task_defaults(MARKETPLACE),
)
def marketplace_comparison() -> None:
    """Compare, notify, summarise."""

    @task
    def compare() -> dict[str, Any]:
        """Ask for every subscription; yields counts, and who could not be asked for."""
        from functools import partial

        from include.marketplace.comparison.ask import ask_market
        from include.marketplace.comparison.compare import compare_subscriptions
        from include.orchestration import connections, work
        from include.orchestration.onboarding import market
        from include.orchestration.outcomes import leave_outcome

        ask = partial(ask_market, market())
        compared = compare_subscriptions(connections.warehouse(), work.run_instant(), ask)
        return leave_outcome("comparison", compared._asdict())

    # A retry would find nothing left to send and hide that sending failed.
    @task(retries=0)
    def notify_operators() -> int:
        """Send the new notifications; skipped if there are none."""
        from airflow.sdk import get_current_context
        from airflow.sdk.exceptions import AirflowSkipException

        from include.orchestration import connections, notifications, work

        sent = notifications.notify_of_findings(connections.warehouse(), work.run_instant(), get_current_context())
        if not sent:
            raise AirflowSkipException("There is nothing new to notify of.")
        return sent

    @task
    def summarise(compared: dict[str, Any]) -> dict[str, Any]:
        """The counts; fails if the Marketplace did not answer for a subscription, and names it."""
        from include.marketplace.comparison.compare import require_answers

        require_answers(compared["failures"])
        return compared

    compared = compare()
    compared >> notify_operators()
    summarise(compared)


marketplace_comparison()
