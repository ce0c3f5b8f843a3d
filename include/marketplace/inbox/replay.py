"""What a file of callbacks makes of subscriptions, by the rules that the inbox applies, without a warehouse.

The file is JSON Lines, one callback a line, in order of arrival: `{"received_at": "…Z", "query": "action=…&token=…"}`.
A line that is no callback is named with its number, and the others go on. Deployments count as done at once, so the
id that we answer to createInstance is the recommended one, its orderBizId.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.catalog.text_files import parse_json_object, read_lines
from include.domain.errors import InvalidInputError
from include.domain.marketplace.callbacks import check_key, read_callback
from include.domain.marketplace.events import decide, named_instance
from include.domain.periods import parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from include.domain.marketplace.events import MarketplaceInstance

_REFUSED = "refused"
_SHAPE = 'Write {"received_at": "2026-10-01T00:00:00Z", "query": "action=…&token=…"}, one callback a line.'


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a file.

    Attributes:
        counts: how many events were received, and how many of them had each outcome.
        instances: by their id, as they are after the last event.
        notes: why events were refused or parked, by number of line.
        bad_lines: lines that are no callback, each in a sentence.
    """

    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("received", "accepted", "repeated", _REFUSED, "parked"), 0)
    )
    instances: dict[str, MarketplaceInstance] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    bad_lines: list[str] = field(default_factory=list)


def replay(file: Path, key: str) -> Replayed:
    """Apply the callbacks of a file to no subscriptions at all, in the order of its lines.

    Raises:
        InvalidInputError: when the key is no key, or the file is no text, or none of its lines is a callback.
    """
    check_key(key)
    replayed = Replayed()
    for number, line in read_lines(file):
        try:
            received_at, query = _read(parse_json_object(line))
        except ValueError as error:
            replayed.bad_lines.append(f"{file.name} line {number} {error}")
        else:
            _apply(replayed, number, received_at, query, key)
    if not replayed.counts["received"]:
        why = replayed.bad_lines[0].rstrip(".") if replayed.bad_lines else "it has no line"
        raise InvalidInputError("File", file.name, f"holds no callback: {why}", _SHAPE)
    return replayed


def _apply(replayed: Replayed, number: int, received_at: datetime, query: str, key: str) -> None:
    replayed.counts["received"] += 1
    try:
        callback = read_callback(query)
        if not callback.is_signed_with(key):
            raise InvalidInputError("Token", None, "is not the one that this key makes", "Check the key.")  # noqa: TRY301
    except InvalidInputError as error:
        replayed.counts[_REFUSED] += 1
        replayed.notes.append(f"line {number} is refused: {error}")
        return
    parameters = callback.parameters
    decision = decide(replayed.instances.get(named_instance(parameters)), parameters, received_at)
    replayed.counts[decision.outcome] += 1
    if decision.instance is not None:
        replayed.instances[decision.instance.marketplace_instance_id] = decision.instance
    if decision.sentence:
        replayed.notes.append(f"line {number} is parked: {decision.sentence}")


def _read(found: Mapping[str, object]) -> tuple[datetime, str]:
    """When the callback arrived, and its query.

    Raises:
        ValueError: in a clause, when it does not say both.
    """
    for name in ("received_at", "query"):
        if not isinstance(found.get(name), str):
            what = f"has no {name}" if found.get(name) is None else f"has a {name} that is not text"
            raise ValueError(what)  # noqa: TRY004 (one error for all that a line may lack)
    try:
        return parse_instant(found["received_at"]), str(found["query"])
    except InvalidInputError as error:
        raise ValueError(f"has received_at {str(error.value)[:60]!r}, which {error.rule}") from None
