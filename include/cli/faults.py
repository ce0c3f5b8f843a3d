"""`akubill faults run`: simulated months with injected faults, and whether the product recovers."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Form, Listing, print_error, say
from include.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from include.faults.real.run import Result as ResultForReal
    from include.faults.report import Totals
    from include.faults.run import Result, Scenarios

app = typer.Typer(name="faults", help="Faults on purpose, and whether the product recovers.", no_args_is_help=True)

_LARGEST = 999_999_999


@app.callback()
def faults() -> None:
    """Faults on purpose, in simulated months and in real processes, and whether the product recovers."""


@app.command()
def run(
    seed: Annotated[int | None, typer.Option("--seed", min=1, max=_LARGEST, help="The scenario of this seed.")] = None,
    seeds: Annotated[str | None, typer.Option("--seeds", help="The scenarios of these seeds, like 1..2000.")] = None,
    form: Form = Listing.TABLE,
    *,
    level: Annotated[
        int, typer.Option("--level", min=1, max=2, help="1: simulated months in one process; 2: real processes.")
    ] = 1,
    cover: Annotated[
        bool, typer.Option("--cover", help="Then simulate what no seed did: every point with every outcome.")
    ] = False,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Then interleave two attempts at the same window, in every order.")
    ] = False,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0, help="At level 2, begin no further scenario after so long.")
    ] = 60,
    report: Annotated[Path | None, typer.Option("--report", help="Write the report here.")] = None,
) -> None:
    """Play a scenario with faults for each seed, and judge what came of it.

    Level 1 simulates a month: one process, an embedded PostgreSQL, the sandbox, a logical clock. The seed decides which
    task runs next, what runs twice, what fails and where a task dies. The same seed gives the same bytes.
    Level 2 starts a local stack: its processes are killed while it is used, and calls go wrong. The
    seed decides what goes wrong, and when.
    The exit code is 1 if a scenario did not recover, or a point was never hit with one of its outcomes.
    """
    wanted = _seeds(seed, seeds)
    if report:
        report.open("a", encoding="utf-8").close()  # a path that cannot be written is refused before hours of work
    if level == 1:
        _simulate(wanted, form, report, cover=cover, pairs=pairs)
    elif cover or pairs:
        raise InvalidInputError("Level", "2", "has no --cover and no --pairs", "Leave them out, or choose level 1.")
    else:
        _live(wanted, form, report, minutes)


def _simulate(wanted: range, form: Listing, report: Path | None, *, cover: bool, pairs: bool) -> None:
    from include.faults.report import Totals, put_in
    from include.faults.run import open_scenarios

    totals, began = Totals(), time.monotonic()
    with open_scenarios() as scenarios:
        totals.add("undisturbed", scenarios.undisturbed)
        for number in wanted:
            result = scenarios.seed(number)
            totals.add(f"seed {number}", result)
            _print(f"Seed {number}", result, form)
        took = time.monotonic() - began
        if cover:
            _cover(scenarios, totals, form)
        if pairs:
            _pair(scenarios, totals, form)
    if report:
        figures = (
            f"**{len(wanted)} seeds** ({wanted[0]} to {wanted[-1]}), {len(wanted) / took:.2f} a second; "
            f"{totals.scenarios} months with {totals.faults} faults; {len(totals.failed)} did not recover."
        )
        put_in(report, totals.page(figures))
    for point, outcome in (missing := totals.missing() if cover else []):
        print_error(f"Never hit: {point}, {outcome}.")
    _conclude(totals.failed, is_complete=not missing)


def _live(wanted: range, form: Listing, report: Path | None, minutes: float) -> None:
    from include.faults.real.report import Totals
    from include.faults.real.run import AT_ONCE, open_scenarios
    from include.faults.report import put_in
    from include.local.interrupts import listen_once

    listen_once()
    totals, began = Totals(), time.monotonic()
    with open_scenarios(say if form is Listing.TABLE else lambda _: None) as scenarios:
        totals.add(scenarios.undisturbed)
        _print_for_real(scenarios.undisturbed, form)
        while totals.scenarios < len(wanted) and _minutes_since(began) < minutes:
            result = scenarios.play(wanted[totals.scenarios : totals.scenarios + AT_ONCE])
            totals.add(result)
            _print_for_real(result, form)
    if report:
        put_in(
            report,
            totals.part(
                f"**{totals.scenarios} seeds** (from {wanted[0]} on) in {_minutes_since(began):.0f} minutes; "
                f"{totals.injected.total()} faults took effect; something did not recover {len(totals.failed)} times."
            ),
        )
    _conclude(totals.failed)


def _cover(scenarios: Scenarios, totals: Totals, form: Listing) -> None:
    for point, outcome in totals.missing():
        # Some points are reached only after a fault.
        forced, first = {(point, 1): outcome}, totals.first[point]
        result = scenarios.seed(first, forced) if first else scenarios.script(forced)
        totals.add(f"{point}: {outcome}", result)
        _print(f"{point}: {outcome}", result, form)


def _pair(scenarios: Scenarios, totals: Totals, form: Listing) -> None:
    from include.faults.pairs import WINDOWS

    for task, at in WINDOWS:
        played = scenarios.pairs(task, at)
        totals.pairs.append(played)
        if played.problems:
            totals.failed.append((f"two attempts of {task}", played.problems))
        if form is Listing.TABLE:
            say("\n  ".join([f"Two attempts of {task}: {played.orders} orders.", *played.problems]))


def _minutes_since(began: float) -> float:
    return (time.monotonic() - began) / 60


def _conclude(failed: list[tuple[str, list[str]]], *, is_complete: bool = True) -> None:
    if failed:
        names = ", ".join(name for name, _ in failed)
        print_error(f"{len(failed)} did not recover: {names}. Run one seed again with --seed.")
    if failed or not is_complete:
        raise typer.Exit(1)


def _print(name: str, result: Result, form: Listing) -> None:
    if form is not Listing.TABLE:
        print(json.dumps(result.to_json(), sort_keys=True))  # noqa: T201
        return
    pushed = result.checked["push"]
    first = (
        f"{name}: {len(result.faults)} faults, {pushed.acknowledged} pushes acknowledged, "
        f"{len(pushed.recovered)} recovered, {len(result.bills)} bills issued"
    )
    say("\n  ".join([f"{first}; {len(result.problems) or 'no'} problems.", *result.problems]))


def _print_for_real(result: ResultForReal, form: Listing) -> None:
    if form is not Listing.TABLE:
        print(json.dumps(result.to_json(), sort_keys=True), flush=True)  # noqa: T201
        return
    say(f"{result.name.capitalize()}, {result.seconds:.0f} s: {len(result.problems) or 'no'} problems.")
    for injection, (_, took_effect) in zip(result.plan, result.injected, strict=False):
        met = "" if took_effect else ", met nothing"
        say(f"  seed {injection.seed}, {injection.step}, after {injection.after} s: {injection.fault}{met}")
    for problem in result.problems:
        say(f"  PROBLEM: {problem}")


def _seeds(seed: int | None, seeds: str | None) -> range:
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
