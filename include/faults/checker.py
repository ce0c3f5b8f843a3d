"""Judges a history against what the other side has: what was lost, unexpected, duplicated or recovered.

It shares no code with the product, and knows only JSON lines and plain lists. An element that was acknowledged has to
be there, once; one whose operation failed must not be there; where it is not known, either is right.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Checked(NamedTuple):
    """What became of one kind of operation; elements as they are in the history.

    Attributes:
        acknowledged: how many elements were acknowledged.
        unknown: how many were not known to have been taken, or refused.
        lost: acknowledged, and not there.
        unexpected: there, and never asked for, or known to have failed.
        duplicated: there more than once.
        recovered: not known, and there.
    """

    acknowledged: int
    unknown: int
    lost: list[str]
    unexpected: list[str]
    duplicated: list[str]
    recovered: list[str]

    def problems(self, operation: str) -> list[str]:
        """What must not be."""
        return [
            f"{operation} of {element} is {how}"
            for how in ("lost", "unexpected", "duplicated")
            for element in getattr(self, how)
        ]

    def counts(self) -> dict[str, int]:
        """How many elements became what."""
        kinds = ("lost", "unexpected", "duplicated", "recovered")
        more = {kind: len(getattr(self, kind)) for kind in kinds}
        return {"acknowledged": self.acknowledged, "unknown": self.unknown, **more}


def check(history: Iterable[str], operation: str, there: Iterable[Any]) -> Checked:
    """Judge one kind of operation.

    Args:
        history: JSON lines of invoke, ok, fail and info.
        operation: which.
        there: what the other side has; an element as often as it has it.
    """
    begun: dict[str, list[str]] = {}
    known: dict[str, set[str]] = {"ok": set(), "fail": set(), "info": set()}
    for line in history:
        entry = json.loads(line)
        if entry["f"] != operation:
            continue
        process = entry["process"]
        if entry["type"] == "invoke":
            begun[process] = [_element(each) for each in entry["value"]]
            continue
        asked = begun.pop(process)
        if entry["type"] == "ok":
            # Of what was asked, its caller may have learned a part only.
            known["ok"].update(_element(each) for each in entry["value"])
            known["info"].update(asked)
        else:
            known[entry["type"]].update(asked)
    for elements in begun.values():
        known["info"].update(elements)
    has = Counter(_element(each) for each in there)
    unknown = known["info"] - known["ok"]
    return Checked(
        len(known["ok"]),
        len(unknown),
        lost=sorted(known["ok"] - set(has)),
        unexpected=sorted(set(has) - known["ok"] - known["info"]),
        duplicated=sorted(element for element, count in has.items() if count > 1),
        recovered=sorted(unknown & set(has)),
    )


def _element(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
