"""What a run of bill_export knows about itself: where files go, and which periods and formats are due."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from include.domain.errors import ConfigurationError, InvalidInputError
from include.orchestration.export_roots import SETTING, check_destination, default_place
from include.orchestration.work import form, run_instant

if TYPE_CHECKING:
    from airflow.sdk import Context, ObjectStoragePath

VARIABLE = "akubill_exports"


def folder_of(place: str) -> ObjectStoragePath:
    """A folder on this machine, or a bucket as Airflow writes it: `s3://conn_id@bucket/bills`, `gs://…`, `abfs://…`.

    Raises:
        InvalidInputError: when no file system of that kind is installed, or it is not a place.
    """
    from airflow.sdk import ObjectStoragePath

    try:
        url = place if "://" in place else Path(place or "\0").expanduser().resolve().as_uri()
        folder = ObjectStoragePath(url)
        _ = folder.fs
    except (ValueError, ImportError, RuntimeError, OSError) as error:
        rule = f"is no place that files can be written to ({error})"
        raise InvalidInputError(
            "Destination", place, rule, "Give a folder, or install the provider of its storage."
        ) from None
    return folder


def destination(context: Context | None = None) -> ObjectStoragePath:
    """Where a run writes: the form's destination, the Variable akubill_exports, AKUBILL_EXPORTS, or the stack's folder.

    Raises:
        ConfigurationError: when none of them says where.
        InvalidInputError: when it is no place for files, or one that the installation does not allow.
    """
    from airflow.sdk import Variable

    asked = form(context).get("destination")
    place = asked or Variable.get(VARIABLE, default=None) or default_place()
    if not place:
        raise ConfigurationError(
            f"There is no place for exported bills. Set the Airflow Variable {VARIABLE} to a folder or bucket, or "
            f"{SETTING} in the environment."
        )
    check_destination(place)
    return folder_of(place)


def due_work(context: Context | None = None) -> dict[str, list[str]]:
    """Periods to write, by format: the form's, or those with documents that no file at the destination has yet.

    Raises:
        InvalidInputError: when the form's period is not a month, or its destination is none.
    """
    from include.catalog.loader import load_product
    from include.domain.periods import BillingPeriod
    from include.orchestration.connections import warehouse
    from include.reporting.exports import FORMATS, find_due_periods

    asked = form(context)
    zone, wanted = load_product().seller_time_zone, asked["formats"] or list(FORMATS)
    folder = destination(context)
    if asked["period"]:
        return {name: [BillingPeriod(asked["period"], zone).name] if name in wanted else [] for name in FORMATS}
    due = find_due_periods(warehouse(), folder, run_instant(context), asked["language"], zone)
    return {name: [each.period for each in due if name in each.formats and name in wanted] for name in FORMATS}


def export_due(periods: list[str], name: str, context: Context | None = None) -> dict[str, int]:
    """Write these periods in that format; files and documents by what was written. Nothing due is nothing to do.

    Raises:
        IncompleteExportError: at the end, when documents could not be printed, whichever period they are of.
    """
    from include.orchestration.connections import warehouse
    from include.reporting.exports import IncompleteExportError, export_period

    written = {"files": 0, "documents": 0, "bytes": 0, "incomplete": 0}
    if not periods:
        return written
    folder, asked, at = destination(context), form(context), run_instant(context)
    failures = []
    for period in periods:
        files = export_period(
            warehouse(), period, folder, at, form=name, language=asked["language"], only_new=not asked["period"]
        )
        try:
            for file in files:
                written["files"] += 1
                written["documents"] += file.document_count
                written["bytes"] += file.size_bytes
                written["incomplete"] += bool(file.missing)
                if file.bill_id is None:
                    print(f"{file.uri}: {file.completeness}")  # noqa: T201 (the task's log)
        except IncompleteExportError as error:
            failures.append(error)
    if failures:
        raise IncompleteExportError(failures)
    return written


def report_export(written: dict[str, dict[str, int]], context: Context | None = None) -> None:
    """Say what was written, by the name of its format, and where."""
    from include.orchestration.outcomes import leave_outcome

    by_format = [
        f"{name}: {counts['files']} files, {counts['documents']} documents, {counts['bytes']} bytes"
        for name, counts in written.items()
    ]
    print(*by_format, sep="\n")  # noqa: T201 (the task's log)
    files, incomplete = (sum(counts[name] for counts in written.values()) for name in ("files", "incomplete"))
    if files:
        leave_outcome("export", {"files": files, "place": str(destination(context)), "incomplete": incomplete})
    else:
        leave_outcome("export_nothing", {})
