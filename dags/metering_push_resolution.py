"""### Completes the ledger of pushes: what became of pushes without an answer, and usage that became known late.

**What.** Where a marketplace can be asked what it has, it is asked about each record of the ledger that is *unknown*
(each run of *metering_push* does that as well). The China site cannot be asked: its records are compared with the bill
that the Marketplace makes for the buyer (BSS, by instance and day). What is on the bill becomes *accepted*. What is not
there three days after its day becomes *missed*. Where the bill fits more than one explanation, or none, the record
stays *unknown*.

Usage that became known late, as by an import, is entered as *expected* where the marketplace measures itself; up to 92
days back.

**When.** Daily at 14:30 (UTC+8).

**By hand.** Trigger it at any time; running it again changes nothing that is settled.

**If it fails.** `resolve` fails where a buyer's bill could not be read, or a marketplace did not answer, and says which
and why; everything else is settled then. Add or correct the connection that it names.

**What you do next.** Nothing. What stays unknown is decided with *metering_push_decision*.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from include.orchestration.assets import PUSHES
from include.orchestration.defaults import MARKETPLACE, TAG, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=CronTriggerTimetable("30 14 * * *", timezone="Asia/Shanghai"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=[TAG, MARKETPLACE, "reconciliation"],
    default_args=task_defaults(MARKETPLACE),
)
def metering_push_resolution() -> None:
    """Resolve; enter."""

    @task
    def enter_earlier() -> dict[str, int]:
        """Enter what marketplaces measured of earlier hours; yields how many records, by channel."""
        from include.orchestration.outcomes import leave_outcome
        from include.orchestration.pushes import enter_earlier

        entered = enter_earlier()
        leave_outcome("earlier", {"entered": sum(entered.values())})
        return entered

    @task(inlets=[PUSHES], outlets=[PUSHES])
    def resolve() -> dict[str, int]:
        """Settle what answers and bills settle; yields how many records got each outcome."""
        from include.domain.words.outcomes import say_counts
        from include.orchestration.outcomes import leave_outcome
        from include.orchestration.pushes import resolve_unknown

        settled = resolve_unknown()
        leave_outcome("resolution", {"settled": sum(settled.values()), "became": say_counts(settled)})
        return settled

    enter_earlier()
    resolve()


metering_push_resolution()
