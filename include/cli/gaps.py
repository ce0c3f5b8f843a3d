"""Commands about time whose usage is not known: `akubill gaps list|waive`."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Form, Listing, person, print_error, print_rows, say

if TYPE_CHECKING:
    from include.cli.output import Columns

app = typer.Typer(name="gaps", help="See gaps with owner and age, and waive them.", no_args_is_help=True)

Environment = Annotated[str | None, typer.Option("--environment", help="Only gaps of this environment id.")]
_SHOWN = 1000
#: What programs read of a gap.
_FIELDS = (
    *("gap_key", "environment_id", "subscription_id", "instance_id", "gap_start", "gap_end", "cause", "state"),
    *("owned_by", "holds_bill", "opened_at", "age_seconds", "contact", "closed_at", "closed_by", "closed_reason"),
)


class State(StrEnum):
    """Which gaps are listed."""

    OPEN = "open"
    RESOLVED = "resolved"
    WAIVED = "waived"
    ALL = "all"


@app.command("list")
def list_stored(
    environment: Environment = None,
    state: Annotated[State, typer.Option("--state", help="open, resolved, waived or all.")] = State.OPEN,
    form: Form = Listing.TABLE,
) -> None:
    """List gaps, oldest first, with who has to do something and since when."""
    from include.metering.gaps.gaps import list_gaps
    from include.orchestration.connections import warehouse

    asked = None if state is State.ALL else state.value
    found = list_gaps(warehouse(), datetime.now(UTC), state=asked, environment_id=environment, at_most=_SHOWN)
    columns: Columns = {
        "Gap": "gap_key",
        "Environment": "environment_id",
        "Instance": lambda row: row["instance_id"] or "all",
        "From (UTC)": lambda row: f"{row['gap_start']:%Y-%m-%d %H:%M:%S}",
        "To (UTC)": lambda row: f"{row['gap_end']:%Y-%m-%d %H:%M:%S}",
        "Cause": "cause",
        "State": "state",
        "Owner": "owned_by",
        "Age": lambda row: f"{row['age_seconds'] // 3600} h",
    }
    nothing = f"No gap is {state.value}." if asked else "There is no gap."
    rows = [row._mapping for row in found]  # noqa: SLF001 (SQLAlchemy's)
    print_rows(form, rows, columns=columns, fields=_FIELDS, nothing=nothing)
    if len(rows) == _SHOWN:
        print_error(f"These are the oldest {_SHOWN}; name an environment to see the others.")


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

    by = person()
    waiver = read_waiver(reason=reason, by=by, gap_keys=gaps, environment_id=environment, start=start, end=end)
    waived = waive_gaps(warehouse(), waiver, datetime.now(UTC))
    say(f"Waived {waived.gaps} gap(s) of {waived.seconds} s together. Close the billing period again.")
