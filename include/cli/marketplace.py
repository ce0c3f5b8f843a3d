"""Commands about a marketplace's events and the usage that it is sent: `akubill marketplace …`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli import disagreements, events, pushes
from include.cli.output import Form, Listing, print_error, print_rows, say

if TYPE_CHECKING:
    from include.cli.output import Columns
    from include.marketplace.push.plan import HourlyUsage, PushPlan

app = typer.Typer(
    name="marketplace", help="Serve and read callbacks, and plan the usage to push.", no_args_is_help=True
)

app.add_typer(pushes.app, name="pushes")
app.command()(disagreements.findings)
app.command()(events.parked)
app.command("try-again")(events.try_again)

#: Anything the shell keeps in its history is no secret, so the key may come from the environment.
Key = Annotated[
    str,
    typer.Option("--key", envvar="AKUBILL_SPI_KEY", help="The security key of the vendor console.", show_envvar=True),
]


@app.command()
def token(query: Annotated[str, typer.Argument(help="What follows the question mark.")], key: Key) -> None:
    """Print the token of a callback's query; a token in it is ignored."""
    from include.domain.marketplace.callbacks import callback_token, check_key, read_callback

    say(callback_token(read_callback(query.removeprefix("?")).parameters, check_key(key)))


@app.command()
def replay(
    events: Annotated[Path, typer.Option("--events", help='JSON Lines of {"received_at", "query"}, as they arrived.')],
    key: Key,
    form: Form = Listing.TABLE,
) -> None:
    """Apply a file of callbacks by the rules of the inbox, and print what they make of subscriptions.

    What is refused or parked is said on standard error. Where a line is no callback, the others go on, and the exit
    code is 1.
    """
    from include.marketplace.inbox.replay import replay as apply

    replayed = apply(events, key)
    for note in (*replayed.bad_lines, *replayed.notes):
        print_error(note)
    rows = [
        {
            "marketplace_instance_id": each.marketplace_instance_id,
            "order_id": each.order_id,
            "sku_id": each.sku_id,
            "state": each.state,
            "expires_at": _utc(each.expires_at) if each.expires_at else None,
        }
        for _, each in sorted(replayed.instances.items())
    ]
    if form is Listing.JSON:
        _print_json({"events": replayed.counts, "subscriptions": rows})
    else:
        columns: Columns = {
            "Marketplace instance": "marketplace_instance_id",
            "Order": "order_id",
            "SKU": "sku_id",
            "State": "state",
            "Expires": "expires_at",
        }
        fields = ("marketplace_instance_id", "order_id", "sku_id", "state", "expires_at")
        print_rows(form, rows, columns=columns, fields=fields, nothing="No subscription came of it.")
    if form is Listing.TABLE:
        say(", ".join(f"{count} {name}" for name, count in replayed.counts.items()))
    if replayed.bad_lines:
        raise typer.Exit(1)


@app.command("push-plan")
def push_plan(
    usage: Annotated[
        Path, typer.Option("--usage", help="CSV with marketplace_instance_id, product_code, hour, aku_seconds.")
    ],
    channel: Annotated[str, typer.Option("--channel", help="alibaba-china, alibaba-international or aws.")],
    now: Annotated[str, typer.Option("--now", help="When the first request may go, with an offset.")],
    form: Form = Listing.TABLE,
) -> None:
    """Plan the requests that report usage of closed hours to a marketplace, and list the hours that are too late.

    A row that breaks a rule is said on standard error. The others are planned, and the exit code is 1.
    """
    from include.catalog.loader import load_channel
    from include.domain.periods import parse_instant
    from include.marketplace.push.plan import plan_pushes
    from include.marketplace.push.usage_file import read_usage

    target, at = load_channel(channel), parse_instant(now, "--now")
    rows, wrong = read_usage(usage, target, at)
    for mistake in wrong:
        print_error(mistake)
    plan = plan_pushes(target, rows, at)
    if form is Listing.JSON:
        _print_json(
            {
                "requests": [
                    {
                        "product_code": request.product_code,
                        "not_before": _utc(request.not_before),
                        "records": [_record(record) for record in request.records],
                    }
                    for request in plan.requests
                ],
                "missed": [
                    {name: _record(row)[name] for name in ("marketplace_instance_id", "hour", "quantity")}
                    for row in plan.missed
                ],
            }
        )
    else:
        _print_plan(form, plan)
    if wrong:
        raise typer.Exit(1)


def _record(row: HourlyUsage) -> dict[str, Any]:
    return {
        "marketplace_instance_id": row.marketplace_instance_id,
        "hour": _utc(row.hour),
        "start": _utc(row.start),
        "end": _utc(row.end),
        "quantity": row.quantity,
    }


def _print_plan(form: Listing, plan: PushPlan) -> None:
    """One row for each record: in which request it goes, or that it is missed."""
    rows = [
        {"request": number, "not_before": _utc(request.not_before), "product_code": record.product_code}
        | _record(record)
        for number, request in enumerate(plan.requests, start=1)
        for record in request.records
    ]
    rows += [
        {"request": None, "not_before": None, "product_code": row.product_code} | _record(row) for row in plan.missed
    ]
    columns: Columns = {
        "Request": lambda row: str(row["request"] or "missed"),
        "Not before": "not_before",
        "Product": "product_code",
        "Marketplace instance": "marketplace_instance_id",
        "Hour": "hour",
        "AKU-seconds": "quantity",
    }
    fields = ("request", "not_before", "product_code", "marketplace_instance_id", "hour", "start", "end", "quantity")
    print_rows(form, rows, columns=columns, fields=fields, nothing="There is nothing to send.")


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8090,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Receive the Marketplace's callbacks until Ctrl-C; the first line says where. Needs no part of Airflow to run."""
    from include.marketplace.callbacks.server import serve as serve_callbacks
    from include.orchestration.callbacks import doors

    serve_callbacks(doors(), host, port, typer.echo)


def _utc(instant: datetime) -> str:
    """In UTC with Z; fractions of a second only where there are some."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, indent=2))  # noqa: T201
