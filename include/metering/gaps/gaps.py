"""Gaps as work for people: who has to do something, since when, and the waiver by which a person closes one.

A waiver decides that the estimate is kept. It names its person, instant and reason, and it holds for what that person
saw: if a later closing finds the gap longer, the gap is open again (hours/close.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from include.domain.errors import ConflictError, InvalidInputError, NoUserError
from include.domain.form_fields import read_numbers
from include.domain.periods import Window, parse_instant
from include.domain.text import check_text
from include.domain.usage import REJECTIONS_SHOWN
from include.metering.hours.close import CLOSING
from include.warehouse.engine import locked, statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine, Row

REASON_LENGTH = (10, 500)
_NAMED_AT_MOST = 1000
_LARGEST_KEY = 2**63


class OpenGaps(NamedTuple):
    """One line of the summary: so many gaps or rejections of that cause, for operations or billing."""

    owned_by: str
    kind: str
    cause: str
    pieces: int
    oldest: timedelta

    def __str__(self) -> str:
        hours = int(self.oldest.total_seconds()) // 3600
        return f"{self.owned_by}: {self.pieces} {self.kind}(s) {self.cause}, the oldest {hours} h old"


@dataclass(frozen=True, slots=True)
class Waiver:
    """Which gaps are waived, by whom and why: named gaps, or those of one environment in a window.

    Raises:
        InvalidInputError: when it names both or neither, or the reason or the person is missing or too long.
    """

    reason: str
    by: str
    gap_keys: tuple[int, ...] = ()
    environment_id: str | None = None
    window: Window | None = None

    def __post_init__(self) -> None:
        reason = " ".join(self.reason.split())
        object.__setattr__(self, "reason", reason)
        shortest, longest = REASON_LENGTH
        if not shortest <= len(reason) <= longest:
            raise InvalidInputError(
                "Reason",
                reason[:60],
                f"has {len(reason)} characters, not {shortest} to {longest}",
                "Write why the gap may stay, so that somebody else understands it a year from now.",
            )
        check_text(reason, "Reason", longest)
        if not self.by.strip():
            raise NoUserError
        check_text(self.by, "Person")
        check_text(self.environment_id or "", "Environment")
        if bool(self.gap_keys) == (self.environment_id is not None):
            raise InvalidInputError(
                "Gaps",
                None,
                "are not named in exactly one way",
                "Give either gap numbers, or an environment with a window.",
            )
        if (self.environment_id is None) != (self.window is None):
            raise InvalidInputError(
                "Window",
                None if self.window is None else str(self.window),
                "does not go with an environment",
                "Give the environment, from and to, all three.",
            )
        if len(self.gap_keys) > _NAMED_AT_MOST:
            raise InvalidInputError(
                "Number of gaps",
                len(self.gap_keys),
                f"is more than {_NAMED_AT_MOST} at once",
                "Name an environment and a window.",
            )


class Waived(NamedTuple):
    """How many gaps a waiver waived, and how many seconds they last, added up."""

    gaps: int
    seconds: int


def read_waiver(
    *,
    reason: str | None,
    by: str | None,
    gap_keys: Sequence[int] | str | None = None,
    environment_id: str | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Waiver:
    """The waiver that a form or a command line asks for; empty fields are None. Gaps are numbers, or text with them.

    Raises:
        InvalidInputError: when something is missing or wrong, in words.
    """
    window = None
    if start or end:
        window = Window(parse_instant(start or "", "From"), parse_instant(end or "", "To"))
    numbers = read_numbers(gap_keys, "Gaps") if isinstance(gap_keys, str) else gap_keys or ()
    return Waiver(reason or "", by or "", tuple(sorted(set(numbers))), environment_id or None, window)


def waive_gaps(warehouse: Engine, waiver: Waiver, at: datetime) -> Waived:
    """Waive open gaps, all that the waiver names or none; the same waiver of the same person again changes nothing.

    Args:
        warehouse: where gaps are.
        waiver: who waives what, and why.
        at: logical time of the run.

    Raises:
        InvalidInputError: when a gap or an environment is unknown, or a gap reaches out of the window.
        ConflictError: when a gap is closed already, or none is open in the window.
    """
    # In turn with closings, which open, resolve and lengthen gaps.
    with warehouse.begin() as connection, locked(connection, *CLOSING):
        taken = _take_named(connection, waiver) if waiver.gap_keys else _take_window(connection, waiver)
        closed = [row for row in taken if row.state != "open" and not _is_ours(row, waiver)]
        if closed:
            raise ConflictError(_say_closed(closed))
        open_keys = [row.gap_key for row in taken if row.state == "open"]
        connection.execute(
            statement("metering/gaps/waive_gaps"),
            {"gap_keys": open_keys, "at": at, "closed_by": waiver.by, "reason": waiver.reason},
        )
    seconds = sum((row.gap_end - row.gap_start for row in taken), timedelta())
    return Waived(len(taken), int(seconds.total_seconds()))


def list_gaps(
    warehouse: Engine,
    at: datetime,
    *,
    state: str | None = "open",
    environment_id: str | None = None,
    at_most: int = 1000,
) -> Sequence[Row[tuple[object, ...]]]:
    """Gaps with owner and age, oldest first; columns as in sql/metering/gaps/list_gaps.sql."""
    facts = {"at": at, "state": state, "environment_id": environment_id, "at_most": at_most}
    with warehouse.connect() as connection:
        return connection.execute(statement("metering/gaps/list_gaps"), facts).all()


def summarize_gaps(warehouse: Engine, at: datetime) -> list[OpenGaps]:
    """What waits for people: open gaps, and the last week's rejections, by owner and cause."""
    with warehouse.connect() as connection:
        rows = connection.execute(
            statement("metering/gaps/summarize_gaps"), {"at": at, "rejected_since": at - REJECTIONS_SHOWN}
        ).all()
    return [
        OpenGaps(row.owned_by, row.kind, row.cause, row.piece_count, timedelta(seconds=row.oldest_seconds))
        for row in rows
    ]


