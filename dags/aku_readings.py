"""### Polls every console for its instances, every five minutes.

**What.** Asks the console of every metered environment for all its Kafka instances and stores the answers: one poll
per environment, one reading per instance. Environments are divided into a fixed number of shards, one task each.
Within a shard all consoles are polled concurrently, each with its own deadline. Then hours that became due are
closed: those that a late poll changes, and those that waited forty minutes for a poll.

**When.** Every five minutes. A console cannot be asked about the past, so missed runs are not repeated.

**By hand.** At any time: it is one more poll. Two runs at once do no harm.

**What you do next.** `summarise` says how many consoles answered and failed, how many readings were rejected, and
which consoles have been failing since when, the spared ones included. A console that fails is a failed poll with its
cause in `metering.polls`; rejected readings are in `metering.rejections`. *Spared* consoles failed in six runs in a
row and are polled less often until they answer: `akubill metering failing` and the page of environments name them and
the cause. *Not asked* are those for which the run had no time: if there are any, give the workers more capacity. A
console that is silent for more than fifteen minutes becomes a gap, and an open gap holds the bill.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from include.domain.sharding import SHARDS
from include.orchestration.assets import READINGS
from include.orchestration.defaults import OPERATIONS, TAG, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, OPERATIONS, "metering"],
    # A retry is a later poll, so there is no point in many: the next run comes.
    default_args=task_defaults(OPERATIONS, retries=1),
)
def aku_readings() -> None:
    """Ask, close what is due, summarise."""

    @task(map_index_template="shard {{ task.op_kwargs['shard'] }}")
    def ask_consoles(shard: int) -> dict[str, int]:
        """Poll the shard's consoles; yields counts."""
        from include.metering.polling.collect import collect_shard
        from include.orchestration import connections

        return collect_shard(connections.warehouse(), connections.vault(), shard).counts()

    @task(trigger_rule="all_done")
    def close_due_hours() -> dict[str, int]:
        """Close hours that a late poll changes, or that waited long enough; yields counts."""
        from include.metering.hours.close import close_due_hours as close
        from include.orchestration import connections, work

        return close(connections.warehouse(), work.run_instant()).counts()

    @task(has_page=True, outlets=[READINGS], trigger_rule="all_done")
    def summarise(asked: list[dict[str, int]]) -> dict[str, object]:
        """Add up what the shards say, and name the consoles that fail; fail when a shard could not be asked at all."""
        from include.metering.polling.collect import sum_shards
        from include.metering.polling.failing import list_failing
        from include.orchestration import connections
        from include.orchestration.outcomes import leave_outcome
        from include.orchestration.pages import SUBSCRIPTIONS

        failing = [console.describe() for console in list_failing(connections.warehouse())]
        counts = leave_outcome("polls", sum_shards(list(asked), SHARDS).counts(), failing, page=SUBSCRIPTIONS)
        return {**counts, "failing": failing}

    asked = ask_consoles.expand(shard=list(range(SHARDS)))
    asked >> close_due_hours()
    summarise(asked)


aku_readings()
