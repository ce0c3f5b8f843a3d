"""### Exports bills as files: PDF, lines as CSV, costs as FOCUS.

**What.** Writes issued documents to a folder or bucket: a PDF of each bill and note, and for each period one CSV of
all lines and one FOCUS 1.2 file (Parquet). Each file is recorded in `reporting.exports`. A file contains what was
issued, so it has the same bytes when it is written again. What is done is done for one destination. A period's file
that lacks bills because they are not issued yet is named with them, and written again when they are.

**When.** Every hour, and at once after a correction: it finds the documents without a file there. (A close is a run
of a partition, and Airflow reports those to partitioned DAGs only.) A period's CSV and FOCUS files are due when the
month is over; a note makes those of the month in which it was issued due again.

**By hand.** Name a period to write all its files again, for example in another language or to another place. The
place is the form's, or else the Airflow Variable `akubill_exports`: a folder, or a bucket like
`s3://conn_id@bucket/bills`, below one of the places that the installation allows (`export_roots` of the section
`akubill` of Airflow's configuration).

**What you do next.** `report` says how many files were written and where. If a file should not have been sent, issue
a credit note; never delete its bill.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, Param, dag

from include.orchestration.assets import BILLS, EXPORTS
from include.orchestration.defaults import FINANCE, TAG, optional_field, period_field, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("20 * * * *", timezone="UTC"), assets=[BILLS]),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=16,
    doc_md=__doc__,
    tags=[TAG, FINANCE, "billing"],
    default_args=task_defaults(FINANCE),
    params={
        "period": period_field("YYYY-MM, like 2026-10: write all its files again. Empty: what no file has yet."),
        "formats": Param(
            ["pdf", "csv", "focus"],
            type="array",
            items={"type": "string", "enum": ["pdf", "csv", "focus"]},
            examples=["pdf", "csv", "focus"],
            title="Formats",
            description="Which files to write.",
        ),
        "language": Param("en", type="string", enum=["en", "zh"], title="Language", description="Of the PDF files."),
        "destination": optional_field(
            "Destination",
            "A folder or bucket, like s3://conn_id@bucket/bills; empty: the Variable akubill_exports.",
            longest=500,
        ),
    },
)
def bill_export() -> None:
    """Find what is due, write it by format, report."""

    @task
    def find_due() -> dict[str, list[str]]:
        """Periods to write, by format."""
        from include.orchestration.exports import due_work

        return due_work()

    @task
    def print_documents(due: dict[str, list[str]]) -> dict[str, int]:
        """A PDF of each document."""
        from include.orchestration.exports import export_due

        return export_due(due["pdf"], "pdf")

    @task
    def write_lines(due: dict[str, list[str]]) -> dict[str, int]:
        """One CSV of all lines of each period."""
        from include.orchestration.exports import export_due

        return export_due(due["csv"], "csv")

    @task
    def write_focus(due: dict[str, list[str]]) -> dict[str, int]:
        """One FOCUS file of each period."""
        from include.orchestration.exports import export_due

        return export_due(due["focus"], "focus")

    @task(outlets=[EXPORTS])
    def report(pdf: dict[str, int], csv: dict[str, int], focus: dict[str, int]) -> None:
        """What was written, and where to."""
        from include.orchestration.exports import report_export

        report_export({"PDF": pdf, "CSV": csv, "FOCUS": focus})

    due = find_due()
    report(print_documents(due), write_lines(due), write_focus(due))


bill_export()
