"""What the DAGs do, as tasks of a scenario: the product's own functions, with what the outside learns written down."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cryptography.fernet import Fernet
from pydantic import SecretStr

from include.alibaba.access import CloudAccess
from include.alibaba.bss import Bss
from include.alibaba.gateway import CallLimits
from include.alibaba.market import Market
from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans, load_channel, load_product
from include.domain.billing_cycles import billing_cycle
from include.domain.errors import ConflictError, RefusedError
from include.domain.marketplace.callbacks import read_callback
from include.domain.onboarding import OnboardingRequest
from include.domain.periods import HOUR, BillingPeriod, floor_to_hour
from include.faults import outside
from include.faults.plan import DONE
from include.marketplace.callbacks.store import store_callback
from include.marketplace.inbox.apply import apply_events
from include.marketplace.inbox.onboarding import list_orders_to_onboard, record_onboarding, run_id_of
from include.marketplace.push.answers import judge_answer
from include.marketplace.push.channels.alibaba_china.sender import AlibabaChina
from include.marketplace.push.deliver import Clock as PushClock
from include.marketplace.push.deliver import push_due
from include.marketplace.push.ledger import MeteredItem
from include.marketplace.push.resolve import resolve_by_bills
from include.metering.gaps.gaps import Waiver, list_gaps, waive_gaps
from include.metering.hours.close import close_due_hours, close_hour
from include.metering.imports.load import import_usage
from include.metering.polling.collect import Pace, collect_shard
from include.onboarding.following import follow_marketplace
from include.onboarding.marketplace_orders import request_of_order
from include.onboarding.onboard import Clock as OnboardingClock
from include.onboarding.onboard import Services, onboard
from include.reconciliation.charges import fetch_charges
from include.reconciliation.compare import reconcile_period
from include.sandbox.callbacks import token
from include.sandbox.records import Account, Callback
from include.warehouse.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from include.faults.clock import Clock
    from include.faults.history import History
    from include.faults.plan import Plan
    from include.faults.scene import Scene
    from include.marketplace.push.answers import Answer
    from include.marketplace.push.senders import Sender

ITEM = MeteredItem("automq-byoc-payg", "cmgj-automq-byoc", "cmgj-automq-byoc-Period-1", "Period", is_pushed=True)
CHANNEL = "alibaba-china"
#: Time in the machine does not count, only on the scenario's clock: nothing is to run out while others have their turn.
_PATIENT = CallLimits(call_seconds=600, attempt_seconds=600, attempts=3, first_wait_seconds=0.001)
_PACE = Pace(concurrency=1, run_seconds=3600, deadline_seconds=600, step_seconds=600, tries=1)


#: When the vendor hears of its new subscription, and in how many hours it is metered.
BEGINS, _HOURS = datetime(2026, 10, 31, 12, tzinfo=UTC), 5


#: Of the vault; the same in all scenarios.
_KEY = Fernet.generate_key().decode()


class NotYetError(Exception):
    """What the task works on is not there yet."""


class Tasks:
    """The tasks of one scenario; each is called with the name of its process."""

    def __init__(
        self,
        scene: Scene,
        warehouse: Engine,
        clock: Clock,
        history: History,
        plan: Plan,
    ) -> None:
        self.scene, self.warehouse, self.clock, self.history = scene, warehouse, clock, history
        self._plan = plan
        self.vault = Vault(SecretStr(_KEY))
        world = scene.sandbox.world
        self.runs: dict[str, dict[str, Any]] = {}
        self._accesses = {}
        for account_id, role in ((outside.BUYER, "buyer"), (outside.VENDOR, "vendor")):
            account = Account(account_id, f"LTAI-{role}", f"secret-of-the-{role}", role)
            world.keep(account)
            self._accesses[account_id] = CloudAccess(
                account_id=account_id,
                access_key_id=account.access_key_id,
                access_key_secret=SecretStr(account.access_key_secret),
                endpoint=scene.address,
                protocol="http",
            )
        world.commit()
        self._services = Services(
            product=load_product(),
            warehouse=warehouse,
            vault=self.vault,
            open_buyer=lambda: self._accesses[outside.BUYER],
            open_vendor=lambda: self._accesses[outside.VENDOR],
        )

    def publish(self, _process: str) -> None:
        """What warehouse_upkeep does first: price plans of the catalogue."""
        publish_price_plans(self.warehouse, catalog_price_plans())

    def deliver(self, process: str) -> None:
        """The Marketplace calls, as long as its calls are not taken, and the service stores what it says."""
        sandbox = self.scene.sandbox
        for callback in sandbox.caller.due():
            signed = {**callback.parameters, "token": token(callback.parameters, sandbox.world.settings.spi_key)}
            callback.status, callback.answer = 0, "nothing"
            try:
                with self.history.operation(process, "callback", [self._said(callback)]):
                    answer = store_callback(self.warehouse, read_callback(urlencode(signed)))
                if self._plan.outcome(process, f"answer to {callback.action}") == DONE:
                    callback.status, callback.answer = 200, json.dumps(answer)
            finally:
                sandbox.caller.conclude(callback)

    def apply(self, _process: str) -> None:
        """What marketplace_inbox does first: the events have their effects."""
        applied = apply_events(self.warehouse, follow_marketplace, self.clock.now())
        if applied.waiting:
            raise NotYetError("An event is tried again later.")

    def start_onboarding(self, _process: str) -> None:
        """What marketplace_inbox does then: a run of subscription_onboarding for each new order."""
        market = Market(self._accesses[outside.VENDOR], _PATIENT)
        for order in list_orders_to_onboard(self.warehouse):
            form = request_of_order(market, lambda _: self._services, order.order_id, order.account_id)
            if form is not None:
                self.runs.setdefault(run_id_of(order), form)
            record_onboarding(self.warehouse, order.instance_id, run_id_of(order))

    def onboard(self, _process: str) -> None:
        """What subscription_onboarding does."""
        clock = OnboardingClock(self.clock.now, self.clock.wait)
        for run_id, form in list(self.runs.items()):
            onboard(self._services, OnboardingRequest.from_form(form), clock, lambda _line: None)
            self.runs.pop(run_id, None)

    def import_history(self, _process: str) -> None:
        """What usage_import does: the hours before metering began, as the buyer has them at first."""
        world = self.scene.sandbox.world
        left_out = outside.instance_named(world, outside.FORGOTTEN)
        usage = outside.truth(world, until=self.metered_from())
        self._import("history.csv", {key: used for key, used in usage.items() if key[0] != left_out})

    def import_late(self, _process: str) -> None:
        """The same, when the buyer has found what it left out."""
        world = self.scene.sandbox.world
        found = outside.instance_named(world, outside.FORGOTTEN)
        usage = outside.truth(world, until=self.metered_from())
        self._import("late.csv", {key: used for key, used in usage.items() if key[0] == found})

    def poll(self, process: str) -> None:
        """What aku_readings does: ask the consoles, then close what became due."""
        pace = replace(_PACE, now=self.clock.now)
        failed = sum(collect_shard(self.warehouse, self.vault, shard, pace).failed for shard in self.shards())
        with self.history.operation(process, "close", self._hours()) as learned:
            close_due_hours(self.warehouse, self.clock.now())
            learned["value"] = []
        if failed:
            raise NotYetError("A console did not answer.")

    def close_hours(self, process: str) -> None:
        """What aku_metering does."""
        hour = floor_to_hour(self.clock.now()) - HOUR
        with self.history.operation(process, "close", self._hours()) as learned:
            closed = close_hour(self.warehouse, hour, self.clock.now())
            learned["value"] = self._hours()[-1:] if closed.closed else []

    def push(self, process: str) -> None:
        """What metering_push does."""
        push_due(
            self.warehouse,
            load_channel(CHANNEL),
            (ITEM,),
            lambda: _Recorded(AlibabaChina(self._accesses[outside.VENDOR], _PATIENT), self.history, process),
            PushClock(self.clock.now, self.clock.wait),
            ends_at=self.clock.now() + timedelta(minutes=4),
        )

    def resolve(self, _process: str) -> None:
        """What metering_push_resolution does."""
        resolved = resolve_by_bills(self.warehouse, CHANNEL, self.clock.now(), self._bills)
        if resolved.failures:
            raise NotYetError(str(resolved.failures))

    def close_period(self, process: str) -> None:
        """What billing_period_close does, of the month that ended last."""
        period = BillingPeriod.containing(self.clock.now(), "Asia/Shanghai").previous
        with self.history.operation(process, "issue", self._bill_of(period), ConflictError) as learned:
            closed = close_period(self.warehouse, period, self.clock.now())
            if not closed.issued_count + closed.held_count:
                learned["value"] = []

    def waive_gaps(self, _process: str) -> None:
        """What gap_waiver does: a person accepts what is estimated, for a reason."""
        gaps = tuple(int(str(gap.gap_key)) for gap in list_gaps(self.warehouse, self.clock.now()))
        if gaps:
            waive_gaps(self.warehouse, Waiver("The console was down, the buyer agrees.", "ops", gaps), self.clock.now())

    def reconcile(self, _process: str) -> None:
        """What reconciliation does, of the month that ended last."""
        cycle = BillingPeriod.containing(self.clock.now(), "Asia/Shanghai").previous.name
        fetched = fetch_charges(self.warehouse, billing_cycle(cycle).name, self.clock.now(), self._bills)
        if fetched.failures:
            raise NotYetError(str(fetched.failures))
        reconcile_period(self.warehouse, cycle, self.clock.now())

    def subscription_id(self) -> str:
        """The scenario's subscription, once it is metered."""
        return str(self._find("subscription_id"))

    def metered_from(self) -> datetime:
        """The hour in which metering began."""
        started_at: datetime = self._find("metering_started_at")
        return floor_to_hour(started_at)

    def shards(self) -> list[int]:
        """The shards that have an environment."""
        with self.warehouse.connect() as connection:
            rows = connection.exec_driver_sql("SELECT DISTINCT shard FROM core.environments").all()
        return sorted(row.shard for row in rows)

    def _import(self, name: str, usage: Mapping[tuple[str, str], int]) -> None:
        file = self.scene.folder / name
        lines = [f"{self.subscription_id()},{name},{hour},{used}" for (name, hour), used in sorted(usage.items())]
        text = "\n".join(["subscription_id,instance_id,hour,aku_seconds", *lines, ""])
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
        import_usage(self.warehouse, file, self.clock.now())

    def _bill_of(self, period: BillingPeriod) -> list[str]:
        """The bill that a close of the period has to make; none where nothing is metered yet."""
        try:
            return [f"{period.name}-{self.subscription_id()}"]
        except NotYetError:
            return []

    def _hours(self) -> list[str]:
        """The hours of the scenario that have ended."""
        count = min(int((floor_to_hour(self.clock.now()) - BEGINS) / HOUR), _HOURS)
        return [f"{BEGINS + n * HOUR:%Y-%m-%dT%H:%M:%SZ}" for n in range(count)]

    @staticmethod
    def _said(callback: Callback) -> str:
        said = callback.parameters
        about = said.get("instanceId") or said["orderBizId"]
        return f"{callback.action} {about} {said.get('orderId', '')}".rstrip()

    def _bills(self, account_id: str) -> Bss:
        return Bss(self._accesses[account_id], _PATIENT)

    def _find(self, column: str) -> Any:  # noqa: ANN401
        with self.warehouse.connect() as connection:
            found = connection.exec_driver_sql(
                f"SELECT {column} FROM core.subscriptions WHERE metering_started_at IS NOT NULL"  # noqa: S608
            ).one_or_none()
        if found is None:
            raise NotYetError("Nothing is metered yet.")
        return found[0]


class _Recorded:
    """The real sender, whose calls are written down with what was learned of them."""

    def __init__(self, sender: Sender, history: History, process: str) -> None:
        self._sender, self._history, self._process = sender, history, process

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._sender, name)

    def send(self, request: str) -> Answer:
        records = [
            [row["InstanceId"], int(row["StartTime"]), int(row["Entities"][0]["Value"])] for row in json.loads(request)
        ]
        with self._history.operation(self._process, "push", records, RefusedError) as learned:
            answer = self._sender.send(request)
            if any(booking.outcome != "accepted" for booking in judge_answer(answer, len(records))):
                learned["type"] = "info"
            return answer
