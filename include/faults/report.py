"""Adds up simulated months: which point had which outcome, and the report of what was proved, and how."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from include.faults.plan import ANSWER, CALL, COMMIT, DONE, outcomes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from include.faults.pairs import Pairs
    from include.faults.run import Result

NEVER_TWICE = "nothing is lost, duplicated or unexpected"
SAME_ROWS = "what is stored is what a month without faults stores"
RECOVERS = "it is done again, and every state at the end is final"
CHECKER = "checker: history against the book"
ACCOUNTANT = "accountant: truth, usage, lines, the bills of a month without faults"
LIVENESS = "liveness: states once nothing changes any more"
#: Fault (kind of point, outcome) → what holds all the same, and who says so.
_GUARANTEES = (
    ("commit", "died before", SAME_ROWS, ACCOUNTANT),
    ("commit", "died after", SAME_ROWS, ACCOUNTANT),
    ("call", "refused", RECOVERS, LIVENESS),
    ("call", "failed", RECOVERS, LIVENESS),
    ("call", "died before", NEVER_TWICE, CHECKER),
    ("call", "answer lost", NEVER_TWICE, CHECKER),
    ("call", "died after", NEVER_TWICE, CHECKER),
    ("answer", "answer lost", "each event of the Marketplace has its effect once", CHECKER),
)


_HEAD = """\
# Faults

`make faults` writes this page (`akubill faults run --report`). Each seed is a simulated month in one process: an order
from the Marketplace, onboarding, polls of an instance that is resized, hours, pushes, callbacks, two bills, late usage
and its correction, reconciliation, release. It runs on a logical clock and an embedded PostgreSQL, with the sandbox in
the same process. The seed decides which task runs next, what runs twice at once, what fails and where a task dies. A
point that no seed hit with one of its outcomes gets a month of its own.

The same seed gives the same bytes: `akubill faults run --seed N --format json`. A seed that fails becomes a file in
`tests/faults/regressions/`, with its reason.

{figures}

## What went wrong, what held, and how it is proved

| fault | times | guarantee | how it is proved |
|---|---|---|---|"""


#: Where the part of real processes begins, which another run writes.
_SECOND = "\n## Faults in real processes\n"


def put_in(path: Path, part: str) -> None:
    """Write one of the two parts of the page, and leave the other as it is."""
    first, mark, second = path.read_text(encoding="utf-8").partition(_SECOND)
    is_second = part.startswith(_SECOND.lstrip())
    path.write_text(f"{first}\n{part}" if is_second else f"{part}{mark}{second}", encoding="utf-8")


class Totals:
    """What many scenarios come to; `first` is the seed that first came to a point, 0 where none was needed."""

    def __init__(self) -> None:
        self.scenarios = 0
        self.faults = 0
        self.repeated = 0
        self.failed: list[tuple[str, list[str]]] = []
        self.operations: Counter[tuple[str, str]] = Counter()
        self.passed: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.pairs: list[Pairs] = []
        self.first: dict[str, int] = {}

    def add(self, name: str, result: Result) -> None:
        """Add a scenario."""
        self.scenarios += 1
        self.faults += len(result.faults)
        self.repeated += result.repeated
        for point, counts in result.passed.items():
            self.passed[point].update(counts)
            self.first.setdefault(point, result.seed)
        for operation, checked in result.checked.items():
            for kind, count in checked.counts().items():
                self.operations[operation, kind] += count
        if result.problems:
            self.failed.append((name, result.problems))

    def missing(self) -> list[tuple[str, str]]:
        """Points with the outcomes that they never had."""
        return [
            (point, outcome)
            for point in sorted(self.passed)
            for outcome in outcomes_of(point)
            if not self.passed[point][outcome]
        ]

    def page(self, figures: str) -> str:
        """The page docs/reference/faults.md."""
        return "\n".join(self._lines(figures)) + "\n"

    def _lines(self, figures: str) -> Iterator[str]:
        yield from _HEAD.format(figures=figures).splitlines()
        for kind, outcome, guarantee, proof in _GUARANTEES:
            times = sum(counts[outcome] for point, counts in self.passed.items() if point.startswith(f"{kind} "))
            yield f"| {_said(kind)}: {outcome} | {times} | {guarantee} | {proof} |"
        yield f"| a task that is run twice at once | {self.repeated} | {SAME_ROWS} | {ACCOUNTANT} |"
        for pairs in self.pairs:
            orders = f"two attempts of `{pairs.task}` at once, in every order | {pairs.orders} orders"
            yield f"| {orders} | they leave what one attempt leaves | usage, bills, ledger and book compared |"
        yield from ("", "## What the checker found", "")
        yield from lines_of_checker(self.operations)
        yield from ("", "## Points", "", "How often each had each outcome; a dash where it cannot have it.", "")
        outcomes = [DONE, *dict.fromkeys([*COMMIT[1:], *CALL[1:], *ANSWER[1:]])]
        yield f"| point | {' | '.join(outcomes)} |"
        yield f"|---|{'---|' * len(outcomes)}"
        for point, counts in sorted(self.passed.items()):
            cells = (str(counts[each]) if each in outcomes_of(point) else "–" for each in outcomes)
            yield f"| {point} | {' | '.join(cells)} |"


def lines_of_checker(operations: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """The table of what the checker found, from its counts by operation and kind."""
    yield "| operation | acknowledged | not known | recovered | lost | unexpected | duplicated |"
    yield "|---|---|---|---|---|---|---|"
    for operation in sorted({name for name, _ in operations}):
        kinds = ("acknowledged", "unknown", "recovered", "lost", "unexpected", "duplicated")
        yield f"| {operation} | {' | '.join(str(operations[operation, kind]) for kind in kinds)} |"


def _said(kind: str) -> str:
    return {"commit": "end of a transaction", "call": "call to the outside", "answer": "answer to the outside"}[kind]
