"""### Recomputes issued bills and reports every difference.

**What.** For every issued bill and note, computes the fingerprint from today's warehouse, adds up its lines, taxes
and instance-hours, and rates its period again with the prices and private offers that were known when it was drafted.
All of it must give the same bytes. Then it checks that everything that was metered or sold in closed periods is on
exactly one bill. It changes nothing.

**When.** Daily at 04:30 (UTC+8).

**By hand.** At any time; name a billing period to verify only that one. `akubill bills verify` does the same.

**What you do next.** If `report` fails, its message names each bill that differs and what changed: usage, prices,
offers, licences, lines, taxes or sums. The database refuses such changes, so someone disabled its triggers. Find out
who, then restore the data from a backup, or correct the bill if today's data is right. `notify_operators` reports
each difference once, through the channel of `freshness_alarms`; it is pink if there is nothing new. What is on no
bill, or on two, is named with the step that corrects it; `akubill bills completeness` says the same.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from include.orchestration.assets import BILLS, USAGE
from include.orchestration.defaults import BILLING, TAG, period_field, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=CronTriggerTimetable("30 4 * * *", timezone="Asia/Shanghai"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, BILLING],
    default_args=task_defaults(BILLING),
    params={"period": period_field("YYYY-MM, like 2026-10. Empty: all that were ever issued.")},
)
def bill_verification() -> None:
    """Verify, audit completeness, notify, report."""

    @task(inlets=[BILLS, USAGE])
    def verify_issued_bills() -> list[str]:
        """Compute them again, period by period; yields a sentence for each difference."""
        from include.billing.evidence.verify import verify_bills
        from include.domain.errors import ConflictError
        from include.orchestration import connections, work
        from include.orchestration.outcomes import leave_sentence

        asked = work.form()["period"]
        verified = verify_bills(connections.warehouse(), period=asked)
        leave_sentence(verified.describe())
        if asked and not verified.document_count:
            raise ConflictError(f"{verified.describe()} The run was for {asked}.")
        return [str(difference) for difference in verified.differences]

    @task
    def audit_completeness() -> list[str]:
        """Ask whether everything metered or sold is on exactly one bill; yields a sentence for whatever is not."""
        from include.billing.bills.completeness import audit_completeness, describe_completeness
        from include.billing.corrections.late_ends import list_late_ends
        from include.orchestration.connections import warehouse

        found = [*audit_completeness(warehouse()), *list_late_ends(warehouse())]
        print(describe_completeness(found))  # noqa: T201 (the task's log)
        return [str(one) for one in found]

    # A retry would find nothing left to send and hide that sending failed.
    @task(retries=0)
    def notify_operators(differences: list[str], incomplete: list[str]) -> int:
        """Send the new notifications; skipped if there are none."""
        from airflow.sdk import get_current_context
        from airflow.sdk.exceptions import AirflowSkipException

        from include.orchestration import connections, verification, work

        notified = verification.notify(
            connections.warehouse(), [*differences, *incomplete], work.run_instant(), get_current_context()
        )
        if not notified:
            raise AirflowSkipException("There is nothing new to notify of.")
        return notified

    @task
    def report(differences: list[str], incomplete: list[str]) -> None:
        """Fail if a bill is not as it was issued or something is on no bill, and say what to do."""
        from include.billing.evidence.verify import report_verification

        report_verification(differences, incomplete)

    differences, incomplete = verify_issued_bills(), audit_completeness()
    notify_operators(differences, incomplete)
    report(differences, incomplete)


bill_verification()
