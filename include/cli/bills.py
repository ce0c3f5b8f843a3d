"""`akubill bills …`: list, show and close bills, look behind them, decide about held ones, export them."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from getpass import getuser
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Form, Listing, person, print_rows, say

if TYPE_CHECKING:
    from include.billing.bills.answers import Answer
    from include.cli.output import Columns

app = typer.Typer(help="List, show, explain and close bills.", no_args_is_help=True)

BillId = Annotated[str, typer.Argument(help="Id of the bill, like 2026-10-sub-….")]
Reason = Annotated[str, typer.Option("--reason", help="Why, kept with the bill: 10 to 500 characters.")]
Fingerprint = Annotated[
    str,
    typer.Option("--fingerprint", help="Of the draft that you saw in `akubill bills show`: 12 characters or more."),
]
Zone = Annotated[str | None, typer.Option("--time-zone", help="The plans' zone; else the seller's.")]


class DepthOption(StrEnum):
    """How deep an explanation goes."""

    LINES = "lines"
    HOURS = "hours"
    INSTANCES = "instances"
    READINGS = "readings"
    POLLS = "polls"


class Format(StrEnum):
    """What kind of file."""

    pdf = "pdf"
    csv = "csv"
    focus = "focus"


class Language(StrEnum):
    """What language documents are printed in."""

    en = "en"
    zh = "zh"


@app.command("list")
def list_bills(
    period: Annotated[str | None, typer.Option("--period", help="Billing period, YYYY-MM; all when left out.")] = None,
    form: Form = Listing.TABLE,
) -> None:
    """List bills and notes in every state, void ones included, by period and subscription."""
    from include.billing.evidence.explain import list_bills as stored_bills
    from include.orchestration.connections import warehouse

    columns: Columns = {
        "Bill": "bill_id",
        "Subscription": "subscription_id",
        "Period": "period",
        "State": "state",
        "Total": "total",
        "Currency": "currency",
    }
    fields = ("bill_id", "document", "subscription_id", "period", "state", "aku_seconds", "subtotal", "tax", "total")
    rows = [row._mapping for row in stored_bills(warehouse(), period)]  # noqa: SLF001 (SQLAlchemy's)
    print_rows(form, rows, columns=columns, fields=(*fields, "currency", "issued_at"), nothing="There is no bill.")


@app.command("show")
def show_bill(bill_id: BillId) -> None:
    """Show a bill with its lines, and why it is held if it is."""
    from include.billing.evidence.explain import explain_bill
    from include.billing.evidence.explanation import Depth
    from include.cli.bill_text import describe_bill
    from include.orchestration.connections import warehouse

    say(describe_bill(explain_bill(warehouse(), bill_id, depth=Depth.LINES)))


@app.command("close")
def close(
    period: Annotated[str, typer.Option("--period", help="Billing period, YYYY-MM.")],
    zone: Zone = None,
) -> None:
    """Close a billing period: draft, audit, then hold or issue each bill."""
    from include.billing.bills.close import close_period
    from include.billing.prices.plans import publish_price_plans
    from include.catalog.loader import catalog_price_plans, load_product
    from include.domain.periods import BillingPeriod
    from include.orchestration.connections import warehouse

    named = BillingPeriod(period, load_product().seller_time_zone if zone is None else zone)
    engine = warehouse()
    publish_price_plans(engine, catalog_price_plans())
    closed = close_period(engine, named, datetime.now(UTC), person())
    say(closed.describe())
    for sentence in closed.describe_missing():
        say(sentence, style="bold red")  # no review can fix these


@app.command()
def explain(
    bill_id: Annotated[str, typer.Argument(help="Id of the bill or note, like 2026-10-sub-….")],
    line: Annotated[int | None, typer.Argument(min=1, max=100_000, help="Number of a line; all when left out.")] = None,
    depth: Annotated[
        DepthOption, typer.Option("--depth", help="How deep; readings and polls are of one hour.")
    ] = DepthOption.INSTANCES,
    hour: Annotated[
        str | None, typer.Option("--hour", help="Only this hour: an instant in it, like 2026-10-03T05:00Z.")
    ] = None,
) -> None:
    """Explain a bill: line, price plan version, rounding, hours, instances, readings, raw polls."""
    from include.billing.evidence.explain import explain_bill
    from include.billing.evidence.explanation import Depth
    from include.cli.bill_text import describe_bill
    from include.domain.periods import parse_instant
    from include.orchestration.connections import warehouse

    instant = None if hour is None else parse_instant(hour, "Hour")
    explained = explain_bill(warehouse(), bill_id, line, depth=Depth[depth.name], hour=instant)
    say(describe_bill(explained, with_hours=True))


@app.command()
def verify(
    bill_ids: Annotated[list[str] | None, typer.Argument(metavar="[BILL]…", help="Ids of bills or notes.")] = None,
    period: Annotated[str | None, typer.Option("--period", help="All of a billing period, YYYY-MM.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that were ever issued.")] = False,
) -> None:
    """Compute issued bills again from the warehouse and say what differs, and in which input.

    The exit code is 1 where anything differs, and where there was nothing to verify.
    """
    from include.billing.evidence.verify import verify_bills
    from include.domain.errors import InvalidInputError
    from include.orchestration.connections import warehouse

    if not (bill_ids or period is not None or everything):
        raise InvalidInputError("Bills to verify", None, "are not named", "Give ids of bills, --period, or --all.")
    verified = verify_bills(warehouse(), bill_ids=bill_ids or None, period=period)
    say(verified.describe())
    if verified.differences or not verified.document_count:
        raise typer.Exit(1)


@app.command()
def completeness() -> None:
    """Say what was metered or sold and is not on exactly one bill, in all closed periods; exit code 1 if anything."""
    from include.billing.bills.completeness import audit_completeness, describe_completeness
    from include.billing.corrections.late_ends import list_late_ends
    from include.orchestration.connections import warehouse

    found = [*audit_completeness(warehouse()), *list_late_ends(warehouse())]
    say(describe_completeness(found))
    if found:
        raise typer.Exit(1)


@app.command()
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
        if file.missing:
            say(f"{file.uri}: {file.completeness}")
    if not count:
        say(f"There are no issued documents in {period}.")


@app.command()
def approve(bill_id: BillId, reason: Reason, fingerprint: Fingerprint) -> None:
    """Issue a held bill exactly as it was shown, and waive what holds it."""
    from include.billing.bills import review
    from include.orchestration.connections import warehouse
    from include.orchestration.reviewers import four_eyes_above

    answer, limit = _answer(bill_id, reason, fingerprint), four_eyes_above()
    say(review.approve(warehouse(), answer, datetime.now(UTC), four_eyes_above=limit).sentence)


@app.command()
def reject(bill_id: BillId, reason: Reason, fingerprint: Fingerprint) -> None:
    """Leave a held bill held, with the reason in its story."""
    from include.billing.bills import review
    from include.orchestration.connections import warehouse

    say(review.reject(warehouse(), _answer(bill_id, reason, fingerprint), datetime.now(UTC)).sentence)


@app.command()
def waive(
    bill_id: BillId,
    finding: Annotated[str, typer.Argument(help="Short name of what was found, like no_gap_is_open.")],
    reason: Reason,
    fingerprint: Fingerprint,
) -> None:
    """Waive one finding of a held bill, and issue it if nothing else holds it."""
    from include.billing.bills import review
    from include.orchestration.connections import warehouse
    from include.orchestration.reviewers import four_eyes_above

    answer, limit = _answer(bill_id, reason, fingerprint), four_eyes_above()
    say(review.waive(warehouse(), answer, finding, datetime.now(UTC), four_eyes_above=limit).sentence)


@app.command()
def void(bill_id: BillId, reason: Reason) -> None:
    """Void a draft or held bill, for its period."""
    from include.billing.bills import review
    from include.orchestration.connections import warehouse

    say(review.void(warehouse(), _answer(bill_id, reason), datetime.now(UTC)).sentence)


@app.command()
def restore(bill_id: BillId, reason: Reason) -> None:
    """Bring a void bill back to a draft."""
    from include.billing.bills import review
    from include.orchestration.connections import warehouse

    say(review.restore(warehouse(), _answer(bill_id, reason), datetime.now(UTC)).sentence)


@app.command()
def preview(zone: Zone = None, form: Form = Listing.TABLE) -> None:
    """Make the running month's drafts: what each subscription costs until now, and is expected to cost."""
    from include.billing.bills.previews import draft_running
    from include.billing.prices.plans import publish_price_plans
    from include.catalog.loader import catalog_price_plans, load_product
    from include.domain.periods import BillingPeriod
    from include.domain.usage import aku_hours
    from include.orchestration.connections import warehouse

    engine, now = warehouse(), datetime.now(UTC)
    publish_price_plans(engine, catalog_price_plans())
    period = BillingPeriod.containing(now, load_product().seller_time_zone if zone is None else zone)
    columns: Columns = {
        "Bill": "bill_id",
        "AKU-hours": lambda row: aku_hours(row["aku_seconds"]),
        "Until now": "total",
        "Expected": "forecast_total",
        "Currency": "currency",
    }
    fields = ("bill_id", "aku_seconds", "total", "forecast_total", "currency")
    rows = [{name: getattr(draft, name) for name in fields} for draft in draft_running(engine, period, now, person())]
    print_rows(form, rows, columns=columns, fields=fields, nothing="No subscription is in the running month.")


def _answer(bill_id: str, reason: str, fingerprint: str = "") -> Answer:
    from include.billing.bills.answers import Answer
    from include.orchestration.reviewers import check_reviewer

    check_reviewer(getuser())
    return Answer(bill_id, person(), reason, fingerprint)
