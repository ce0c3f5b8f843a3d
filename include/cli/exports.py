"""The command `akubill bills export`: what the DAG bill_export does, for one document or period and any place."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from include.cli.output import say


class Format(StrEnum):
    """What kind of file."""

    pdf = "pdf"
    csv = "csv"
    focus = "focus"


class Language(StrEnum):
    """What language documents are printed in."""

    en = "en"
    zh = "zh"


def export(
    to: Annotated[str, typer.Option("--to", help="A folder, or a bucket like s3://conn_id@bucket/bills.")],
    bill_id: Annotated[str | None, typer.Argument(help="Id of a bill or note, in any state.")] = None,
    period: Annotated[str | None, typer.Option("--period", help="All issued documents of it, YYYY-MM.")] = None,
    form: Annotated[Format, typer.Option("--format", help="What kind of file.")] = Format.pdf,
    language: Annotated[Language, typer.Option("--language", help="Of PDF files.")] = Language.en,
) -> None:
    """Write a bill, or the issued documents of a period, as PDF, CSV or FOCUS."""
    from include.domain.errors import InvalidInputError
    from include.orchestration.connections import warehouse
    from include.orchestration.exports import folder_of
    from include.reporting.exports import export_bill, export_period

    if (bill_id is None) == (period is None):
        given = f"{bill_id} and {period}" if bill_id else None
        raise InvalidInputError("What to export", given, "must be one bill or one period", "Give an id or --period.")
    folder, at = folder_of(to), datetime.now(UTC)
    if bill_id is not None:
        files = iter([export_bill(warehouse(), bill_id, folder, at, form=form.value, language=language.value)])
    else:
        files = export_period(warehouse(), str(period), folder, at, form=form.value, language=language.value)
    count = 0
    for count, file in enumerate(files, start=1):  # noqa: B007 (its last value is the count)
        say(f"{file.uri}  {file.size_bytes} bytes  {file.document_count} documents")
    if not count:
        say(f"There are no issued documents in {period}.")
