"""Commands about parked events of the Marketplace: `akubill marketplace parked|try-again`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Form, Listing, person, print_rows, say

if TYPE_CHECKING:
    from include.cli.output import Columns

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = 3600


def parked(form: Form = Listing.TABLE) -> None:
    """List the Marketplace's events that are parked, oldest first, with why, since when, and how to try one again."""
    from include.marketplace.inbox.parked import list_parked
    from include.orchestration.connections import warehouse

    now = datetime.now(UTC)
    rows = [
        event._asdict()
        | {"sentence": event.sentence, "age_seconds": max(0, int((now - event.received_at).total_seconds()))}
        for event in list_parked(warehouse(), _EVER)
    ]
    columns: Columns = {
        "Event": lambda row: str(row["event_key"]),
        "Action": lambda row: row["action"] or "—",
        "Instance": lambda row: row["instance_id"] or "—",
        "Came by": "source",
        "Age": lambda row: f"{row['age_seconds'] // _HOUR} h",
        "Tries": lambda row: str(row["tries"]),
        "Why": "sentence",
    }
    fields = (
        *("event_key", "received_at", "source", "action", "instance_id"),
        *("reason", "sentence", "tries", "age_seconds"),
    )
    print_rows(form, rows, columns=columns, fields=fields, nothing="No event is parked.")
    if rows and form is Listing.TABLE:
        say("Once its reason is gone, have an event tried again: akubill marketplace try-again EVENT --reason '…'")


def try_again(
    event: Annotated[int, typer.Argument(help="Its number.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it can be applied now.")],
) -> None:
    """Have a parked event tried again by the next run of marketplace_inbox, in the name of this computer's user."""
    from include.marketplace.inbox.decisions import replay_event
    from include.orchestration.connections import warehouse

    say(replay_event(warehouse(), event, person(), reason))