def _take_named(connection: Connection, waiver: Waiver) -> Sequence[Row[tuple[object, ...]]]:
    # A number that no key can have is not known, and PostgreSQL would not compare it.
    possible = [key for key in waiver.gap_keys if 0 < key < _LARGEST_KEY]
    taken = connection.execute(statement("metering/gaps/lock_gaps_by_key"), {"gap_keys": possible}).all()
    unknown = sorted(set(waiver.gap_keys) - {row.gap_key for row in taken})
    if unknown:
        numbers = ", ".join(map(str, unknown))
        rule = f"is not known: there is no gap {numbers}"
        raise InvalidInputError("Gap", numbers, rule, "List the open ones with `akubill gaps list`.")
    return taken


def _take_window(connection: Connection, waiver: Waiver) -> Sequence[Row[tuple[object, ...]]]:
    environment_key = connection.execute(
        statement("metering/gaps/find_environment"), {"environment_id": waiver.environment_id}
    ).scalar_one_or_none()
    if environment_key is None:
        raise InvalidInputError(
            "Environment", waiver.environment_id, "is not known", "Take the id from `akubill gaps list`."
        )
    window = waiver.window
    assert window is not None  # noqa: S101 (a waiver with an environment has one)
    touching = connection.execute(
        statement("metering/gaps/lock_gaps_in_window"),
        {"environment_key": environment_key, "window_start": window.start, "window_end": window.end},
    ).all()
    # What was closed before is not this waiver's business: the window names what is open in it.
    taken = [row for row in touching if row.state == "open" or _is_ours(row, waiver)]
    if not taken:
        raise ConflictError(
            f"No gap of environment {waiver.environment_id} is open in {window}. List the open ones with "
            "`akubill gaps list`."
        )
    beyond = [row for row in taken if row.gap_start < window.start or row.gap_end > window.end]
    if beyond:
        reach = Window(min(row.gap_start for row in beyond), max(row.gap_end for row in beyond))
        raise InvalidInputError(
            "Window",
            str(window),
            f"cuts gap {', '.join(str(row.gap_key) for row in beyond)}, which reaches over {reach}",
            "A gap is waived whole: widen the window.",
        )
    return taken


def _is_ours(row: Row[tuple[object, ...]], waiver: Waiver) -> bool:
    """Whether this person waived it for this reason before, such as in an attempt that was cut off after its commit."""
    return row.state == "waived" and (row.closed_by, row.closed_reason) == (waiver.by, waiver.reason)


def _say_closed(closed: Sequence[Row[tuple[object, ...]]]) -> str:
    said = [
        f"Gap {row.gap_key} was {row.state}{f' by {row.closed_by}' if row.closed_by else ''} "
        f"at {row.closed_at:%Y-%m-%dT%H:%M:%SZ}."
        for row in closed
    ]
    return f"{' '.join(said)} Only open gaps can be waived, and nothing was: leave these out."
