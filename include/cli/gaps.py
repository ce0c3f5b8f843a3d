"""Commands about time whose usage is not known: `akubill gaps list|waive`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from getpass import getuser
from typing import Annotated

import typer

from include.cli.output import print_table, say

app = typer.Typer(name="gaps", help="See gaps with owner and age, and waive them.", no_args_is_help=True)

Environment = Annotated[str | None, typer.Option("--environment", help="Only gaps of this environment id.")]
_SHOWN = 1000


class State(StrEnum):
    """Which gaps are listed."""

    OPEN = "open"
    RESOLVED = "resolved"
    WAIVED = "waived"
    ALL = "all"


class Format(StrEnum):
    """How gaps are printed."""

    TABLE = "table"
    JSON = "json"


@app.command("list")
def list_stored(
    environment: Environment = None,
    state: Annotated[State, typer.Option("--state", help="open, resolved, waived or all.")] = State.OPEN,
    form: Annotated[Format, typer.Option("--format", help="table or json.")] = Format.TABLE,
) -> None:
    """List gaps, oldest first, with who has to do something and since when."""
    from include.metering.gaps.gaps import list_gaps
    from include.orchestration.connections import warehouse

    asked = None if state is State.ALL else state.value
    rows = list_gaps(warehouse(), datetime.now(UTC), state=asked, environment_id=environment, at_most=_SHOWN)
    if form is Format.JSON:
        print(json.dumps([{**row._mapping} for row in rows], indent=2, default=datetime.isoformat))  # noqa: T201, SLF001
        return
    if not rows:
        say(f"No gap is {state.value}." if asked else "There is no gap.")
        return
    headings = ("Gap", "Environment", "Instance", "From (UTC)", "To (UTC)", "Cause", "State", "Owner", "Age")
    cells = [
        (
            str(row.gap_key),
            row.environment_id,
            row.instance_id or "all",
            f"{row.gap_start:%Y-%m-%d %H:%M:%S}",
            f"{row.gap_end:%Y-%m-%d %H:%M:%S}",
            row.cause,
            row.state,
            row.owned_by or "—",
            f"{row.age_seconds // 3600} h",
        )
        for row in rows
    ]
    print_table(headings, cells)
    if len(rows) == _SHOWN:
        say(f"These are the oldest {_SHOWN}; name an environment to see the others.")


@app.command()
def waive(
    reason: Annotated[str, typer.Option("--reason", help="Why the gap may stay: 10 to 500 characters.")],
    gaps: Annotated[list[int] | None, typer.Argument(help="Numbers of gaps.")] = None,
    environment: Environment = None,
    start: Annotated[str | None, typer.Option("--from", help="Start of the window, with an offset.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Its end (exclusive).")] = None,
) -> None:
    """Waive open gaps, all that are named or none, in the name of the user of this computer."""
    from include.metering.gaps.gaps import read_waiver, waive_gaps
    from include.orchestration.connections import warehouse

    by = f"{getuser()} (command line)"
    waiver = read_waiver(reason=reason, by=by, gap_keys=gaps, environment_id=environment, start=start, end=end)
    waived = waive_gaps(warehouse(), waiver, datetime.now(UTC))
    say(f"Waived {waived.gaps} gap(s) of {waived.seconds} s together. Close the billing period again.")
