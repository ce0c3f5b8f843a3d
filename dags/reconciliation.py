"""### Compares our bills with the Marketplace's.

**What.** Fetches what the Marketplace charged each buyer (BSS, with the buyer's own delegated access) for the month and
for its hours, compares it with our bill of every subscription, and stores one verdict each: *agrees*, *differs by
rounding*, *differs*, *missing here* or *missing there*, with the hours that explain it. An issued bill that the
Marketplace's final bill confirms becomes *reconciled*.

**When.** Daily at 13:00 (UTC+8), an hour after the Marketplace makes bills final on day 3. A run takes the last month
that ended, and every earlier one that still has an issued bill without confirmation.

**By hand.** Give a period, for example after a buyer's connection was repaired. Running it again changes nothing that
is confirmed.

**What you do next.** Nothing, if the run is green. If `report` fails, its message names what needs a person: first
the open findings, which are what the Marketplace's final bill does not confirm, each with owner, age and what to do;
then buyers that could not be asked. A finding is closed by a correction, by the final bill, or by your explanation
(`difference_explanation`). All verdicts are shown under *Reconciliation*, and in `reconciliation.verdicts`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag

from include.orchestration.assets import BILLS, RECONCILIATIONS
from include.orchestration.defaults import FINANCE, TAG, period_field, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=CronTriggerTimetable("0 13 * * *", timezone="Asia/Shanghai"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, FINANCE, "reconciliation"],
    default_args=task_defaults(FINANCE),
    params={
        "period": period_field(
            "YYYY-MM, like 2026-10. Empty: the last month that ended, and all that are not reconciled yet."
        )
    },
)
def reconciliation() -> None:
    """Fetch, compare, report."""

    @task
    def find_cycles() -> list[str]:
        """Which months are due."""
        from include.orchestration import connections, work
        from include.reconciliation.compare import find_cycles

        return find_cycles(connections.warehouse(), work.run_instant(), work.form()["period"])

    @task
    def fetch_charges(cycles: list[str]) -> dict[str, dict[str, str]]:
        """Fetch what the Marketplace charges each buyer; yields who could not be asked, by cycle and account."""
        from include.orchestration import work
        from include.orchestration.reconciliation import fetch_cycle

        at = work.run_instant()
        return {cycle: fetch_cycle(cycle, at) for cycle in cycles}

    @task(has_page=True, outlets=[RECONCILIATIONS, BILLS], inlets=[BILLS])
    def compare_bills(cycles: list[str]) -> list[str]:
        """One verdict per subscription; confirmed bills become reconciled. Yields what needs a person, in words."""
        from include.orchestration import work
        from include.orchestration.billing import who_runs
        from include.orchestration.outcomes import leave_sentence
        from include.orchestration.pages import RECONCILIATION
        from include.orchestration.reconciliation import compare_cycle, name_open_findings, say_days_of

        at, by = work.run_instant(), who_runs()
        done = [compare_cycle(cycle, at, by) for cycle in cycles]
        leave_sentence(
            "\n\n".join(f"{each.period}: {each.summary}. {say_days_of(each.period)}" for each in done),
            page=RECONCILIATION,
        )
        return name_open_findings(at)

    @task
    def report(failures: dict[str, dict[str, str]], open_points: list[str]) -> None:
        """Fail if a person has to do something, and say what."""
        from include.reconciliation.report import report_open_points

        report_open_points(failures, open_points)

    cycles = find_cycles()
    fetched = fetch_charges(cycles)
    compared = compare_bills(cycles)
    fetched >> compared
    report(fetched, compared)


reconciliation()
