"""Writes files of bills to a folder or bucket, and enters them in the ledger `reporting.exports`.

A file of a document or a period is a function of what was issued: written again it has the same bytes. The file is
written first and entered then, so what the ledger names is there; after a kill in between it is written once more.
What is done is done for one destination: a file elsewhere leaves nothing out of the files here.
Bills belong to their own period, notes to the one in which they were issued.
"""

from __future__ import annotations

import errno
import os
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import quote

from include.domain.errors import FatalError, InvalidInputError
from include.domain.periods import BillingPeriod
from include.reporting.document_data import read_document
from include.reporting.document_words import words
from include.reporting.documents import print_document
from include.reporting.focus import write_focus
from include.reporting.line_files import write_lines
from include.warehouse.engine import alone, statement
from include.warehouse.private_files import make_folder, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

FORMATS = ("pdf", "csv", "focus")
_MOST_NAMED = 10
#: Errors that say that files can never be written there; others may pass.
_NO_PLACE = {
    *(errno.EACCES, errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT),
    *(errno.ENOTDIR, errno.EPERM, errno.EROFS),
}


class NoPlaceError(InvalidInputError):
    """Files cannot be written to the destination, whichever document they are of."""


class IncompleteExportError(FatalError):
    """Some files could not be made; all others were written."""

    def __init__(self, failures: Sequence[FatalError]) -> None:
        super().__init__("All other files were written. " + " ".join(map(str, failures)))


class Folder(Protocol):
    """A place in a folder or bucket, like pathlib's or Airflow's."""

    def __truediv__(self, name: str, /) -> Self:
        """The place of that name in it."""

    @property
    def parent(self) -> Self:
        """The folder that it is in."""

    def mkdir(self, *, parents: bool = ..., exist_ok: bool = ...) -> None:
        """Make the folder, if it is missing."""

    def write_bytes(self, data: bytes, /) -> int:
        """Write the file, in place of what is there."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file that was written.

    Attributes:
        bill_id: None for a file of a whole period.
        language: None for all but PDF.
        destination: the folder or bucket that it was written for.
        missing: for a file of a whole period: the period's bills that are not issued yet.
    """

    period: str
    bill_id: str | None
    format: str
    language: str | None
    destination: str
    uri: str
    sha256: str
    size_bytes: int
    document_count: int
    missing: list[str] = field(default_factory=list)

    @property
    def completeness(self) -> str:
        """Whether a file of a whole period holds all of its documents, in words."""
        held = f"{self.document_count} documents of {self.period}"
        if not self.missing:
            return f"all {held}"
        count, shown = len(self.missing), ", ".join(self.missing[:_MOST_NAMED])
        bills, last = ("1 bill is", "it is") if count == 1 else (f"{count} bills are", "they are")
        more = ", …" if count > _MOST_NAMED else ""
        return f"{held}; not complete: {bills} not issued yet ({shown}{more}). It is written again when {last}."


@dataclass(frozen=True, slots=True)
class DuePeriod:
    """A period, and the formats in which some of its documents were not written yet."""

    period: str
    formats: list[str]


def find_due_periods(warehouse: Engine, folder: Folder, at: datetime, language: str, zone_name: str) -> list[DuePeriod]:
    """Periods with documents that no file there has yet; a whole period's files are due when it is over in its zone."""
    there = {"language": language, "destination": _name_of(folder)}
    with warehouse.connect() as connection:
        rows = connection.execute(statement("reporting/exports/list_due_periods"), there).mappings()
        found = []
        for row in rows:
            is_over = BillingPeriod(row["period"], zone_name).has_ended(at)
            due = [form for form in FORMATS if row[form] and (is_over or form == "pdf")]
            found.append(DuePeriod(row["period"], due))
    return [period for period in found if period.formats]


def export_bill(
    warehouse: Engine, bill_id: str, folder: Folder, at: datetime, *, form: str = "pdf", language: str = "en"
) -> ExportedFile:
    """One document as PDF or CSV. One that is not issued is marked as such, and not entered in the ledger.

    Raises:
        InvalidInputError: when there is no such document, it cannot be written in that format or language, or the
            folder is no place that files can be written to.
    """
    with warehouse.connect() as connection:
        printed = read_document(connection, bill_id)
        header = printed.header
        if form == "pdf":
            content = print_document(printed, language)
        elif form == "csv":
            content = write_lines(connection, bill_id=bill_id).content
        else:
            rule = "is not a format of one document; these are pdf and csv"
            raise InvalidInputError("Format", form, rule, "Export FOCUS by period, with --period.")
    period = header.filed_in or BillingPeriod.containing(header.dated, header.time_zone).name
    named = language if form == "pdf" else None
    file = _write(folder, period, _bill_path(period, bill_id, form, named), content, (bill_id, form, named, 1))
    if header.is_issued:
        _enter(warehouse, [file], at)
    return file


