"""What the local stack costs when nothing is asked of it: processor time and memory, with all DAGs on their schedules.

The bare side is the same stack with every DAG paused: Airflow, PostgreSQL and the sandbox alone. Processor time is what
the processes used themselves, so other work on the machine disturbs it little.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import psutil

from benchmarks.measuring import Ratio, cost
from include.local import processes
from include.local.state import ROOT
from include.local.temporary import temporary_stack
from include.warehouse import server
from tests.support.stack import airflow_of

if TYPE_CHECKING:
    from include.local.stack import Running

#: Seconds that each side is watched: five minutes have one round of everything that runs every five.
SIZES = {"full": 300, "small": 45}
_SETTLING_SECONDS = 20
_MEBIBYTE = 1024 * 1024


class Used(NamedTuple):
    """Processor seconds so far, of the processes that are there and of those that they have seen end; memory now."""

    seconds: float
    mebibytes: int


def run(size: str) -> list[Ratio]:
    seconds = SIZES[size]
    with temporary_stack() as running:
        time.sleep(_SETTLING_SECONDS)
        bare = _watch(running, seconds)
        api = airflow_of(running)
        for file in (ROOT / "dags").glob("*.py"):
            api.unpause(file.stem)
        time.sleep(_SETTLING_SECONDS)
        ours = _watch(running, seconds)
        runs = sum(len(api.runs(file.stem)) for file in (ROOT / "dags").glob("*.py"))
    note = (
        f"{ours.seconds / seconds:.0%} of a processor, {ours.mebibytes:,} MiB, {runs} runs; "
        f"paused {bare.seconds / seconds:.0%}, {bare.mebibytes:,} MiB"
    )
    return [cost(f"the idle stack, {seconds} seconds", ours.seconds, bare.seconds, "", note)]


def _watch(running: Running, seconds: float) -> Used:
    before = _used(running)
    time.sleep(seconds)
    after = _used(running)
    return Used(after.seconds - before.seconds, after.mebibytes)


def _used(running: Running) -> Used:
    family = list(processes.members(running.settings.stack_id))
    postmaster = server.postmaster(running.state.postgres.resolve())
    if postmaster is not None:
        family += [postmaster, *postmaster.children(recursive=True)]
    seconds = memory = 0.0
    for process in family:
        try:
            times, use = process.cpu_times(), process.memory_full_info()
        except psutil.Error:  # it has just ended; its parent has its time
            continue
        seconds += times.user + times.system + times.children_user + times.children_system
        memory += getattr(use, "pss", use.rss)
    return Used(seconds, int(memory / _MEBIBYTE))
