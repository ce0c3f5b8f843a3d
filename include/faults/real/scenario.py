"""A subscription on a stack: ordered, onboarded, metered, pushed, billed and released, by DAGs and callbacks.

It is short, and goes by the real clock. The buyer ordered two days before the end of last month, so the hours until now
come in as a file; the last full hour is one that the Marketplace still takes. Last month is billed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from include.domain.periods import HOUR, BillingPeriod, floor_to_hour
from include.faults.real.airflow import ENDED
from include.faults.real.scene import folder_of_files
from include.local.demo_files import write_usage
from include.local.interrupts import pause

if TYPE_CHECKING:
    from collections.abc import Collection
    from threading import Event

    from include.faults.history import History
    from include.faults.real.healing import Operator
    from include.faults.real.injections import Injector
    from include.faults.real.scene import Scene

ZONE = "Asia/Shanghai"
#: Of the last full hour the Marketplace takes usage until its end; a scenario does not begin shortly before.
_LAST_MINUTE = 56


class Scenario:
    """One scenario, with the faults that its seed has planned.

    Attributes:
        seed: 0 is the scenario in which nothing goes wrong, and which stays.
        began_at: when the buyer ordered.
        period: last month.
        subscription_id: once it is metered.
        metered_from: the hour in which metering began, then.
        is_finished: whether it came to its end.
    """

    def __init__(self, scene: Scene, history: History, operator: Operator, seed: int) -> None:
        self._scene, self._history, self._operator, self.seed = scene, history, operator, seed
        self.account_id, self.environment_name = f"17{seed:014d}", f"orders-{seed}"
        _wait_for_time()
        now = datetime.now(UTC)
        self.period = BillingPeriod.containing(now, ZONE).previous
        self.began_at = self.period.window.end - timedelta(days=2)
        self._last_hour = floor_to_hour(now) - HOUR
        self._ordered: dict[str, Any] = {}
        self.subscription_id, self.metered_from, self.is_finished = "", now, False

    def play(self, injector: Injector, steps: Collection[str]) -> None:
        """Play it, step by step.

        Raises:
            StuckError: a step does not come to its end.
        """
        for name in steps:
            with injector.injecting(name) as over:
                getattr(self, f"_{name}")(over)
        self.is_finished = True

    @property
    def bill_id(self) -> str:
        """Of last month."""
        return f"{self.period.name}-{self.subscription_id}"

    @property
    def environment_id(self) -> str:
        """The console's."""
        return str(self._ordered["environment_id"])

    def names(self) -> list[str]:
        """What only this scenario has of its bill."""
        instances = sorted({row["instance_id"] for row in self.usage(self._last_hour)})
        ids = [str(self._ordered[name]) for name in ("environment_id", "order_id", "marketplace_instance_id")]
        return [self.subscription_id, self.account_id, self.environment_name, *ids, *instances]

    def usage(self, until: datetime) -> list[dict[str, Any]]:
        """What was used by instance and hour, as it really was."""
        return self._scene.sandbox.usage(self.environment_id, self.began_at, until)

    def _script(self) -> list[dict[str, Any]]:
        """Two instances that are gone before metering begins; of the scenario that goes on, one that is polled."""

        def at(do: str, instance: str, instant: datetime, **more: object) -> dict[str, Any]:
            return {"do": do, "instance": instance, "at": instant.isoformat(), **more}

        first, last = self.began_at, self._last_hour
        script = [
            at("create", "first", first, aku=6),
            at("resize", "first", first + 5 * HOUR, aku=9),
            at("delete", "first", first + timedelta(hours=10, minutes=30)),
            at("create", "last", last + timedelta(minutes=2), aku=6),
            at("resize", "last", last + timedelta(minutes=25), aku=9),
            at("delete", "last", last + timedelta(minutes=50)),
        ]
        if not self.seed:
            soon = datetime.now(UTC) + timedelta(minutes=2)
            script.append(at("create", "polled", soon, aku=6))
            script += [
                at("resize", "polled", soon + timedelta(minutes=11 * n), aku=6 + 3 * (n % 3)) for n in range(1, 20)
            ]
        return script

    def _order(self, over: Event) -> None:
        """The buyer orders at the Marketplace; its call starts the onboarding."""
        scene, account_id = self._scene, self.account_id
        account = scene.sandbox.enter_account(account_id=account_id, role="buyer")
        key_id, secret = account["access_key_id"], account["access_key_secret"]
        scene.airflow.put_cloud_account(f"alibaba_buyer_{account_id}", scene.outside.port, account_id, key_id, secret)
        self._ordered = scene.sandbox.order(
            account_id=account_id,
            environment_name=self.environment_name,
            region="cn-hangzhou",
            network="vpc-bp1a2b3c",
            ordered_at=self.began_at.isoformat(),
        )
        script = self._script()
        scene.sandbox.play_life(self._ordered["service_instance_id"], since=self.began_at.isoformat(), script=script)
        self._operator.wait(over, self._is_metered, "The order is not onboarded")

    def _use(self, over: Event) -> None:
        """What was used comes in as a file; the Marketplace says that the subscription was renewed, and is larger."""
        name, until = f"{self.environment_name}.csv", self.metered_from
        write_usage(folder_of_files(self._scene) / name, self.subscription_id, self.usage(until), until)
        order_id = self._ordered["order_id"]
        self._happen("renewInstance", orderId=f"{order_id}-1", expiredOn="2036-01-01 00:00:00")
        self._happen("upgradeInstance", orderId=f"{order_id}-2", skuId="larger")
        self._run("usage_import", over, {"file": name})

    def _charge(self, over: Event) -> None:
        """The last hour is reported, and last month is billed."""
        pushed = self._operator.begin("metering_push")
        with self._history.operation(f"scenario {self.seed}", "issue", [self.bill_id]) as learned:
            if self._run("billing_period_close", over, {"period": self.period.name}) != "success":
                learned["type"] = "info"
        self._operator.wait(over, lambda: self._scene.airflow.state(pushed) in ENDED, "A push does not end")

    def _release(self, over: Event) -> None:
        """The buyer gives it up."""
        self._happen("releaseInstance", isRefund="false")
        self._operator.wait(over, self._is_released, "The subscription is not released")

    def _happen(self, action: str, **parameters: str) -> None:
        self._scene.sandbox.let_happen(self._ordered["service_instance_id"], action, parameters)

    def _run(self, dag_id: str, over: Event, conf: dict[str, object]) -> str:
        """Until it ends; where it fails, it is started again."""
        for _ in range(3):
            run = self._operator.begin(dag_id, conf)
            self._operator.wait(over, lambda run=run: self._scene.airflow.state(run) in ENDED, f"{dag_id} does not end")  # type: ignore[misc]
            if self._scene.airflow.state(run) == "success":
                return "success"
        return "failed"

    def _is_metered(self) -> bool:
        query = (
            "SELECT subscription_id, metering_started_at FROM core.subscriptions "
            "WHERE order_id = %s AND metering_started_at IS NOT NULL"
        )
        rows = self._ask(query, self._ordered["order_id"])
        if rows:
            self.subscription_id, self.metered_from = str(rows[0][0]), floor_to_hour(rows[0][1])
        return bool(rows)

    def _is_released(self) -> bool:
        query = "SELECT 1 FROM core.subscriptions WHERE subscription_id = %s AND state = 'released'"
        return bool(self._ask(query, self.subscription_id))

    def _ask(self, query: str, *values: object) -> list[Any]:
        """Nothing while the database is down."""
        try:
            with self._scene.session() as session:
                return session.execute(query, values).fetchall()
        except (psycopg.Error, OSError):
            return []


def _wait_for_time() -> None:
    while datetime.now(UTC).minute >= _LAST_MINUTE:
        pause(1)
