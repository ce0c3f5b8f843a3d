"""`akubill demo …`: the whole path on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from include.cli.output import print_table, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.local.demo import Demo, DemoResult
    from include.local.stack import Running

app = typer.Typer(no_args_is_help=True, help="The demo: three buyers from onboarding to reconciled bills.")


@app.command()
def run() -> None:
    """Start everything, play the demo, and stay up until Ctrl-C; then stop everything."""
    from include.domain.errors import AkubillError
    from include.local.interrupts import pause
    from include.local.stack import up
    from include.local.state import State
    from include.local.words import describe_access

    def perform() -> None:
        running = up(State.here(), say)
        try:
            _play(running)
        except AkubillError as error:
            say(f"The demo stopped: {error}")
        say(describe_access(running))
        say("Ctrl-C stops all of it; `make demo` shows it again, with what is stored.")
        while True:
            pause(3600)

    _with_stop(perform)


@app.command()
def check() -> None:
    """Run the demo, verify the results in the warehouse, stop everything; exit code 1 if anything is wrong.

    Two more buyers order at the Marketplace. Its callbacks onboard, renew, expire, resume, upgrade and release them,
    the second one with faults on.
    """

    def perform() -> None:
        from include.local.demo_checks import verify
        from include.local.stack import up
        from include.local.state import State

        demo, played = _play(up(State.here(), say), with_lives=True)
        checks = list(verify(demo, played))
        for check in checks:
            say(f"{'ok    ' if check.holds else 'FAILED'} {check.check}: {check.found}", "" if check.holds else "red")
        if not checks or not all(check.holds for check in checks):
            raise typer.Exit(1)

    _with_stop(perform)


def _play(running: Running, *, with_lives: bool = False) -> tuple[Demo, DemoResult]:
    from include.local.demo import Demo
    from include.local.demo_tables import print_bills

    demo = Demo(running, say, datetime.now(UTC))
    played = demo.play(with_lives=with_lives)
    print_bills(demo, say, print_table)
    return demo, played


def _with_stop(perform: Callable[[], None]) -> None:
    """Do it, and stop the stack however it ends."""
    from include.local.interrupts import INTERRUPTED
    from include.local.stack import down
    from include.local.state import State

    try:
        perform()
    except KeyboardInterrupt:
        say("\nStopping.")
    finally:
        INTERRUPTED.set()
        down(State.here(), say)
