"""Tells a warehouse that cannot be reached, or was busy, from one that answered and said no to what it was given."""

from __future__ import annotations

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError

#: SQLSTATE of what a server says when it accepts no session or ends one: connection exceptions and failed logins as
#: classes, and shutting down, starting, too many sessions, an unknown database one by one.
_CLASSES = ("08", "28")
_STATES = frozenset({"57P01", "57P02", "57P03", "57P04", "57P05", "53300", "3D000"})


#: SQLSTATE of what may pass when the same is tried again: serialization failures, deadlocks and lock timeouts.
_PASSING = frozenset({"40001", "40P01", "55P03"})


#: SQLSTATE classes of an answer that would be the same again: a feature that is missing, a value that does not fit or
#: breaks a constraint, a statement that the schema or the role does not allow, something that is too large.
_LASTING = ("0A", "22", "23", "42", "54")
#: Of these, what may only mean that somebody else was faster.
_RACES = frozenset({"23505", "23P01"})
#: What the statement names is not there, or the role may not have it: the schema is older than this program.
_SCHEMA = frozenset({"42501", "42P01", "42703", "42883", "3F000"})


def may_pass(error: BaseException) -> bool:
    """Whether the database took this transaction back only because of others at work beside it."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _PASSING


def is_refusal(error: BaseException) -> bool:
    """Whether the database refused what it was given, and would refuse it again."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, DataError)  # the driver refuses a value before the server sees it
    return state in _SCHEMA or (state.startswith(_LASTING) and state not in _RACES)


def refusal_reason(error: BaseException) -> str | None:
    """What the database says of an input or a schema that do not fit, and what to do; None for any other error."""
    if not isinstance(error, DBAPIError) or not is_refusal(error):
        return None
    said, state = _first_line(error), getattr(error.orig, "sqlstate", None) or "22000"
    if state in _SCHEMA:
        return f"The warehouse's schema does not fit this program: {said}. Run `akubill warehouse migrate`."
    if state.startswith(("22", "23", "54")):
        return f"The warehouse refused a value: {said}. Correct what was given; trying again would not help."
    return None  # a fault of a statement, which its traceback shows


def outage_reason(error: BaseException) -> str | None:
    """The first line of what the driver says, where no session could be had or it broke; None for any other error.

    PostgreSQL's operational errors are more than outages: a full disk, too many locks, a statement that took too long.
    """
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        # The driver itself: nothing answered, or the session broke. A value that it refuses is another class of error.
        is_outage = isinstance(error, OperationalError) or (
            isinstance(error, InterfaceError) and error.connection_invalidated
        )
    else:
        is_outage = state in _STATES or state.startswith(_CLASSES)
    return _first_line(error) if is_outage else None


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip().splitlines() or ["no reason given"])[0].rstrip(".")
