"""`akubill faults run`: simulated months with injected faults, and whether the product recovers."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Form, Listing, print_error, say

if TYPE_CHECKING:
    from include.faults.report import Totals
    from include.faults.run import Lived, Lives

app = typer.Typer(name="faults", help="Simulated months with injected faults.", no_args_is_help=True)

_LARGEST = 999_999_999


@app.callback()
def faults() -> None:
    """Simulated months with injected faults, and whether the product recovers."""


@app.command()
def run(
    seed: Annotated[int | None, typer.Option("--seed", min=1, max=_LARGEST, help="The month of this seed.")] = None,
    seeds: Annotated[str | None, typer.Option("--seeds", help="The months of these seeds, like 1..2000.")] = None,
    form: Form = Listing.TABLE,
    *,
    cover: Annotated[
        bool, typer.Option("--cover", help="Then simulate what no seed did: every point with every outcome.")
    ] = False,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Then interleave two attempts at the same window, in every order.")
    ] = False,
    report: Annotated[Path | None, typer.Option("--report", help="Write the report here.")] = None,
) -> None:
    """Simulate a month for each seed: one process, an embedded PostgreSQL, the sandbox, a logical clock.

    The seed decides which task runs next, what runs twice, what fails and where a task dies. The same seed gives
    the same bytes. The exit code is 1 if a month did not recover, or a point was never hit with one of its outcomes.
    """
    from include.faults.report import Totals
    from include.faults.run import open_lives

    wanted, totals, began = _seeds(seed, seeds), Totals(), time.monotonic()
    if report:
        report.open("a", encoding="utf-8").close()  # a path that cannot be written is refused before hours of work
    with open_lives() as lives:
        totals.add("undisturbed", lives.undisturbed)
        for number in wanted:
            lived = lives.seed(number)
            totals.add(f"seed {number}", lived)
            _print(f"Seed {number}", lived, form)
        took = time.monotonic() - began
        if cover:
            _cover(lives, totals, form)
        if pairs:
            _pair(lives, totals, form)
    if report:
        figures = (
            f"**{len(wanted)} seeds** ({wanted[0]} to {wanted[-1]}), {len(wanted) / took:.2f} a second; "
            f"{totals.lives} months with {totals.faults} faults; {len(totals.failed)} did not recover."
        )
        report.write_text(totals.page(figures), encoding="utf-8")
    _conclude(totals, must_be_complete=cover)


def _cover(lives: Lives, totals: Totals, form: Listing) -> None:
    for point, outcome in totals.missing():
        # Some points are reached only after a fault.
        forced, first = {(point, 1): outcome}, totals.first[point]
        lived = lives.seed(first, forced) if first else lives.script(forced)
        totals.add(f"{point}: {outcome}", lived)
        _print(f"{point}: {outcome}", lived, form)


def _pair(lives: Lives, totals: Totals, form: Listing) -> None:
    from include.faults.pairs import WINDOWS

    for task, at in WINDOWS:
        played = lives.pairs(task, at)
        totals.pairs.append(played)
        if played.problems:
            totals.failed.append((f"two attempts of {task}", played.problems))
        if form is Listing.TABLE:
            say("\n  ".join([f"Two attempts of {task}: {played.orders} orders.", *played.problems]))


def _conclude(totals: Totals, *, must_be_complete: bool) -> None:
    missing = totals.missing() if must_be_complete else []
    for point, outcome in missing:
        print_error(f"Never hit: {point}, {outcome}.")
    if totals.failed:
        names = ", ".join(name for name, _ in totals.failed)
        print_error(f"{len(totals.failed)} did not recover: {names}. Run one seed again with --seed.")
    if missing or totals.failed:
        raise typer.Exit(1)


def _print(name: str, lived: Lived, form: Listing) -> None:
    if form is not Listing.TABLE:
        print(json.dumps(lived.to_json(), sort_keys=True))  # noqa: T201
        return
    pushed = lived.checked["push"]
    first = (
        f"{name}: {len(lived.faults)} faults, {pushed.acknowledged} pushes acknowledged, "
        f"{len(pushed.recovered)} recovered, {len(lived.bills)} bills issued"
    )
    say("\n  ".join([f"{first}; {len(lived.problems) or 'no'} problems.", *lived.problems]))


def _seeds(seed: int | None, seeds: str | None) -> range:
    from include.domain.errors import InvalidInputError

    if (seed is None) == (seeds is None):
        raise InvalidInputError("Seeds", seeds, "are given by --seed or by --seeds", "Give one of them.")
    if seeds is None:
        return range(int(seed or 0), int(seed or 0) + 1)
    found = re.fullmatch(r"(\d{1,9})\.\.(\d{1,9})", seeds)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise InvalidInputError(
            "Seeds", seeds, "must be two numbers from 1 on, the smaller one first", "Write 1..2000."
        )
    return range(int(found[1]), int(found[2]) + 1)
