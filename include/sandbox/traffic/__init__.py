"""Real traffic as the size that a Kafka cluster would have had.

The files beside this (README.md, LICENSE.txt) are two weeks in five-minute steps, full of short bursts. The load of a
step is the mean of the hour before it, scaled to MiB/s; one AKU writes 30 MiB/s, and three is the least. A cluster is
resized when the load has asked for another size for half an hour.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

STEP_SECONDS = 300
MIB_PER_SECOND_AND_AKU = 30
MIN_AKU, MAX_AKU = 3, 500
PATIENCE = 6
_FOLDER = Path(__file__).parent
_BUSY = 0.99
_HOUR = 12


def names() -> list[str]:
    """The files there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.csv"))


@lru_cache
def sizes(name: str, peak_mib_per_second: float) -> tuple[int, ...]:
    """The AKU that each step of a file asks for.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if name not in names():
        raise FileNotFoundError(name)
    with (_FOLDER / f"{name}.csv").open(newline="") as file:
        values = [float(row["value"]) for row in csv.DictReader(file)]
    loads = [sum(values[max(0, step - _HOUR + 1) : step + 1]) / min(step + 1, _HOUR) for step in range(len(values))]
    busy = sorted(loads)[int(_BUSY * (len(loads) - 1))]
    akus = (-(-load * peak_mib_per_second // (busy * MIB_PER_SECOND_AND_AKU)) for load in loads)
    return tuple(min(MAX_AKU, max(MIN_AKU, int(aku))) for aku in akus)


def resizes(asked: tuple[int, ...], offset: int, steps: int) -> list[tuple[int, int]]:
    """Sizes over so many steps of a load that repeats: (step, AKU) at the beginning and at each change."""
    first = max(asked[(offset + n) % len(asked)] for n in range(PATIENCE))
    changes = [(0, first)]
    for step in range(PATIENCE, steps):
        recent = [asked[(offset + step - n) % len(asked)] for n in range(PATIENCE)]
        current = changes[-1][1]
        settled = step - changes[-1][0] >= PATIENCE
        if settled and (min(recent) > current or max(recent) < current):
            changes.append((step, max(recent)))
    return changes
