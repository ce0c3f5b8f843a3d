"""The demo: the whole path on real parts, driven only through doors that everybody has.

The outside world's part (accounts, how clusters lived) goes through the sandbox's admin API; the operator's part
(connections, onboarding, imports, closing periods, reconciling) through Airflow's REST API; the analyst's part is SQL
as billing_analyst. On a state that has seen the demo before, everything is found to be there already.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.domain.errors import AkubillError
from include.domain.periods import BillingPeriod, floor_to_hour
from include.local.airflow_api import AirflowApi
from include.local.demo_buyers import DEMO_BUYERS, REFUSED
from include.local.demo_files import write_usage
from include.local.demo_lives import Lives
from include.local.sandbox_api import SandboxApi
from include.local.state import load_passwords, load_sandbox_token
from include.warehouse import server
from include.warehouse.embedded import server_url
from include.warehouse.engine import ANALYST, open_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import Engine

    from include.local.airflow_api import Run
    from include.local.demo_buyers import Buyer, DemoOrder
    from include.local.demo_lives import Life
    from include.local.stack import Running

    Say = Callable[[str], None]

ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Onboarded:
    """A subscription of the demo, as the onboarding DAG reported it."""

    buyer: Buyer
    order: DemoOrder
    subscription_id: str
    environment_id: str


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo made, for checking: subscriptions, closed periods, why a buyer was refused, and the lives."""

    subscriptions: list[Onboarded]
    periods: list[BillingPeriod]
    refusal: str
    lives: list[Life]


