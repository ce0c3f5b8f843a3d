"""Commands that look behind bills: `akubill bills explain|verify|completeness`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from include.cli.output import say


class DepthOption(StrEnum):
    """How deep an explanation goes."""

    LINES = "lines"
    HOURS = "hours"
    INSTANCES = "instances"
    READINGS = "readings"
    POLLS = "polls"


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
    from include.billing.evidence.explain import Depth, explain_bill
    from include.cli.bill_text import describe_bill
    from include.domain.periods import parse_instant
    from include.orchestration.connections import warehouse

    instant = None if hour is None else parse_instant(hour, "Hour")
    explained = explain_bill(warehouse(), bill_id, line, depth=Depth[depth.name], hour=instant)
    say(describe_bill(explained, with_hours=True))


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


def completeness() -> None:
    """Say what was metered or sold and is not on exactly one bill, in all closed periods; exit code 1 if anything."""
    from include.billing.bills.completeness import audit_completeness, describe_completeness
    from include.orchestration.connections import warehouse

    found = audit_completeness(warehouse())
    say(describe_completeness(found))
    if found:
        raise typer.Exit(1)
