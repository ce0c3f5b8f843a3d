"""`akubill demo …`: the whole path on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.local.demo import Demo, Played
    from include.local.stack import Running

app = typer.Typer(no_args_is_help=True, help="The demo: three buyers from onboarding to reconciled bills.")
console = Console(highlight=False, soft_wrap=True)


@app.command()
def run() -> None:
    """Start everything, play the demo, and stay up until Ctrl-C; then stop everything."""
    from include.domain.errors import AkubillError
    from include.local.interrupts import pause
    from include.local.stack import up
    from include.local.state import State
    from include.local.words import describe_access

    def perform() -> None:
        running = up(State.here(), console.print)
        try:
            _play(running)
        except AkubillError as error:
            console.print(f"The demo stopped: {error}", markup=False)
        console.print(describe_access(running))
        console.print("Ctrl-C stops all of it; `make demo` shows it again, with what is stored.")
        while True:
            pause(3600)

    _with_stop(perform)


@app.command()
def check() -> None:
    """Play the demo, verify what stands in the warehouse, stop everything; exit code 1 when anything is off."""

    def perform() -> None:
        from include.local.demo_checks import verify
        from include.local.stack import up
        from include.local.state import State

        demo, played = _play(up(State.here(), console.print))
        claims = list(verify(demo, played))
        for claim in claims:
            console.print(f"{'[green]ok[/]    ' if claim.holds else '[red]FAILED[/]'} {claim.claim}: {claim.found}")
        if not all(claim.holds for claim in claims):
            raise typer.Exit(1)

    _with_stop(perform)


def _play(running: Running) -> tuple[Demo, Played]:
    from include.local.demo import Demo
    from include.local.demo_tables import print_bills

    demo = Demo(running, console.print, datetime.now(UTC))
    played = demo.play()
    print_bills(console, demo)
    return demo, played


def _with_stop(perform: Callable[[], None]) -> None:
    """Do it, and stop the stack however it ends."""
    from include.local.interrupts import INTERRUPTED, listen_once
    from include.local.stack import down
    from include.local.state import State

    listen_once()
    try:
        perform()
    except KeyboardInterrupt:
        console.print("\nStopping.")
    finally:
        INTERRUPTED.set()
        down(State.here(), console.print)
