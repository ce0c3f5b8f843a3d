"""Commands about the ledger of metering pushes: `akubill marketplace pushes …`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Form, Listing, person, print_rows, say

if TYPE_CHECKING:
    from include.cli.output import Columns

app = typer.Typer(name="pushes", help="The ledger of usage that is reported to marketplaces.", no_args_is_help=True)

Channel = Annotated[str, typer.Argument(help="Channel of the catalogue, like alibaba-china.")]
Records = Annotated[str, typer.Argument(help="Numbers of records, with commas or spaces.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for somebody who asks a year from now.")]
_MINUTES = 4


@app.command("run")
def run_channel(
    channel: Channel,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Enter what is known, and send nothing.")] = False,
) -> None:
    """Report what is due to a channel, as metering_push does; the exit code is 1 where a person has to look."""
    from include.orchestration.pushes import push_channel

    ends_at = datetime.now(UTC) + timedelta(minutes=_MINUTES)
    pushed = push_channel(channel, ends_at, is_dry_run=dry_run)
    say(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in pushed.counts().items()))
    for sentence in (*pushed.open_points, *filter(None, [pushed.stopped])):
        say(sentence)
    if pushed.open_points:
        raise typer.Exit(1)


@app.command("list")
def list_all(
    outcome: Annotated[str | None, typer.Option("--outcome", help="Only records with it, like unknown.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Only records of it.")] = None,
    form: Form = Listing.TABLE,
) -> None:
    """List records of the ledger, with what became of them."""
    from include.catalog.loader import load_channel
    from include.marketplace.push.records import list_records
    from include.orchestration.connections import warehouse

    if channel is not None:
        load_channel(channel)
    columns: Columns = {
        "Record": lambda row: str(row["record_key"]),
        "Channel": "channel",
        "Subscription": "subscription_id",
        "Hour": lambda row: f"{row['hour_start']:%Y-%m-%d %H:%M}Z",
        "AKU-seconds": "quantity",
        "Outcome": lambda row: row["outcome"].replace("_", " "),
        "Why": lambda row: row["sentence"] or "",
    }
    fields = (
        *("record_key", "channel", "subscription_id", "marketplace_instance_id", "hour_start", "dimension", "quantity"),
        *("unit_seconds", "carried_in", "units"),
        *("outcome", "reason", "their_code", "cut_off", "is_partial", "sentence"),
    )
    rows = list_records(warehouse(), outcome, channel)
    print_rows(form, rows, columns=columns, fields=fields, nothing="The ledger has no such record.")


@app.command()
def agreement(
    period: Annotated[str, typer.Option("--period", help="Billing cycle, YYYY-MM in UTC+8.")],
    form: Form = Listing.TABLE,
) -> None:
    """Say where the AKU-seconds of a month went, by subscription, and what they are worth by the bill.

    Lost is what the bill charges for usage that was missed or refused; in doubt, for what is unknown. The exit code is
    1 where usage and ledger do not add up.
    """
    from include.domain.billing_cycles import billing_cycle
    from include.domain.marketplace.agreement import PARTS
    from include.marketplace.push.records import sum_agreement
    from include.orchestration.connections import warehouse

    counts = ("subscription_id", "metered", *PARTS, "differing_hours")
    fields = (*counts, "currency", *(f"{name}_amount" for name in ("metered", *PARTS)), "lost_amount")
    columns: Columns = {name.replace("_", " ").capitalize(): name for name in counts}
    columns |= {
        "Charged": "metered_amount",
        "Lost": "lost_amount",
        "In doubt": "unknown_amount",
        "Currency": "currency",
    }
    rows = [
        {**row, "lost_amount": None if row["currency"] is None else row["missed_amount"] + row["refused_amount"]}
        for row in sum_agreement(warehouse(), billing_cycle(period).window)
    ]
    print_rows(form, rows, columns=columns, fields=fields, nothing=f"There is no usage in {period}.")
    if any(row["differing_hours"] for row in rows):
        raise typer.Exit(1)


@app.command()
def hold(channel: Channel, reason: Reason) -> None:
    """Send nothing to a channel until it is released; what is past its cut-off is missed meanwhile."""
    _decide_channel("hold", channel, reason)


@app.command()
def release(channel: Channel, reason: Reason) -> None:
    """Send to a channel again that was held."""
    _decide_channel("release", channel, reason)


@app.command("send-again")
def send_again(records: Records, reason: Reason) -> None:
    """Have unknown records sent again, because the marketplace does not have them."""
    _decide_records("send_again", records, reason)


@app.command("mark-accepted")
def mark_accepted(records: Records, reason: Reason) -> None:
    """Settle unknown records that the marketplace has, as its bill shows."""
    _decide_records("mark_accepted", records, reason)


@app.command("mark-refused")
def mark_refused(records: Records, reason: Reason) -> None:
    """Settle unknown records that the marketplace does not have and will not take."""
    _decide_records("mark_refused", records, reason)


@app.command("write-off")
def write_off(records: Records, reason: Reason) -> None:
    """Give up records that are unknown, or of which the marketplace has another quantity."""
    _decide_records("write_off", records, reason)


def _decide_channel(name: str, channel: str, reason: str) -> None:
    from include.marketplace.push.decisions import Decision, decide_channel
    from include.orchestration.connections import warehouse

    say(decide_channel(warehouse(), channel, Decision(name, person(), reason, datetime.now(UTC))))


def _decide_records(name: str, records: str, reason: str) -> None:
    from include.marketplace.push.decisions import Decision, decide_records
    from include.orchestration.connections import warehouse

    say(decide_records(warehouse(), records, Decision(name, person(), reason, datetime.now(UTC))))
