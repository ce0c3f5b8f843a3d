"""Tells a warehouse that cannot be reached from one that answered, and said no to what it was given."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

#: SQLSTATE of what a server says when it accepts no session or ends one: connection exceptions and failed logins as
#: classes, and shutting down, starting, too many sessions, an unknown database one by one.
_CLASSES = ("08", "28")
_STATES = frozenset({"57P01", "57P02", "57P03", "57P04", "57P05", "53300", "3D000"})


#: SQLSTATE of what may pass when the same is tried again: serialization failures, deadlocks and lock timeouts.
_PASSING = frozenset({"40001", "40P01", "55P03"})


def may_pass(error: BaseException) -> bool:
    """Whether the database took this transaction back only because of others at work beside it."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _PASSING


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
    return (str(error.orig).strip().splitlines() or ["no reason given"])[0].rstrip(".") if is_outage else None
