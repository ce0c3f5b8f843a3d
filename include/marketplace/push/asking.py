"""Resolves records of which it is not known whether they arrived, by asking the marketplace, where it can be asked.

That it has a record is certain at once. That it does not is believed some minutes after the request only
(`absent_after_minutes`): until then the request may still be on its way.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from include.domain.errors import AkubillError
from include.marketplace.push.ledger import Ledger
from include.marketplace.push.senders import AskableSender
from include.warehouse.engine import alone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

    from include.domain.channels import Channel
    from include.marketplace.push.ledger import UnknownRecord
    from include.marketplace.push.senders import Found, Sender


class Asked(NamedTuple):
    """What came of it.

    Attributes:
        outcomes: which records got which outcome.
        failure: why the marketplace was not asked about all of them, in words.
    """

    outcomes: dict[str, list[int]]
    failure: str | None


def resolve_by_asking(
    warehouse: Engine,
    channel: Channel,
    open_sender: Callable[[], Sender],
    now: Callable[[], datetime],
    ends_at: datetime,
) -> Asked:
    """Ask a channel's marketplace about unknown records, outside a run that sends.

    Raises:
        AkubillError: when its access is missing, or another run is at work on the channel.
    """
    with alone(warehouse, ("marketplace", "push", channel.name)) as connection:
        return ask_about_unknown(Ledger(connection, channel), channel, open_sender(), now, ends_at)


def ask_about_unknown(
    ledger: Ledger, channel: Channel, sender: Sender, now: Callable[[], datetime], ends_at: datetime
) -> Asked:
    """Ask about each unknown record, the oldest hours first, until one question is not answered.

    Args:
        ledger: on the session that holds the channel's lock.
        channel: one that can be asked.
        sender: the way to its marketplace.
        now: the real time.
        ends_at: nothing is asked after this.
    """
    outcomes: dict[str, list[int]] = {}
    if not isinstance(sender, AskableSender):
        raise TypeError(f"Channel {channel.name} can be asked, and {type(sender).__name__} does not ask.")
    for unknown in ledger.unknown():
        at = now()
        if at > ends_at:
            return Asked(outcomes, "The run's time is over; the next one goes on.")
        try:
            found = sender.ask(unknown.record)
        except AkubillError as error:
            return Asked(outcomes, str(error))
        settled = _settled(found, unknown, channel, at)
        if settled is not None and ledger.settle_unknown(unknown.record.record_key, *settled, at):
            outcomes.setdefault(settled[0], []).append(unknown.record.record_key)
    return Asked(outcomes, None)


def _settled(found: Found, unknown: UnknownRecord, channel: Channel, at: datetime) -> tuple[str, str] | None:
    """The record's outcome and reason; None where it stays unknown."""
    if found == "there":
        return "accepted", "asked_there"
    if found == "different":
        return "duplicate_different", "duplicate_different"
    believed_at = unknown.begun_at + timedelta(minutes=channel.absent_after_minutes or 0)
    if found != "absent" or at < believed_at:
        return None
    return ("pending" if at < unknown.cut_off else "missed"), "asked_absent"
