"""The part of the report of faults that is about real processes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from include.faults.real.plan import (
    BACKFILLED,
    CLEARED,
    FAULTS,
    FULL,
    INSIDE,
    KILL,
    OUTSIDE,
    SECOND_SCHEDULER,
    TWICE,
)
from include.faults.real.proxy import CUT, DELAYED
from include.faults.report import (
    ACCOUNTANT,
    CHECKER,
    LIVENESS,
    NEVER_TWICE,
    RECOVERS,
    SAME_ROWS,
    lines_of_checker,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.faults.checker import Checked
    from include.faults.real.run import Result

_ONCE = "each event of the Marketplace has its effect once"
#: What holds all the same, by kind of fault, and who says so.
_GUARANTEES = {
    OUTSIDE: (NEVER_TWICE, CHECKER),
    INSIDE: (_ONCE, CHECKER),
    KILL: (RECOVERS, LIVENESS),
    SECOND_SCHEDULER: (NEVER_TWICE, CHECKER),
    CLEARED: (SAME_ROWS, ACCOUNTANT),
    TWICE: (NEVER_TWICE, CHECKER),
    BACKFILLED: (SAME_ROWS, ACCOUNTANT),
    FULL: (RECOVERS, LIVENESS),
}
_TEXT = """\
## Faults in real processes

`make faults LEVEL=2` writes this part (`akubill faults run --level 2 --report`). Each seed is a subscription on a local
stack: PostgreSQL, Airflow's scheduler, triggerer, DAG processor and API server, LocalExecutor's tasks, the server for
the Marketplace's callbacks, and the sandbox. A proxy is between the product and the sandbox, and one between the
Marketplace and the product. What dies is started again, as an init system does. The seed decides which faults there
are, in which step, and when; what they meet depends on the machine. `--format json` prints the plan, what took effect,
and the history. Three seeds are played at the same time, and what goes wrong for one goes wrong for all; `--seed N`
plays one alone.

In a scenario the buyer orders, a callback starts the onboarding, the usage until now is imported, the last full hour is
pushed, last month is billed, the subscription is renewed, upgraded and released. The one without faults stays, and is
polled and metered by the hour while the others are played. Whatever was judged is judged again after the next ones.

{figures}

| fault | times | guarantee | how it is proved |
|---|---|---|---|"""
_LEFT_OUT = """
Not in it: corrections and reconciliation, which a simulated month has; a clock that jumps, for which every process
would need another clock; a disk that is full for Airflow. A full disk is a limit on the size of PostgreSQL's files: a
file that may not grow gives it an error, as a full disk does."""


class Totals:
    """What scenarios come to."""

    def __init__(self) -> None:
        self.scenarios = 0
        self.injected: Counter[str] = Counter()
        self.failed: list[tuple[str, list[str]]] = []
        self.checked: dict[str, Checked] = {}

    def add(self, result: Result) -> None:
        """Add a scenario; what the checker says of it is of all scenarios so far."""
        self.scenarios += sum(seed > 0 for seed in result.seeds)
        self.injected.update(fault for fault, took_effect in result.injected if took_effect)
        self.checked = result.checked
        if result.problems:
            self.failed.append((result.name, result.problems))

    def part(self, figures: str) -> str:
        """The part of the page docs/reference/faults.md."""
        return "\n".join(self._lines(figures)) + "\n"

    def _lines(self, figures: str) -> Iterator[str]:
        yield from _TEXT.format(figures=figures).splitlines()
        for fault in FAULTS:
            way, _, what = fault.partition(": ")
            guarantee, proof = (RECOVERS, LIVENESS) if what in {CUT, DELAYED} else _GUARANTEES[way]
            yield f"| {fault} | {self.injected[fault]} | {guarantee} | {proof} |"
        operations = {
            (name, kind): count for name, each in self.checked.items() for kind, count in each.counts().items()
        }
        yield ""
        yield from lines_of_checker(operations)
        yield from _LEFT_OUT.splitlines()
