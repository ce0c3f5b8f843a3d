"""The end of a subscription: from when on it is not metered and not billed any more, who said so, and why.

One instant says all of it (`core.subscriptions.ended_at`), and the database follows when it is stored: its console is
not asked any more, hours at and after the end are due again (routine metering.follow_ends), bills are made up to it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.errors import ConflictError, InvalidInputError
from include.domain.form_fields import read_instant
from include.domain.periods import time_zone
from include.domain.words.filling import fill
from include.warehouse.engine import USAGE, locked, statement

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Row

REASON_LENGTH = (10, 500)


class Released(NamedTuple):
    """What became of an end.

    Attributes:
        ended_at: UTC, in whole seconds; exclusive.
        is_new: whether it was entered this time.
        due_hours: hours of the environment that wait to be closed, again or at all.
        issued_bills: ids of issued bills of periods that reach over the end, oldest first.
    """

    subscription_id: str
    ended_at: datetime
    is_new: bool
    due_hours: int
    issued_bills: list[str]

    def describe(self, zone: str) -> str:
        """The same in words, with what comes next; the end as the time of that zone, too."""
        again = "" if self.is_new else " already: nothing was done again"
        local = f"{self.ended_at.astimezone(time_zone(zone)):%Y-%m-%d %H:%M:%S} {zone}"
        said = [f"Subscription {self.subscription_id} ended at {_plain(self.ended_at)} ({local}){again}."]
        if self.due_hours:
            said.append(f"{self.due_hours} hour(s) are due; the next run of aku_metering closes them.")
        if self.issued_bills:
            said.append(
                f"Issued bills reach over the end ({', '.join(self.issued_bills)}). Once the hours are closed, correct "
                "each with a note (cause late_usage)."
            )
        return " ".join(said)


def release_subscription(  # noqa: PLR0917 (a person's four words, as other doors have them)
    warehouse: Engine, subscription_id: str, ended_at: datetime, by: str | None, reason: str | None, at: datetime
) -> Released:
    """End the subscription; the same end again changes nothing, another one corrects it.

    Its licence is not renewed, terms that would start at or after the end and are on no issued bill are taken away, and
    its console is not asked any more. An end within an issued bill is accepted: what differs is late usage of it.

    Args:
        warehouse: where the subscription is.
        subscription_id: its public id.
        ended_at: the first instant that does not count, with an offset; cut to the second.
        by: the person who ends it.
        reason: why, 10 to 500 characters.
        at: logical time of the run.

    Raises:
        InvalidInputError: when the subscription is not known, the end lies before its start or after `at`, or the
            person or the reason is missing.
        ConflictError: when its onboarding is not done.
    """
    facts = {"by": _read_person(by), "reason": _read_reason(reason), "at": at}
    said = fill("{reason} (entered by {by} at {at:time})", facts)
    with warehouse.begin() as connection:
        return end_subscription(connection, subscription_id, ended_at, said, at)


def end_subscription(
    connection: Connection, subscription_id: str, ended_at: datetime, said: str, at: datetime
) -> Released:
    """The same within the caller's transaction, for a reason that already says who ended it."""
    end = _read_end(ended_at, at)
    # Never while bills are made, which are made of one end or of the other.
    with locked(connection, *USAGE):
        row = _find(connection, subscription_id)
        _refuse(row, end)
        is_new = row.state != "released" or row.ended_at != end
        if is_new:
            stored = {"subscription_key": row.subscription_key, "ended_at": end}
            connection.execute(statement("onboarding/release/release_subscription"), stored | {"reason": said})
            connection.execute(statement("onboarding/release/stop_renewal"), stored)
            connection.execute(statement("onboarding/release/delete_renewed_terms"), stored)
        left = connection.execute(
            statement("onboarding/release/summarize"), {"subscription_key": row.subscription_key, "ended_at": end}
        ).one()
        return Released(row.subscription_id, end, is_new, left.due_hours, list(left.issued_bills))


def read_end(text: str | None, zone: str) -> datetime:
    """The end that a form or a command line gives: a day and time of the zone, or an instant with an offset.

    Raises:
        InvalidInputError: when it is missing, or is neither.
    """
    end = read_instant(text, "End", zone)
    if end is None:
        raise InvalidInputError("End", text, "is missing", f"Give a day and time of {zone}, like 2026-10-20 15:30.")
    return end


def _find(connection: Connection, subscription_id: str) -> Row[Any]:
    row = connection.execute(
        statement("onboarding/release/find_subscription"), {"subscription_id": subscription_id}
    ).one_or_none()
    if row is None:
        raise InvalidInputError(
            "Subscription", subscription_id, "is not known", "Take the id from the page of environments, like sub-…."
        )
    return row


def _refuse(row: Row[Any], end: datetime) -> None:
    if row.state not in ("active", "released"):
        raise ConflictError(
            f"Subscription {row.subscription_id} is {row.state}, and only an active one can end. Finish its onboarding "
            "first; one that failed costs nothing."
        )
    if end < row.started_at:
        raise InvalidInputError(
            "End", _plain(end), f"is before the subscription's start, {_plain(row.started_at)}", "Give a later instant."
        )


def _read_end(ended_at: datetime, at: datetime) -> datetime:
    if ended_at.tzinfo is None:
        raise InvalidInputError(
            "End", ended_at.isoformat(), "has no time zone", "Write it like 2026-10-20T00:00:00+08:00."
        )
    end = ended_at.astimezone(UTC).replace(microsecond=0)
    if end > at:
        raise InvalidInputError(
            "End", _plain(end), f"has not come yet: it is {_plain(at)}", "End the subscription then."
        )
    return end


def _read_person(by: str | None) -> str:
    person = (by or "").strip()
    if not person:
        raise InvalidInputError(
            "Person", by, "is missing", "A subscription is ended by a person: log in and try again."
        )
    return person


def _read_reason(reason: str | None) -> str:
    plain = " ".join((reason or "").split())
    shortest, longest = REASON_LENGTH
    if not shortest <= len(plain) <= longest or not plain.isprintable():
        rule = f"has {len(plain)} characters, not {shortest} to {longest} that everybody sees"
        raise InvalidInputError("Reason", plain[:60], rule, "Write why it ended, for anyone who asks a year from now.")
    return plain


def _plain(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
