"""What the tasks of metering_push do, with Airflow's connections."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from include.catalog.loader import catalog_products, load_channel
from include.domain.errors import AkubillError, ConfigurationError, ConflictError
from include.orchestration import connections, work
from include.orchestration.senders import open_sender

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.marketplace.push.deliver import Pushed
    from include.marketplace.push.ledger import MeteredItem

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

    channel, items = load_channel(name), _items(name)
    clock = Clock(lambda: datetime.now(UTC))
    if channel.last_hour == "at_once":
        _close_last_hours(items)
    pushed = push_due(
        connections.warehouse(),
        channel,
        items,
        lambda: open_sender(name),
        clock,
        ends_at=ends_at,
        is_dry_run=is_dry_run,
    )
    if pushed.stopped:
        log.warning("No more calls to %s: %s", name, pushed.stopped)
    return pushed


def _close_last_hours(items: list[MeteredItem]) -> None:
    """Have the hours known in which subscriptions have just ended. Where that fails, all others are still reported."""
    from include.metering.hours.close import close_last_hours

    try:
        close_last_hours(connections.warehouse(), [item.product for item in items], datetime.now(UTC))
    except AkubillError as error:
        log.warning("Last hours could not be closed: %s", error)


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


def add_up() -> dict[str, int]:
    """Add up where usage went since it was added up last: days of subscriptions, and bills."""
    from include.marketplace.push.adding_up import add_up as add

    begun = datetime.now(UTC)
    return add(connections.warehouse(), begun, lambda: datetime.now(UTC) > begun + RUN_TIME)._asdict()


def enter_earlier() -> dict[str, int]:
    """Enter usage that became known late, of what marketplaces measure themselves; how many records, by channel."""
    from include.marketplace.push.deliver import enter_earlier as enter

    warehouse, now = connections.warehouse(), datetime.now(UTC)
    return {name: enter(warehouse, load_channel(name), _items(name), now) for name in channels()}


def resolve_unknown() -> dict[str, int]:
    """Settle unknown records by asking, where a marketplace can be asked, and by the buyers' bills.

    Yields how many records got each outcome.

    Raises:
        ConfigurationError: when a bill could not be read, or a marketplace did not answer; all else is settled then.
    """
    from include.alibaba.bss import Bss
    from include.marketplace.push.resolve import resolve_by_bills

    warehouse, at = connections.warehouse(), work.run_instant()
    asked, unanswered = _ask()
    resolved = resolve_by_bills(warehouse, "alibaba-china", at, lambda account: Bss(connections.buyer_access(account)))
    if resolved.failures:
        why = " ".join(f"Buyer {account}: {reason}" for account, reason in sorted(resolved.failures.items()))
        raise ConfigurationError(f"{len(resolved.failures)} bills could not be read. {why}")
    if unanswered:
        raise ConfigurationError(" ".join(unanswered))
    return dict(resolved.outcomes + asked)


def _ask() -> tuple[Counter[str], list[str]]:
    """How many records got each outcome by asking, and what was not answered, in words."""
    from include.marketplace.push.asking import resolve_by_asking

    outcomes: Counter[str] = Counter()
    unanswered = []
    for channel in map(load_channel, channels()):
        if not channel.can_be_asked:
            continue
        opens, ends_at = partial(open_sender, channel.name), datetime.now(UTC) + RUN_TIME
        try:
            asked = resolve_by_asking(connections.warehouse(), channel, opens, lambda: datetime.now(UTC), ends_at)
        except AkubillError as error:
            unanswered.append(f"{channel.title}: {error}")
            continue
        outcomes.update({outcome: len(record_keys) for outcome, record_keys in asked.outcomes.items()})
        unanswered += [f"{channel.title}: {asked.failure}"] if asked.failure else []
    return outcomes, unanswered


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
        return decide_channel(warehouse, form["channel"] or "", decision)
    return decide_records(warehouse, form["records"], decision)


def _items(channel: str) -> list[MeteredItem]:
    from include.marketplace.push.ledger import MeteredItem

    return [
        MeteredItem(
            product.name,
            product.product_code,
            item.dimension,
            item.key,
            item.measured_by == "Custom",
            item.quantity_unit_seconds,
        )
        for product in catalog_products()
        for item in product.metering_items
        if item.channel == channel
    ]
