"""What people do with the ledger: hold a channel, and settle records that no answer settles. Who and why is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.catalog.loader import load_channel
from include.domain.errors import ConflictError, InvalidInputError, NoUserError
from include.domain.form_fields import read_numbers, read_reason
from include.warehouse.engine import locked, statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row


class Decision(NamedTuple):
    """What a person decides.

    Attributes:
        name: one of `DECISIONS`.
        by: the person.
        reason: why.
        at: when.
    """

    name: str
    by: str | None
    reason: str | None
    at: datetime


class _Lever(NamedTuple):
    """What a decision about records makes of them.

    Attributes:
        of: the outcomes that it can be made about.
        outcome: what follows.
        reason: the record's, a key of `words.pushes.REASONS`.
    """

    of: tuple[str, ...]
    outcome: str
    reason: str


_LEVERS = {
    "send_again": _Lever(("unknown",), "pending", "sent_again"),
    "mark_accepted": _Lever(("unknown",), "accepted", "marked_accepted"),
    "mark_refused": _Lever(("unknown",), "refused", "marked_refused"),
    "write_off": _Lever(("unknown", "duplicate_different"), "missed", "written_off"),
}
#: All decisions, those of a channel first.
DECISIONS = ("hold", "release", *_LEVERS)


def decide_channel(warehouse: Engine, channel: str, decision: Decision) -> str:
    """Hold a channel, so that nothing is sent to it, or release it; says what was done.

    Raises:
        InvalidInputError: when the channel is not known, or the person or the reason is missing.
        ConflictError: when it is held already, or not held.
    """
    name = load_channel(channel).name
    decision = _checked(decision, "why the channel is held or released")
    with warehouse.begin() as connection, locked(connection, "marketplace", "decisions", name):
        last = connection.execute(statement("marketplace/push/find_hold"), {"channel": name}).first()
        is_held = last is not None and last.decision == "hold"
        if is_held == (decision.name == "hold"):
            raise ConflictError(f"Channel {name} is {'held already' if is_held else 'not held'}.")
        _record(connection, decision, name, None)
    return f"Channel {name} is {'held' if decision.name == 'hold' else 'released'}."


def decide_records(warehouse: Engine, records: str | None, decision: Decision) -> str:
    """Settle records of the ledger, all of them or none; says what was done.

    Args:
        warehouse: where the ledger is.
        records: their numbers, with commas or spaces.
        decision: send_again, mark_accepted, mark_refused or write_off.

    Raises:
        InvalidInputError: when a number is no record's, or the person or the reason is missing.
        ConflictError: when a record's outcome does not allow it, or it cannot be sent in time any more.
    """
    lever = _LEVERS[decision.name]
    decision = _checked(decision, "what you know of these records")
    keys = sorted(set(read_numbers(records, "Records")))
    if not keys:
        raise InvalidInputError("Records", None, "are missing", "Write their numbers, like 12, 13.")
    with warehouse.begin() as connection:
        found = connection.execute(statement("marketplace/push/lock_records"), {"record_keys": keys}).all()
        _check(decision, lever, keys, found)
        changed = {"record_keys": keys, "outcome": lever.outcome, "reason": lever.reason, "now": decision.at}
        connection.execute(statement("marketplace/push/decide_records"), changed)
        for row in found:
            _record(connection, decision, row.channel, row)
    count = f"{len(keys)} record{'' if len(keys) == 1 else 's'}"
    return f"{count}: {decision.name.replace('_', ' ')}."


def _check(decision: Decision, lever: _Lever, keys: Sequence[int], found: Sequence[Row[Any]]) -> None:
    known = {row.record_key for row in found}
    if missing := [key for key in keys if key not in known]:
        rule = "is no record of the ledger"
        raise InvalidInputError("Records", missing[0], rule, "Take the numbers from the message that named them.")
    for row in found:
        if row.outcome not in lever.of:
            allowed = " or ".join(outcome.replace("_", " ") for outcome in lever.of)
            what = decision.name.replace("_", " ")
            raise ConflictError(f"Record {row.record_key} is {row.outcome.replace('_', ' ')}; {what} is for {allowed}.")
        if lever.outcome == "pending" and row.cut_off <= decision.at:
            until = f"{row.cut_off:%Y-%m-%dT%H:%M:%SZ}"
            raise ConflictError(
                f"Record {row.record_key} could be sent until {until}. Mark it or write it off instead."
            )


def _record(connection: Connection, decision: Decision, channel: str, record: Row[Any] | None) -> None:
    facts = {
        "channel": channel,
        "record_key": record.record_key if record else None,
        "hour_start": record.hour_start if record else None,
        "decision": decision.name,
        "decided_by": decision.by,
        "reason": decision.reason,
        "now": decision.at,
    }
    connection.execute(statement("marketplace/push/insert_decision"), facts)


def _checked(decision: Decision, purpose: str) -> Decision:
    """The decision with its person and reason made plain."""
    person = (decision.by or "").strip()
    if not person:
        raise NoUserError
    return decision._replace(by=person, reason=read_reason(decision.reason, purpose))
