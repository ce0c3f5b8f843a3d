"""### Imports usage history from files.

**What.** Imports CSV, JSON Lines and Parquet with the columns `subscription_id`, `instance_id`, `hour` (ISO 8601 with
offset, a full hour) and `aku_seconds` (whole). Good rows become hourly usage. Bad rows are stored in
`metering.rejections` with the reason, and do not stop the others. A file is imported completely or not at all, and
importing the same file twice changes nothing.

**When.** Every ten minutes it looks into the drop folder. Imported files move to `imported/` there. A file that is
not a usage file (wrong columns, truncated, too large, a link) moves to `refused/`, and its task fails with a sentence
that says why. A file with another ending is named in the log of `find_files`, and refused after a day.

**By hand.** Give the name of a file in the drop folder to import it now. Without a name it takes all files there.

**What you do next.** Nothing, if the run is green. The task `report` says how many rows were loaded, unchanged and
rejected; `require_good_rows` fails if any were rejected, with the first reasons. Correct these in a new file and drop
that: an imported hour replaces what an earlier import
said, but never what was measured. An hour on an issued bill stays as billed; `report` says how many rows differ from
it and names the bills, and the differences wait in `billing.late_usage` for a correction. If the file was right and,
for example, the subscription was not onboarded yet, trigger the same file in `imported/` again with *Judge again*.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, dag, get_current_context, task_group

from include.orchestration.assets import USAGE
from include.orchestration.defaults import OPERATIONS, TAG, optional_field, task_defaults
from include.orchestration.errors import task

if TYPE_CHECKING:
    from airflow.sdk import XComArg


@dag(
    schedule="*/10 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # a run moves the files that another would take
    max_active_tasks=4,
    default_args=task_defaults(OPERATIONS),
    tags=[TAG, OPERATIONS, "metering"],
    doc_md=__doc__,
    params={
        "file": optional_field(
            "File",
            "Name of a file in the drop folder, or in imported/ there, like orders.csv; empty: all that wait.",
            longest=400,
        ),
        "again": Param(
            default=False,
            type="boolean",
            title="Judge again",
            description="Import a file again whose bytes were imported before.",
        ),
    },
)
def usage_import() -> None:
    """From files in the drop folder to hourly usage."""

    @task
    def find_files() -> list[str]:
        """The file that the form names, or all that wait."""
        from include.metering.imports.drop_folder import drop_folder, find_file, find_waiting
        from include.orchestration.work import form, run_instant

        folder, name = drop_folder(), form()["file"]
        if name:
            return [str(find_file(folder, name).relative_to(folder))]
        return find_waiting(folder, run_instant()).ready

    @task(map_index_template="{{ file_name }}")
    def import_file(name: str) -> dict[str, Any]:
        """All good rows of the file, or none; a file without usage rows moves to refused/."""
        from include.metering.imports.drop_folder import drop_folder, taking
        from include.metering.imports.load import import_usage
        from include.orchestration.billing import who_runs
        from include.orchestration.connections import warehouse
        from include.orchestration.work import form, run_instant

        get_current_context()["file_name"] = name  # type: ignore[typeddict-unknown-key]
        with taking(drop_folder(), name) as file:
            return import_usage(warehouse(), file, run_instant(), again=form()["again"], by=who_runs()).facts()

    @task(map_index_template="{{ task.op_args[0] }}")
    def put_away(name: str, imported: dict[str, Any]) -> dict[str, Any]:
        """Move the file to imported/."""
        from include.metering.imports.drop_folder import drop_folder, put_away

        put_away(drop_folder(), name, imported["file_sha256"])
        return imported

    @task_group  # type: ignore[type-var]  # Airflow gives on what the last task returns
    def each_file(name: str) -> XComArg:
        return put_away(name, import_file(name))

    @task(has_page=True, trigger_rule="all_done", outlets=[USAGE])
    def report(names: list[str] | None, imported: list[dict[str, Any]] | dict[str, Any] | None) -> dict[str, int]:
        """What became of each file."""
        from include.metering.imports.load import UsageImport, report_imports
        from include.orchestration.outcomes import leave_outcome
        from include.orchestration.pages import DATA_QUALITY

        counts = report_imports(names, [UsageImport(**facts) for facts in _listed(imported)])
        if counts["files"]:
            leave_outcome("import", counts, page=DATA_QUALITY)
        return counts

    @task
    def require_good_rows(imported: list[dict[str, Any]] | dict[str, Any] | None) -> None:
        """Fail if rows were rejected, and say why: everything else is done."""
        from include.metering.imports.load import UsageImport, require_good_rows

        require_good_rows([UsageImport(**facts) for facts in _listed(imported)])

    names = find_files()
    imported = each_file.expand(name=names)
    report(names, imported) >> require_good_rows(imported)


def _listed(imported: list[dict[str, Any]] | dict[str, Any] | None) -> list[dict[str, Any]]:
    """Airflow hands over nothing for no file, and a single result without a list around it."""
    return [imported] if isinstance(imported, dict) else imported or []


usage_import()
