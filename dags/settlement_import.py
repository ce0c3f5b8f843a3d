"""### Imports a settlement export of the vendor's console.

**What.** What the Marketplace pays out has no API: the vendor's console exports it. This imports such a file as CSV
with the columns `charged_id`, `period`, `kind`, `amount` and `currency`, and compares each month that it has with our
bills. A file is known by its content: importing it again, under any name, changes nothing.

**When.** By hand: put the file into the folder for settlement exports (`AKUBILL_SETTLEMENTS`, or `settlements` in the
folder `AKUBILL_STATE`), *Trigger*, give its name. No other file can be named.

**What you do next.** Read the verdicts in the log of `report`, or with `akubill reconciliation settlements`. If
`report` fails, it names the lines that were left out: correct the file and import it whole, the newest export of a
month counts.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag

from include.domain.form_fields import FILE_NAME
from include.orchestration.defaults import FINANCE, TAG, task_defaults, text_field
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, FINANCE, "reconciliation"],
    default_args=task_defaults(FINANCE),
    params={
        "file": text_field(
            "File", "Name of a CSV file in the folder for settlement exports, like 2026-10.csv.", pattern=FILE_NAME
        )
    },
)
def settlement_import() -> None:
    """Import, report."""

    @task(has_page=True)
    def import_file() -> dict[str, Any]:
        """The good lines of the file; yields counts, and what is wrong with the others."""
        from include.orchestration.outcomes import leave_outcome
        from include.orchestration.pages import RECONCILIATION
        from include.orchestration.settlements import import_settlement_of_run

        imported = import_settlement_of_run()
        leave_outcome(
            "settlement", imported | {"months": ", ".join(imported["periods"]) or "no month"}, page=RECONCILIATION
        )
        return imported

    @task
    def report(imported: dict[str, Any]) -> None:
        """Say the verdicts, and fail if lines were left out."""
        from include.orchestration.settlements import report_settlement

        print(*report_settlement(imported), sep="\n")  # noqa: T201 (the task's log)

    report(import_file())


settlement_import()
