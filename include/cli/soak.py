"""`akubill soak`: hours of metering against a changing, failing outside, held against the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from include.local.soak import Soaked

console = Console(highlight=False, soft_wrap=True)
_SHOWN = 20


def soak(
    hours: Annotated[float, typer.Option(min=0.001, help="Wall time of polling.")] = 1,
    consoles: Annotated[int, typer.Option(min=1, max=10_000, help="Consoles of the sandbox.")] = 200,
    every: Annotated[int, typer.Option(min=2, help="Seconds between two rounds of polls.")] = 300,
    pause: Annotated[int, typer.Option(min=2, help="Seconds between two changes of a cluster, on average.")] = 240,
    faults: Annotated[float, typer.Option(min=0, max=0.9, help="Share of the calls that go wrong.")] = 1 / 3,
) -> None:
    """Poll a sandbox whose clusters change all the time, and hold our hours against its truth; exit code 1 if off."""
    from include.local.soak import Soak, soak

    soaked = soak(Soak(hours * 3600, consoles, every, pause, faults), console.print)
    _report(soaked)
    if soaked.judgement.problems or not soaked.judgement.exact_intervals:
        raise typer.Exit(1)


def _report(soaked: Soaked) -> None:
    found = soaked.judgement
    console.print(
        f"{soaked.rounds} rounds: {soaked.polls['answered']} polls answered, {soaked.polls['failed']} failed.\n"
        f"{found.intervals} intervals of instances, {found.exact_intervals} with at most one change.\n"
        f"{found.truth} AKU-seconds were used until the last answers; {found.metered} are metered.\n"
        f"{found.silences} silences longer than the tolerance.\n"
        f"What polling can not know: {found.share:.3%} of what was used, in AKU-seconds:"
    )
    for kind, aku_seconds in found.unknowable.items():
        console.print(f"  {kind}: {aku_seconds}")
    for problem in found.problems[:_SHOWN]:
        console.print(f"[red]OFF[/] {problem}")
    said = f"{len(found.problems)} problems." if found.problems else "Difference 0 in every interval that can be known."
    console.print(said)
