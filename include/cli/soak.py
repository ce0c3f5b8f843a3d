"""`akubill soak`: hours of metering against a changing, failing outside, held against the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import say

if TYPE_CHECKING:
    from include.local.soak_scene import SoakResult

_SHOWN = 20


def soak(
    hours: Annotated[float, typer.Option(min=0.001, max=1_000, help="Wall time of metering, at least.")] = 1,
    consoles: Annotated[int, typer.Option(min=1, max=10_000, help="Consoles of the sandbox.")] = 200,
    pause: Annotated[
        int, typer.Option(min=2, max=86_400, help="Seconds between two changes of a cluster, on average.")
    ] = 240,
    faults: Annotated[float, typer.Option(min=0, max=0.9, help="Share of the calls that go wrong.")] = 1 / 3,
    *,
    in_process: Annotated[bool, typer.Option("--in-process", help="Without Airflow, which is quick.")] = False,
    every: Annotated[
        int | None, typer.Option(min=2, max=86_400, help="With --in-process: seconds between two rounds of polls.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack up, to look into it.")] = False,
) -> None:
    """Meter a sandbox whose clusters change all the time, and compare our hours with its truth; exit code 1 if off.

    Airflow meters, in a stack of its own that goes again. It goes on until the hour that is then under way has ended
    and is closed.
    """
    from include.local.soak import soak
    from include.local.soak_here import soak_here
    from include.local.soak_scene import Soak

    if hours != hours or faults != faults:  # noqa: PLR0124 (not a number is within every range)
        raise typer.BadParameter("--hours and --faults must be numbers.")
    if not in_process and every is not None:
        raise typer.BadParameter("Airflow's rounds come every five minutes. Leave --every out, or add --in-process.")
    wanted = Soak(hours * 3600, consoles, every or 300, pause, faults)
    soaked = soak_here(wanted, say) if in_process else soak(wanted, say, keep=keep)
    _report(soaked)
    if soaked.judgement.problems or not soaked.judgement.exact_intervals:
        raise typer.Exit(1)


def _report(soaked: SoakResult) -> None:
    found = soaked.judgement
    failed = {cause: count for cause, count in soaked.polls.most_common() if cause != "answered"}
    for line in soaked.work:
        say(f"{line}.")
    say(
        f"{soaked.rounds} rounds: {soaked.polls['answered']} polls answered, {sum(failed.values())} failed.\n"
        f"They failed as {failed}.\n"
        f"{found.intervals} intervals of instances, {found.exact_intervals} with at most one change.\n"
        f"{found.truth} AKU-seconds were used until the last answers; {found.metered} are metered.\n"
        f"{found.silences} silences longer than the tolerance.\n"
        f"What polling cannot know: {found.share:.3%} of what was used, in AKU-seconds:"
    )
    for kind, aku_seconds in found.unknowable.items():
        share = aku_seconds / found.truth if found.truth else 0
        say(f"  {kind}: {aku_seconds} ({share:.3%}), at most {found.longest[kind]} s of one interval")
    for problem in found.problems[:_SHOWN]:
        say(f"OFF {problem}", "red")
    said = f"{len(found.problems)} problems." if found.problems else "Difference 0 in every interval that can be known."
    say(said)