class Demo:
    """One performance on a running stack."""

    def __init__(self, running: Running, say: Say, now: datetime) -> None:
        """Log in to everything; `now` decides which two periods are past."""
        self.running, self.say, self.now = running, say, now
        settings, passwords = running.settings, load_passwords(running.state)
        self.sandbox = SandboxApi(settings.sandbox_url, load_sandbox_token(running.state))
        self.admin = AirflowApi(settings.ui_url, "admin", passwords["admin"])
        self.operator = AirflowApi(settings.ui_url, "ops", passwords["ops"])
        last = BillingPeriod.containing(now, ZONE).previous
        self.periods = [last.previous, last]
        self.began_at = self.periods[0].local_start

    def play(self, *, with_lives: bool = False) -> DemoResult:
        """The whole story; with the subscriptions that are ordered at the Marketplace and live until their release."""
        self.say("1. The outside world: four buyers have accounts, and delegate access to the vendor")
        self.sandbox.change_settings(deploy_seconds=15, instance_create_seconds=5, bill_delay_seconds=0)
        for buyer in (*DEMO_BUYERS, REFUSED):
            self.enter_buyer(buyer)
        self.say("2. Onboarding: four subscriptions of three buyers, and one who is refused")
        ordered = Lives(self).order() if with_lives else []
        with ThreadPoolExecutor() as pool:
            refusal = pool.submit(self.expect_refusals, REFUSED)
            waiting = [pool.submit(self.onboard, buyer, order) for buyer in DEMO_BUYERS for order in buyer.orders]
            subscriptions = [future.result() for future in waiting]
        lives = Lives(self).wait_for_metering(ordered)
        self.say("3. Live readings: the consoles are asked what they run")
        self.run("aku_readings", "readings", {})
        self.say("4. History: what the clusters used since the beginning comes in as files")
        for each in subscriptions:
            name = f"{each.order.environment_name}-history.{each.order.file_format}"
            self.drop_history(name, each.subscription_id, each.environment_id, self.began_at)
        for life in lives:
            name = f"{life.environment_name}-history.csv"
            self.drop_history(name, life.subscription_id, life.environment_id, life.ordered_at)
        self.run("usage_import", "usage-drop", {})
        self.run("metering_push_resolution", "ledger", {})
        self.say("5. Closing: the two past periods become bills")
        for period in self.periods:
            if self.is_closed(period):
                self.say(f"   {period.name}: all its bills are issued already")
            else:
                self.run("billing_period_close", period.name, {"period": period.name})
        self.say("6. Reconciliation: our bills against the Marketplace's own")
        for period in self.periods:
            self.run("reconciliation", period.name, {"period": period.name})
        if lives:
            self.end_lives(lives)
        return DemoResult(subscriptions, self.periods, refusal.result(), lives)

    def end_lives(self, lives: list[Life]) -> None:
        """What the Marketplace says of them until their release; then drafts, reports and comparison."""
        self.say("7. What the Marketplace says of its orders: renewal, expiry, resumption, upgrade, release")
        Lives(self).end(lives)
        for dag_id in ("metering_push", "running_drafts", "marketplace_comparison"):
            self.run(dag_id, dag_id, {})

    def enter_buyer(self, buyer: Buyer) -> None:
        """The buyer's account at the sandbox, and its delegated access as an Airflow connection."""
        account = self.sandbox.enter_account(account_id=buyer.account_id, role="buyer", site=buyer.site)
        self.admin.put_connection(
            f"alibaba_buyer_{buyer.account_id}",
            conn_type="alibaba_cloud",
            description=f"Delegated access of: {buyer.title}",
            host="127.0.0.1",
            port=self.running.settings.sandbox_port,
            login=account["access_key_id"],
            password=account["access_key_secret"],
            extra=f'{{"account_id": "{buyer.account_id}", "region_id": "cn-hangzhou", "protocol": "http"}}',
        )
        self.say(f"   {buyer.title}: account {buyer.account_id}")

    def onboard(self, buyer: Buyer, order: DemoOrder) -> Onboarded:
        """Trigger the onboarding; once the order is placed, the buyer's clusters have lived since the beginning."""
        run = self.operator.trigger("subscription_onboarding", self._form(buyer, order))
        with ThreadPoolExecutor(1) as outside:
            life = outside.submit(self.live, buyer, order)
            self._finish(run, order.environment_name)
            environment_id = life.result()
        report = self.operator.result(run, "report")
        return Onboarded(buyer, order, report["subscription_id"], environment_id)

    def live(self, buyer: Buyer, order: DemoOrder) -> str:
        """Let the clusters of an ordered environment live, once; the environment's id."""
        ordered = self.sandbox.wait_for_service_instance(buyer.account_id, order.environment_name)
        environment_id = str(ordered["environment_id"])
        if not self.sandbox.has_a_life(environment_id):
            plan = {"since": self.began_at.isoformat(), "traffic": list(order.traffic)}
            self.sandbox.play_life(ordered["service_instance_id"], **plan, licence_aku=order.form.get("licence_aku", 0))
        return environment_id

    def expect_refusals(self, buyer: Buyer) -> str:
        """Onboard a buyer that does not meet the prerequisites; the reasons that the run gives."""
        order = buyer.orders[0]
        run = self.operator.trigger("subscription_onboarding", self._form(buyer, order))
        state = self.operator.follow(run, lambda _name, _state: None)
        reasons = self.operator.note(run)
        if state != "success" or "is refused" not in reasons:
            raise AkubillError(f"{buyer.title} should have been refused, but its run ended as {state}: {reasons}")
        self.say(f"   {order.environment_name}: refused, as it must be. {reasons}")
        return reasons

    def drop_history(self, name: str, subscription_id: str, environment_id: str, since: datetime) -> None:
        """The hours from an instant until metering began, as a file in the drop folder."""
        until = floor_to_hour(self.metering_began_at(subscription_id))
        usage = self.sandbox.usage(environment_id, since, until)
        folder = self.running.state.folder / "usage-drop"
        folder.mkdir(mode=0o700, exist_ok=True)
        write_usage(folder / name, subscription_id, usage, until)
        self.say(f"   {name}: {len(usage)} hours of {environment_id}")

    def metering_began_at(self, subscription_id: str) -> datetime:
        """When the consoles began to be asked; earlier hours are history."""
        rows = self.ask(
            "SELECT metering_started_at FROM core.subscriptions WHERE subscription_id = :id", id=subscription_id
        )
        began: datetime = next(rows)[0]
        return began

    def is_closed(self, period: BillingPeriod) -> bool:
        """Whether every subscription has a bill of the period that cannot change any more."""
        rows = self.ask(
            "SELECT count(*) FROM core.subscriptions AS s WHERE s.started_at < :ends "
            "AND NOT EXISTS (SELECT FROM billing.bills AS b "
            "WHERE b.subscription_key = s.subscription_key AND b.period = :period AND b.issued_at IS NOT NULL)",
            period=period.name,
            ends=period.window.end,
        )
        return bool(next(rows)[0] == 0)

    def run(self, dag_id: str, about: str, conf: dict[str, object]) -> Run:
        """Trigger a DAG and wait until it has succeeded."""
        run = self.operator.trigger(dag_id, conf)
        self._finish(run, about)
        return run

    def ask(self, query: str, **parameters: object) -> Iterator[Any]:
        """Rows that an analyst sees."""
        from sqlalchemy import text

        warehouse = analysts_warehouse(self.running)
        try:
            with warehouse.connect() as connection:
                yield from connection.execute(text(query), parameters)
        finally:
            warehouse.dispose()

    def _form(self, buyer: Buyer, order: DemoOrder) -> dict[str, object]:
        contact = f"operations@{order.environment_name}.example"
        since = f"{self.began_at:%Y-%m-%d}"
        return {"account_id": buyer.account_id, "site": buyer.site, "contact": contact, "began_on": since, **order.form}

    def _finish(self, run: Run, about: str) -> None:
        def tell(task: str, state: str) -> None:
            # Nine rules that hold are one line: that the buyer was admitted.
            if state == "failed" or not (state in {"skipped", "upstream_failed"} or task.startswith("prerequisites.")):
                self.say(f"   {about}: {task} {'done' if state == 'success' else state}")

        if self.operator.follow(run, tell) != "success":
            errors = [error for task in self.operator.tasks(run) if task["state"] == "failed"
                      for error in self.operator.errors(run, task["task_id"], task["try_number"])]  # fmt: skip
            raise AkubillError(
                f"{run.dag_id} failed for {about}: {' '.join(errors) or 'see its log'} "
                f"Look at {self.running.settings.ui_url}{run.path}"
            )


def analysts_warehouse(running: Running) -> Engine:
    """The stack's warehouse, as billing_analyst."""
    socket_folder = server.socket_folder(running.state.postgres.resolve())
    url = server_url(socket_folder).set(database="warehouse", username=ANALYST)
    return open_warehouse(url, role=None)
