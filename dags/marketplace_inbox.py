"""### Applies the Marketplace's events.

**What.** The Marketplace's callbacks, the notifications that it could not deliver, and what operators enter are stored
in `marketplace.inbox`. This applies them: events of one subscription in their order, different ones side by side, each
once. The subscription's expiry, freezes and end follow. An order that is new starts *subscription_onboarding*, once.

**When.** Within seconds after an event was stored: the database notifies the watcher of the asset *marketplace inbox*.
It also runs every 5 minutes, in case a notification is lost.

**By hand.** Trigger it at any time; running it again applies nothing twice.

**If it fails.** `notify_of_parked` fails where an event was parked, and says which and why; operators are notified
once. Clear the reason, then trigger *marketplace_event_replay* with the event's number. Other subscriptions are not
held up.

**What you do next.** The log of `orders_to_onboard` names orders that cannot be onboarded yet, and why: usually the
buyer's access is missing (connection `alibaba_buyer_<account id>`). Operators are notified of each once, and each run
tries again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag

from include.orchestration.defaults import MARKETPLACE, TAG, task_defaults
from include.orchestration.errors import task
from include.orchestration.inbox import INBOX
from include.orchestration.operators import StartRun


@dag(
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("*/5 * * * *", timezone="UTC"), assets=[INBOX]),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=2,
    doc_md=__doc__,
    tags=[TAG, MARKETPLACE, "onboarding"],
    default_args=task_defaults(MARKETPLACE),
)
def marketplace_inbox() -> None:
    """Apply; then onboard what is new, and notify of what was parked."""

    @task
    def apply_events() -> dict[str, Any]:
        """Apply everything that waits; yields counts."""
        from include.orchestration.inbox import apply_inbox
        from include.orchestration.outcomes import leave_outcome

        return leave_outcome("events", apply_inbox())

    @task
    def orders_to_onboard() -> list[dict[str, Any]]:
        """New orders with the form of their onboarding."""
        from airflow.sdk import get_current_context

        from include.orchestration.inbox import orders_to_onboard

        return orders_to_onboard(get_current_context())

    @task
    def runs_to_start(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same as the operator's arguments."""
        return [{name: order[name] for name in ("run_id", "form")} for order in orders]

    @task(trigger_rule="none_failed")
    def record_onboarding(orders: list[dict[str, Any]]) -> int:
        """Remember what was started."""
        from include.orchestration.inbox import record_onboarding

        return record_onboarding(orders)

    # A retry would find the event applied and hide that it was parked.
    @task(retries=0)
    def notify_of_parked(counts: dict[str, Any]) -> dict[str, Any]:
        """Notify operators once of parked events and of what cannot follow; fails where this run parked an event."""
        from airflow.sdk import get_current_context

        from include.orchestration.inbox import notify_of_parked

        return notify_of_parked(counts, get_current_context())

    applied = apply_events()
    orders = orders_to_onboard()
    started = StartRun.partial(
        task_id="start_onboarding", dag_to_run="subscription_onboarding", map_index_template="{{ task.run_id }}"
    ).expand_kwargs(runs_to_start(orders))
    applied >> orders
    started >> record_onboarding(orders)
    notify_of_parked(applied)


marketplace_inbox()