def export_period(
    warehouse: Engine,
    period: str,
    folder: Folder,
    at: datetime,
    *,
    form: str = "pdf",
    language: str = "en",
    only_new: bool = False,
) -> Iterator[ExportedFile]:
    """The issued documents of a period: a PDF of each (with `only_new` if it is not there yet), or one file of all.

    Yields each file when it is written, so that memory stays flat. A document that cannot be printed does not keep
    back the others.

    Raises:
        InvalidInputError: when the period, format or language is unknown, or the folder is no place for files.
        IncompleteExportError: at the end, when documents could not be printed; it names each.
    """
    BillingPeriod(period, "UTC")
    if form not in FORMATS:
        raise InvalidInputError("Format", form, f"is not one of {', '.join(FORMATS)}", "Choose one of them.")
    words(language)
    if form != "pdf":
        yield _export_whole_period(warehouse, period, folder, at, form)
        return
    parameters = {
        "period": period,
        "language": language,
        "only_new": only_new,
        "destination": _name_of(folder),
    }
    with warehouse.connect() as connection:
        bill_ids = connection.scalars(statement("reporting/exports/list_due_documents"), parameters).all()
    failures = []
    for bill_id in bill_ids:
        try:
            file = export_bill(warehouse, bill_id, folder, at, language=language)
        except NoPlaceError:
            raise
        except FatalError as error:
            failures.append(error)
        else:
            yield file
    if failures:
        raise IncompleteExportError(failures)


def _export_whole_period(warehouse: Engine, period: str, folder: Folder, at: datetime, form: str) -> ExportedFile:
    # One after the other, or a run that read less would write last what another has entered as more.
    with alone(warehouse, ("export", _name_of(folder), period, form)) as connection:
        with connection.begin():
            made = write_focus(connection, period) if form == "focus" else write_lines(connection, period=period)
            missing = connection.scalars(statement("reporting/exports/list_missing_bills"), {"period": period}).all()
        name = f"focus-1.2-{period}.parquet" if form == "focus" else f"lines-{period}.csv"
        file = _write(folder, period, [period, name], made.content, (None, form, None, made.document_count))
        _enter(warehouse, [file], at)
    return replace(file, missing=list(missing))


def _bill_path(period: str, bill_id: str, form: str, language: str | None) -> list[str]:
    name = quote(bill_id, safe="")
    return [period, "bills", f"{name}.{language}.{form}" if language else f"{name}.{form}"]


def _write(
    folder: Folder, period: str, path: Sequence[str], content: bytes, what: tuple[str | None, str, str | None, int]
) -> ExportedFile:
    place = folder
    for part in path:
        place /= part
    try:
        if (local := _on_this_machine(place)) is not None:
            make_folder(local.parent)
            write_file(local, content)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    except OSError as error:
        if error.errno not in _NO_PLACE:
            raise
        rule = f"is no place that files can be written to ({os.strerror(error.errno or 0)})"
        raise NoPlaceError(
            "Destination", str(folder), rule, "Give a folder that this user may write to, or a bucket."
        ) from None
    bill_id, form, language, documents = what
    return ExportedFile(
        period=period,
        bill_id=bill_id,
        format=form,
        language=language,
        destination=_name_of(folder),
        uri=str(place),
        sha256=sha256(content).hexdigest(),
        size_bytes=len(content),
        document_count=documents,
    )


def _on_this_machine(place: Folder) -> Path | None:
    """The file where it is one of this machine: it is for its owner only. A bucket has rules of its own."""
    if isinstance(place, Path):
        return place
    is_local = getattr(place, "protocol", None) == "file"
    return Path(getattr(place, "path")) if is_local else None  # noqa: B009 (not every folder has one)


def _name_of(folder: Folder) -> str:
    """The destination as the ledger names it: the same for the same place."""
    return str(folder).rstrip("/") or "/"


def _enter(warehouse: Engine, files: Sequence[ExportedFile], at: datetime) -> None:
    rows = [asdict(file) | {"exported_at": at} for file in files]
    with warehouse.begin() as connection:
        connection.execute(statement("reporting/exports/record_exports"), rows)
