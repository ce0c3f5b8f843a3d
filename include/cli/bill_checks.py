"""Commands that check bills: `akubill bills verify`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

console = Console(highlight=False, soft_wrap=True)


def verify(
    bill_ids: Annotated[list[str] | None, typer.Argument(metavar="[BILL]…", help="Ids of bills or notes.")] = None,
    period: Annotated[str | None, typer.Option("--period", help="All of a billing period, YYYY-MM.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that were ever issued.")] = False,
) -> None:
    """Compute issued bills again from the warehouse and say what differs, and in which input; exit code 1 if any."""
    from include.billing.verify import verify_bills
    from include.domain.errors import InvalidInputError
    from include.orchestration.connections import warehouse

    if not (bill_ids or period or everything):
        raise InvalidInputError("Bills to verify", None, "are not named", "Give ids of bills, --period, or --all.")
    verified = verify_bills(warehouse(), bill_ids=bill_ids or None, period=period)
    console.print(verified.describe(), markup=False)
    if verified.differences:
        raise typer.Exit(1)
