"""Imports a file of usage history: columns subscription_id, instance_id, hour, aku_seconds.

One transaction per file: its usage, its new instances, its rejections and its row in metering.imports come together or
not at all. A file is known by the SHA-256 of its bytes; the same file again changes nothing. Good rows are loaded
whatever the bad ones are; an imported hour replaces what an earlier import said of it. Where readings speak of the
hour too, what the file says is kept, and closing the hour decides (routines/metering/import_prevails.sql).
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from include.catalog.usage_files import form_of, read_pieces
from include.catalog.usage_rows import limits_of_product, sort_rows
from include.catalog.usage_shape import check_file, check_instance_count
from include.domain.errors import FatalError, InvalidInputError, RetriableError
from include.domain.periods import HOUR, Window
from include.domain.words.metering import Rejection
from include.metering.hours.close import close_hours
from include.metering.imports.drop_folder import hash_of
from include.metering.imports.staging import staging
from include.warehouse.engine import USAGE, ensure_partitions, locked, run_steps, statement

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Engine

log = logging.getLogger(__name__)

#: Of one file: the first ones are stored in full, the others are counted.
MOST_REJECTIONS = 1_000

# For this transaction only: a million rows are sorted and hashed in memory, and looked at briefly before each join.
_SETTINGS = text("SELECT set_config('work_mem', '128MB', true), set_config('default_statistics_target', '10', true)")


@dataclass(frozen=True, slots=True)
class UsageImport:
    """What became of a file.

    Attributes:
        rows_loaded: rows that made or changed usage; rows_changed of them replaced what an earlier import said.
        rows_late: rows that differ from an issued bill and wait as late usage; of `late_for_bills`.
        first_reasons: sentences of the first rejected rows; the first thousand are in metering.rejections under
            `import_key`.
        imported_before: whether the same bytes were imported by an earlier run, so that this one changed nothing.
    """

    import_key: int
    file_name: str
    file_sha256: str
    rows_read: int
    rows_loaded: int
    rows_changed: int
    rows_unchanged: int
    rows_late: int
    late_for_bills: list[str]
    rows_rejected: int
    first_reasons: list[str]
    imported_before: bool

    def facts(self) -> dict[str, Any]:
        """The same as plain values, for XCom and JSON; `UsageImport(**facts)` is the way back."""
        return asdict(self)

    def summary(self) -> str:
        """What happened, in one sentence, and where to look when rows were rejected."""
        if self.imported_before:
            return f"{self.file_name} was imported before (import {self.import_key}): nothing changed."
        counts = (
            f"{self.file_name}: {self.rows_read} rows read, {self.rows_loaded} loaded ({self.rows_changed} of them "
            f"changed earlier imports), {self.rows_unchanged} unchanged, {self.rows_rejected} rejected."
        )
        if self.rows_late:
            bills = ", ".join(self.late_for_bills)
            counts += f" {self.rows_late} differ from issued bills and wait as late usage ({bills})."
        if not self.rows_rejected:
            return counts
        reasons = " ".join(self.first_reasons)
        which = f"The first {MOST_REJECTIONS:,}" if self.rows_rejected > MOST_REJECTIONS else "All"
        return f"{counts} {which} rejected rows: metering.rejections, import_key {self.import_key}. First: {reasons}"


def import_usage(
    warehouse: Engine, file: Path, at: datetime, *, again: bool = False, by: str = "usage_import"
) -> UsageImport:
    """Load the usage history in the file.

    Args:
        warehouse: the warehouse.
        file: a .csv, .jsonl, .ndjson or .parquet file.
        at: the run's instant; hours that have not ended by then are rejected.
        again: check a file again that was imported before, as when a subscription was unknown then and is not now.
        by: the person or the run; see domain/people.py.

    Raises:
        InvalidInputError: when the file is no usage file; nothing of it is loaded.
        RetriableError: when it is still being written, or other work changed the same hours meanwhile.
    """
    form = form_of(file)
    before = _state_of(file)
    file_sha256 = hash_of(file)
    # One import at a time: two files may hold the same hours, and the later one counts.
    with warehouse.begin() as connection, locked(connection, "metering", "import"):
        earlier = _find(connection, file_sha256)
        if earlier and not again:
            return earlier
        connection.execute(_SETTINGS)
        identity = {"file_sha256": file_sha256, "file_name": file.name, "form": form}
        entry = identity | {"imported_at": at, "imported_by": by}
        import_key = connection.execute(statement("metering/imports/begin_file"), entry).scalar_one()
        connection.execute(statement("metering/imports/delete_rejections"), {"import_key": import_key})
        loading = _Loading(connection, import_key, file_sha256, at)
        rows_read = loading.stage(file)
        if _state_of(file) != before:
            raise RetriableError(f"{file.name} changed while it was read; it is tried again.")
        # From here on no other session changes usage, or issues a bill for hours that are being loaded.
        with locked(connection, *USAGE):
            counts = {"import_key": import_key, "rows_read": rows_read, **loading.merge()}
        connection.execute(statement("metering/imports/finish_file"), counts)
        made = _find(connection, file_sha256, imported_before=False)
    # What counts in metered hours is decided where readings are. Should this be cut off, they are due and closed soon.
    for window, environment_key in loading.due:
        close_hours(warehouse, window, at, environments=[environment_key])
    assert made is not None  # noqa: S101 (written above, in the same transaction)
    return made


def report_imports(names: list[str] | None, imports: Iterable[UsageImport]) -> dict[str, int]:
    """Say what became of each file, loudly where a person has to look; the sums of their counts.

    Args:
        names: the files that were to be imported; None when that could not be found out.
        imports: what became of those that were.

    Raises:
        FatalError: when one of the files was not imported, or it is unknown which they were.
    """
    if names is None:
        raise FatalError("No file was imported, for which ones wait is not known. The task find_files says why.")
    done = list(imports)
    for each in done:
        needs_a_person = each.rows_rejected or each.rows_late
        log.log(logging.WARNING if needs_a_person else logging.INFO, "%s", each.summary())
    if len(done) < len(names):
        raise FatalError(
            f"{len(names) - len(done)} of {len(names)} files were not imported. "
            "The failed import_file tasks say why; correct the files and drop them again."
        )
    counts = ("rows_read", "rows_loaded", "rows_changed", "rows_unchanged", "rows_late", "rows_rejected")
    return {"files": len(done), **{name: sum(getattr(each, name) for each in done) for name in counts}}


def require_good_rows(imports: Iterable[UsageImport]) -> None:
    """Say which rows were rejected, when all others are imported.

    Raises:
        FatalError: when there are any.
    """
    rejected = [each for each in imports if each.rows_rejected]
    if rejected:
        raise FatalError(
            "Some rows were rejected; all others are imported. Correct the rejected ones and drop them in a new file. "
            + " ".join(each.summary() for each in rejected)
        )


class _Loading:
    """The steps of one import, inside its transaction."""

    def __init__(self, connection: Connection, import_key: int, file_sha256: str, at: datetime) -> None:
        self._connection = connection
        self._facts = {
            "import_key": import_key,
            "file_sha256": file_sha256,
            "rejected_at": at,
            "most_rejections": MOST_REJECTIONS,
        }
        self._bad_count = 0
        self.due: list[tuple[Window, int]] = []
        self._limits = limits_of_product(ended_by=at)

    def stage(self, file: Path) -> int:
        """Check the file's rows and stage them, the first bad ones with their reason; how many there are."""
        rows_read, kept = 0, 0
        with staging(self._connection) as stage, ThreadPoolExecutor(1) as reader:
            pieces = read_pieces(file)
            coming = reader.submit(next, pieces, None)
            while (piece := coming.result()) is not None:
                coming = reader.submit(next, pieces, None)  # read while this one is checked and stored
                good, bad = sort_rows(piece, self._limits, MOST_REJECTIONS - kept)
                stage.add(good, bad)
                check_instance_count(file, stage.instance_count)
                rows_read += len(piece)
                kept += len(bad)
                self._bad_count += len(piece) - len(good)
        return rows_read

    def merge(self) -> dict[str, Any]:
        """Judge the staged rows by what the warehouse knows, and load those that hold; counts for metering.imports."""
        self._run("metering/imports/judge_instances")
        self._run("metering/imports/judge_rows")
        # Autovacuum does not analyse a temporary table, and without it each row would be joined by a search of its own.
        self._connection.exec_driver_sql("ANALYZE classified_rows")
        self._run("metering/imports/count_rows")
        found = self._connection.execute(statement("metering/imports/sum_counts")).one()
        if found.rejected:
            self._run("metering/imports/reject_rows")
        self._run("metering/imports/store_rejections")
        if found.first_hour:
            self._run("metering/imports/insert_instances")
        if found.metered:
            self._run("metering/imports/store_imported_hours")
            due = self._connection.execute(statement("metering/imports/list_due_hours"))
            self.due = [(Window(row.window_start, row.window_end), row.environment_key) for row in due]
        adjusted, bills = self._record_late_usage() if found.billed else (0, [])
        if found.inserted or found.replaced:
            window = Window(found.first_hour, found.last_hour + HOUR)
            ensure_partitions(self._connection, window.start, window.end)
            self._load(found.inserted, found.replaced)
            self._run("metering/imports/add_sums")
        return {
            "rows_loaded": found.inserted + found.replaced + found.estimated,
            "rows_changed": found.replaced,
            "rows_unchanged": found.unchanged + found.billed - adjusted,
            "rows_late": adjusted,
            "late_for_bills": bills,
            "rows_rejected": self._bad_count + found.rejected,
        }

    def _record_late_usage(self) -> tuple[int, list[str]]:
        """Let what differs from issued bills wait; how many rows, and of which bills."""
        for step in ("metering/hours/create_late_usage", "metering/imports/find_late_usage"):
            self._run(step)
        query = statement("metering/hours/record_late_usage")
        found = self._connection.execute(query, {"at": self._facts["rejected_at"]}).one()
        return found.adjusted, found.bills

    def _load(self, inserted: int, replaced: int) -> None:
        try:
            done = (
                self._run("metering/imports/insert_usage"),
                self._run("metering/imports/replace_usage") if replaced else 0,
            )
        except IntegrityError:
            done = None
        if done != (inserted, replaced):
            raise RetriableError("Readings closed some of the file's hours meanwhile; the file is judged again.")
        if replaced:
            self._run("metering/imports/record_revisions")

    def _run(self, name: str) -> int:
        return run_steps(self._connection, (name,), self._facts)[name]


def _find(connection: Connection, file_sha256: str, *, imported_before: bool = True) -> UsageImport | None:
    row = connection.execute(statement("metering/imports/find_file"), {"file_sha256": file_sha256}).mappings().first()
    if row is None:
        return None
    names = [name for name in UsageImport.__dataclass_fields__ if name not in {"first_reasons", "imported_before"}]
    reasons = [Rejection(**first, payload={}).sentence for first in row["first_rejections"]]
    return UsageImport(**{name: row[name] for name in names}, first_reasons=reasons, imported_before=imported_before)


def _state_of(file: Path) -> tuple[int, int, int]:
    """What changes when somebody writes to the file, or puts another in its place.

    Raises:
        InvalidInputError: when there is no such file, or it cannot be read.
    """
    try:
        check_file(file)
        found = file.stat()
        with file.open("rb"):
            return found.st_ino, found.st_size, found.st_mtime_ns
    except OSError as error:
        raise InvalidInputError(
            "File", str(file), f"cannot be read ({error.strerror})", "Check the path and who may read it."
        ) from None
