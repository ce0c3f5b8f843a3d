"""What people do with events: enter one that never came, and have a parked one tried again. Who and why is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from include.domain.errors import ConflictError, InvalidInputError, NoUserError
from include.domain.form_fields import read_reason
from include.domain.marketplace.callbacks import TOKEN, read_callback
from include.domain.marketplace.events import named_instance
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine


def enter_event(warehouse: Engine, query: str, by: str | None, reason: str | None) -> int:
    """Enter an event by hand, as a query like that of a callback; a token in it is ignored. Returns its key.

    Raises:
        InvalidInputError: when the query cannot be read, names no action or no subscription, or the person or the
            reason is missing.
    """
    person, why = _person(by), read_reason(reason, "why the event is entered by hand")
    parameters = {
        name: value
        for name, value in read_callback(query.strip().removeprefix("?")).parameters.items()
        if name != TOKEN
    }
    if not parameters.get("action"):
        raise InvalidInputError("Event", query[:60], "names no action", "Begin with action=renewInstance, for example.")
    if not named_instance(parameters):
        raise InvalidInputError(
            "Event",
            query[:60],
            "names no subscription",
            "Give its instanceId; for createInstance, the order's orderBizId.",
        )
    facts = {
        "action": parameters["action"],
        "query": urlencode(parameters),
        "parameters": json.dumps(parameters),
        "instance_id": named_instance(parameters),
    }
    with warehouse.begin() as connection:
        key: int = connection.execute(statement("marketplace/inbox/enter_event"), facts).scalar_one()
        decision = {"event_key": key, "decision": "entered", "by": person, "reason": why}
        connection.execute(statement("marketplace/inbox/record_decision"), decision)
    return key


def replay_event(warehouse: Engine, event_key: int, by: str | None, reason: str | None) -> str:
    """Have a parked event tried again; says which.

    Raises:
        InvalidInputError: when there is no such event, or the person or the reason is missing.
        ConflictError: when it is not parked.
    """
    person, why = _person(by), read_reason(reason, "why the event is tried again")
    with warehouse.begin() as connection:
        event = connection.execute(statement("marketplace/inbox/find_event"), {"event_key": event_key}).one_or_none()
        if event is None:
            remedy = "Take the number from the message that named the event."
            raise InvalidInputError("Event", event_key, "is not in the inbox", remedy)
        if event.state != "parked":
            raise ConflictError(f"Event {event_key} is {event.state}, and only a parked one can be tried again.")
        connection.execute(statement("marketplace/inbox/replay_event"), {"event_key": event_key})
        decision = {"event_key": event_key, "decision": "replayed", "by": person, "reason": why}
        connection.execute(statement("marketplace/inbox/record_decision"), decision)
    return f"Event {event_key} ({event.action} of {event.instance_id or 'no subscription'}) is tried again."


def _person(by: str | None) -> str:
    person = (by or "").strip()
    if not person:
        raise NoUserError
    return person
