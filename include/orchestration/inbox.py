"""What the tasks of marketplace_inbox do, with Airflow's connections."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetWatcher

from include.domain.errors import AkubillError, ConflictError, FatalError
from include.orchestration import connections, work
from include.orchestration.inbox_trigger import InboxTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)
#: Rung when an event was stored. The events are in the inbox, so one that is lost is found by the next sweep.
INBOX = Asset(
    "marketplace inbox",
    uri="x-akubill://warehouse/marketplace/inbox",
    group="akubill",
    watchers=[AssetWatcher(name="marketplace_inbox", trigger=InboxTrigger())],
)
#: Operators are notified of a parked event within this time, if at all.
_NEWS = timedelta(days=7)
_TITLE = "Events of the Marketplace are parked"


def apply_inbox() -> dict[str, Any]:
    """Apply everything that waits; yields counts, and what cannot follow."""
    from include.marketplace.inbox.apply import apply_events
    from include.onboarding.following import follow_marketplace

    return apply_events(connections.warehouse(), follow_marketplace, work.run_instant())._asdict()


def orders_to_onboard(context: Context) -> list[dict[str, Any]]:
    """The runs of subscription_onboarding that are to be started: instance, run id and form of each.

    An order that cannot be onboarded yet is left for the next run, and the log says why. Where that takes a person, as
    when the buyer's access is missing, operators are notified once.
    """
    from include.marketplace.inbox.onboarding import list_orders_to_onboard, run_id_of
    from include.onboarding.marketplace_orders import request_of_order
    from include.operations.notifications import Notification
    from include.orchestration.notifications import send_notifications
    from include.orchestration.onboarding import market, services_for

    warehouse = connections.warehouse()
    runs, refused = [], []
    for order in list_orders_to_onboard(warehouse):
        try:
            form = request_of_order(market(), services_for, order.order_id, order.account_id)
        except AkubillError as error:
            said = f"Order {order.order_id} is not onboarded: {error}"
            log.warning("%s", said)
            if isinstance(error, FatalError):
                refused.append(Notification(f"marketplace_order/{order.order_id}", said))
            continue
        if form is not None:
            runs.append({"instance_id": order.instance_id, "run_id": run_id_of(order), "form": form})
    send_notifications(warehouse, "Orders of the Marketplace", refused, work.run_instant(), context)
    return runs


def record_onboarding(runs: list[dict[str, Any]]) -> int:
    """Remember which runs were started, so that none is started again; how many these are."""
    from include.marketplace.inbox.onboarding import record_onboarding as record

    for run in runs:
        record(connections.warehouse(), run["instance_id"], run["run_id"])
    return len(runs)


def notify_of_parked(counts: dict[str, Any], context: Context) -> dict[str, Any]:
    """Notify operators once of each parked event and of what cannot follow; fail where this run parked an event.

    Raises:
        ConflictError: with what was parked, so that the run shows that a person has something to do.
    """
    from include.marketplace.inbox.parked import list_parked
    from include.operations.notifications import Notification
    from include.orchestration.notifications import send_notifications

    warehouse, at = connections.warehouse(), work.run_instant()
    parked = list_parked(warehouse, at - _NEWS)
    unsent = [Notification(f"marketplace_event/{each.event_key}/{each.reason}", each.sentence) for each in parked]
    unsent += [Notification(f"marketplace_behind/{said}", said) for said in counts["behind"]]
    send_notifications(warehouse, _TITLE, unsent, at, context)
    if counts["parked"]:
        newest = "\n".join(each.sentence for each in parked[-counts["parked"] :])
        raise ConflictError(f"{counts['parked']} events were parked and need a person:\n{newest}")
    return counts


def enter_event_of_run() -> int:
    """Enter the event of the run's form, in the name of the Airflow user who triggered it; yields its number.

    Raises:
        InvalidInputError: when the form is wrong, or the run has no triggering user.
    """
    from include.marketplace.inbox.decisions import enter_event

    form = work.form()
    return enter_event(connections.warehouse(), form["event"], work.triggering_user(), form["reason"])


def replay_event_of_run() -> str:
    """Have the parked event of the run's form tried again; yields which it is.

    Raises:
        InvalidInputError: when there is no such event, or the run has no triggering user.
        ConflictError: when it is not parked.
    """
    from include.marketplace.inbox.decisions import replay_event

    form = work.form()
    return replay_event(connections.warehouse(), int(form["event"]), work.triggering_user(), form["reason"])
