"""### Keeps the warehouse in order.

**What.** Creates the monthly partitions of the next three months. Drops polls and readings of a month when it is
older than the retention and every hour computed from it is closed and on an issued bill; the database refuses
anything else. Encrypts stored secrets by the vault's newest key. Deletes machine sightings of the same age that
belong to no open discrepancy. Runs all audits again over the issued bills of the last periods, audits that each
AKU-second of ended periods is once in the ledger of metering pushes, and lists what waits for people.

**When.** Daily at 03:30 (UTC+8).

**By hand.** At any time; give another retention to drop earlier or later, once.

**What you do next.** If `report` fails, its message says which issued bill fails which audit, in which period a
subscription's usage and ledger do not add up, or why an old month could not be dropped, and what to do. Otherwise its
log says which gaps and rejections wait, and for whom.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag

from include.orchestration.defaults import OPERATIONS, TAG, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=CronTriggerTimetable("30 3 * * *", timezone="Asia/Shanghai"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # what one run keeps, another must not drop meanwhile
    doc_md=__doc__,
    tags=[TAG, OPERATIONS, "metering"],
    default_args=task_defaults(OPERATIONS),
    params={
        "retention_days": Param(
            400,
            type="integer",
            minimum=35,
            maximum=36500,
            title="Retention",
            description="Days that polls and readings stay after the end of their month, and machine sightings.",
        )
    },
)
def warehouse_upkeep() -> None:
    """Make partitions, drop old months, audit, report."""

    @task
    def make_partitions() -> None:
        """Those of the next three months."""
        from include.operations.upkeep import make_partitions as make
        from include.orchestration import connections, work

        make(connections.warehouse(), work.run_instant())

    @task
    def drop_old_months() -> dict[str, Any]:
        """Polls and readings that may go; yields months, and why others stay."""
        from datetime import timedelta

        from include.operations.retention import drop_old_months as drop
        from include.orchestration import connections, work

        retention = timedelta(days=work.form()["retention_days"])
        return drop(connections.warehouse(), work.run_instant(), retention).counts()

    @task
    def delete_old_sightings() -> int:
        """Delete the hours in which machines were seen that are older than the retention; yields how many."""
        from datetime import timedelta

        from include.operations.retention import delete_old_sightings
        from include.orchestration import connections, work

        retention = timedelta(days=work.form()["retention_days"])
        return delete_old_sightings(connections.warehouse(), work.run_instant(), retention)

    @task
    def encrypt_secrets_again() -> int:
        """Secrets that an older key of the vault has encrypted, by the newest one; yields how many."""
        from include.onboarding.credentials import encrypt_again
        from include.orchestration import connections

        return encrypt_again(connections.warehouse(), connections.vault())

    @task
    def audit_issued_bills() -> list[str]:
        """Every audit, over the issued bills of recent periods; yields a sentence for each one that fails."""
        from include.operations.audits import audit_issued_bills as audit
        from include.orchestration import connections, work

        return [str(broken) for broken in audit(connections.warehouse(), work.run_instant())]

    @task
    def audit_agreement() -> list[str]:
        """Usage against the ledger of pushes; yields a sentence for each subscription and period that differs."""
        from include.operations.agreement import audit_agreement as audit
        from include.orchestration import connections, work

        return audit(connections.warehouse(), work.run_instant())

    @task
    def list_open_work() -> list[str]:
        """Gaps and rejections that wait for people, by owner and cause."""
        from include.metering.gaps.gaps import summarize_gaps
        from include.orchestration import connections, work

        return [str(line) for line in summarize_gaps(connections.warehouse(), work.run_instant())]

    @task
    def report(retained: dict[str, Any], broken: list[str], unbalanced: list[str], waiting: list[str]) -> None:
        """Report all of it; fail if a person has to do something."""
        from include.operations.retention import DroppedMonths
        from include.operations.upkeep import report_upkeep
        from include.orchestration.outcomes import leave_outcome

        leave_outcome("upkeep", {"months": ", ".join(retained["dropped"]) or "no month"}, waiting)
        report_upkeep(DroppedMonths(**retained), [*broken, *unbalanced])

    delete_old_sightings()
    encrypt_secrets_again()
    make_partitions() >> (dropped := drop_old_months())
    report(dropped, audit_issued_bills(), audit_agreement(), list_open_work())


warehouse_upkeep()
