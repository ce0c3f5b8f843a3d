"""### Reports usage to marketplaces that charge what the vendor reports.

**What.** Enters usage of closed hours in the ledger (`marketplace.push_records`), sends what is due, and stores what
came of it. Only what the catalogue says is measured by the vendor (*Custom*) is sent; what the marketplace measures
itself is entered as *expected*. An hour is entered when its console has answered after it, or 40 minutes after it
(20 hours on AWS). The last hour of a subscription that ends goes at once on AWS. Then it adds up, for
the page *Today*, where usage went that has changed since the last run.

**When.** Every five minutes. An hour has until 1 h 59 min after its start on Alibaba Cloud, and 24 hours on AWS.

**By hand.** Trigger it at any time; nothing is sent twice. With *dry run* nothing is sent at all, and what waits
becomes *not sent* until the next run.

**If it fails.** `report` fails where this run found records that will not be charged or may not be, or that could not
be sent, and says which and why. Operators are notified of each once, and of records that still wait 45 minutes after
their hour.

**What you do next.** A record that is *unknown* may or may not have arrived: *metering_push_resolution* asks the
marketplace's bill; where you know better, trigger *metering_push_decision*. *Missed* and *refused* are final; the
message says what to correct.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, Param, dag

from include.orchestration.assets import PUSHES, USAGE
from include.orchestration.defaults import MARKETPLACE, TAG, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=CronTriggerTimetable("3-59/5 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, MARKETPLACE],
    # The next run comes soon, and the ledger remembers.
    default_args=task_defaults(MARKETPLACE, retries=1),
    params={
        "dry_run": Param(
            default=False, type="boolean", title="Dry run", description="Enter what is known, and send nothing."
        ),
    },
)
def metering_push() -> None:
    """Push channel by channel; add up; report."""

    @task
    def list_channels() -> list[str]:
        """The channels that charge something of a product."""
        from include.orchestration.pushes import channels

        return channels()

    @task(map_index_template="{{ task.op_kwargs['channel'] }}", inlets=[USAGE], outlets=[PUSHES])
    def push(channel: str) -> list[str]:
        """Report what is due; yields what a person has to know, in words."""
        from include.domain.words.outcomes import say_counts
        from include.orchestration import work
        from include.orchestration.outcomes import leave_outcome
        from include.orchestration.pushes import RUN_TIME, push_channel

        ends_at = datetime.now(UTC) + RUN_TIME
        pushed = push_channel(channel, ends_at, is_dry_run=work.form()["dry_run"])
        leave_outcome("push", {"channel": channel, **pushed.counts(), "became": say_counts(pushed.outcomes)})
        return pushed.open_points

    @task(trigger_rule="all_done")
    def add_up() -> dict[str, int]:
        """Add up where usage went, for the page Today; yields days of subscriptions, and bills."""
        from include.orchestration.pushes import add_up

        return add_up()

    # A retry would find nothing new and hide that there was something.
    @task(retries=0, trigger_rule="all_done")
    def report(found: list[list[str]]) -> int:
        """Notify operators of each record once; fails where this run found some."""
        from airflow.sdk import get_current_context

        from include.orchestration.pushes import notify_of_open_points

        return notify_of_open_points(list(found or []), get_current_context())

    pushed = push.expand(channel=list_channels())
    report(pushed)
    pushed >> add_up()


metering_push()
