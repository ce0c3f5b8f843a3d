"""What the tasks of metering_push do, with Airflow's connections."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.catalog.loader import catalog_products, load_channel
from include.domain.errors import ConfigurationError, ConflictError
from include.orchestration import connections, work

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import Context

    from include.marketplace.push.deliver import Pushed
    from include.marketplace.push.ledger import MeteredItem
    from include.marketplace.push.senders import Sender

log = logging.getLogger(__name__)
#: Operators are notified of a record within this time, if at all.
_NEWS = timedelta(days=7)
_TITLE = "Usage that a marketplace may not charge"
#: A run begins no request after this, so that it ends before the next one.
RUN_TIME = timedelta(minutes=4)
_NAMED_AT_MOST = 20


def channels() -> list[str]:
    """The channels that charge something of a product of the catalogue."""
    return sorted({item.channel for product in catalog_products() for item in product.metering_items})


def push_channel(name: str, ends_at: datetime, *, is_dry_run: bool = False) -> Pushed:
    """Report to a channel what is due, by the real time.

    Raises:
        InvalidInputError: when there is no such channel.
        RetriableError: when another run is at work on it.
    """
    from include.marketplace.push.deliver import Clock, push_due

    channel = load_channel(name)
    clock = Clock(lambda: datetime.now(UTC))
    pushed = push_due(
        connections.warehouse(),
        channel,
        _items(name),
        lambda: _open_sender(name),
        clock,
        ends_at=ends_at,
        is_dry_run=is_dry_run,
    )
    if pushed.stopped:
        log.warning("No more calls to %s: %s", name, pushed.stopped)
    return pushed


def notify_of_open_points(found: list[list[str]], context: Context) -> int:
    """Notify operators of each record that needs a person once; fail where this run found some.

    Args:
        found: what each channel's run found, in words.
        context: of the task.

    Raises:
        ConflictError: with what was found, so that the run shows that a person has something to do.
    """
    from include.marketplace.push.open_points import list_differences, list_open_points, list_unreported
    from include.operations.notifications import Notification
    from include.orchestration.notifications import send_notifications

    warehouse, at = connections.warehouse(), work.run_instant()
    since = at - _NEWS
    open_points = [*list_open_points(warehouse, since, at), *list_differences(warehouse, since)]
    for channel in channels():
        pushed = [item.product for item in _items(channel) if item.is_pushed]
        open_points += list_unreported(warehouse, channel, pushed, since, at) if pushed else []
    unsent = [Notification(f"push/{point.key}", point.sentence) for point in open_points]
    sent = send_notifications(warehouse, _TITLE, unsent, at, context)
    points = [sentence for each in found for sentence in each]
    if points:
        more = f"\n… and {len(points) - _NAMED_AT_MOST} more." if len(points) > _NAMED_AT_MOST else ""
        raise ConflictError(f"{len(points)} records need a person:\n" + "\n".join(points[:_NAMED_AT_MOST]) + more)
    return sent


def resolve_unknown() -> dict[str, int]:
    """Settle unknown records by the buyers' bills; yields how many records got each outcome.

    Raises:
        ConfigurationError: when a bill could not be read; what others say is settled then.
    """
    from include.alibaba.bss import Bss
    from include.marketplace.push.resolve import resolve_by_bills

    warehouse, at = connections.warehouse(), work.run_instant()
    resolved = resolve_by_bills(warehouse, "alibaba-china", at, lambda account: Bss(connections.buyer_access(account)))
    if resolved.failures:
        why = " ".join(f"Buyer {account}: {reason}" for account, reason in sorted(resolved.failures.items()))
        raise ConfigurationError(f"{len(resolved.failures)} bills could not be read. {why}")
    return dict(resolved.outcomes)


def decide_of_run() -> str:
    """Do what the run's form says, in the name of the Airflow user who triggered it; says what was done.

    Raises:
        InvalidInputError: when the form is wrong, or the run has no triggering user.
        ConflictError: when a record's outcome does not allow it.
    """
    from include.marketplace.push.decisions import Decision, decide_channel, decide_records

    form, user = work.form(), work.triggering_user()
    warehouse = connections.warehouse()
    decision = Decision(form["decision"], user, form["reason"], work.database_instant(warehouse))
    if decision.name in {"hold", "release"}:
        done = decide_channel(warehouse, form["channel"] or "", decision)
    else:
        done = decide_records(warehouse, form["records"], decision)
    log.info("%s", done)
    return done


def _items(channel: str) -> list[MeteredItem]:
    from include.marketplace.push.ledger import MeteredItem

    return [
        MeteredItem(product.name, product.product_code, item.dimension, item.key, item.measured_by == "Custom")
        for product in catalog_products()
        for item in product.metering_items
        if item.channel == channel
    ]


def _alibaba_china() -> Sender:
    from include.marketplace.push.alibaba_china import AlibabaChina

    return AlibabaChina(connections.vendor_access())


#: Channel → what opens the way to its marketplace.
_SENDERS: dict[str, Callable[[], Sender]] = {"alibaba-china": _alibaba_china}


def _open_sender(channel: str) -> Sender:
    if channel not in _SENDERS:
        raise ConfigurationError(
            f"Nothing can be sent to {channel}: it has no sender in {__name__.replace('.', '/')}.py."
        )
    return _SENDERS[channel]()
