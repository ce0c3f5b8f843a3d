"""Subscriptions of the demo that live as the Marketplace says, from the order to the release; one with faults on.

The buyer orders at the Marketplace, and no person triggers anything: a callback starts the onboarding; renewal, expiry,
resumption, upgrade and release follow. An operator only imports the hours before the vendor heard of the order.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from include.domain.billing_cycles import CYCLE_ZONE
from include.domain.errors import RetriableError
from include.domain.periods import floor_to_hour, time_zone
from include.local.demo_buyers import DISTURBED, ORDERED_THERE
from include.local.interrupts import pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.local.demo import Demo
    from include.local.demo_buyers import Buyer

#: The order is so old when the vendor hears of it.
ORDERED_BEFORE = timedelta(hours=20)
_LONGEST_WAIT_SECONDS = 300.0
#: What goes wrong for the second one: the outside answers wrongly, late or not at all, to calls that its life takes.
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "server_error", "service": "market", "action": "DescribeOrderForIsv", "times": 2},
    {"kind": "throttle", "service": "computenest", "action": "ListServiceInstances", "retry_after_ms": 500},
    {"kind": "lost_answer", "service": "computenest", "action": "GetServiceInstance", "times": 2},
    {"kind": "html", "service": "console", "times": 2},
    {"kind": "broken", "service": "console", "times": 2},
)
#: Nothing listens there.
_NOWHERE = "http://127.0.0.1:9/"


class Life(NamedTuple):
    """A subscription that was ordered at the Marketplace.

    Attributes:
        environment_name: of its environment.
        subscription_id: our id.
        environment_id: the console's.
        service_instance_id: Compute Nest's.
        order_id: the Marketplace's.
        instance_id: what callbacks call it.
        ordered_at: when the buyer ordered.
    """

    environment_name: str
    subscription_id: str
    environment_id: str
    service_instance_id: str
    order_id: str
    instance_id: str
    ordered_at: datetime


class Lives:
    """Both lives, on a running stack."""

    def __init__(self, demo: Demo) -> None:
        """Play them in that demo."""
        self._demo, self._sandbox = demo, demo.sandbox

    def order(self) -> list[dict[str, Any]]:
        """Order what is not ordered yet; the service instances."""
        return [self._order(buyer) for buyer in (ORDERED_THERE, DISTURBED)]

    def wait_for_metering(self, placed: list[dict[str, Any]]) -> list[Life]:
        """Wait until both are onboarded and metered."""
        return [self._wait_for_metering(order) for order in placed]

    def end(self, lives: list[Life]) -> None:
        """All that happens to them after they were used, and wait until it was applied."""
        undisturbed, disturbed = lives
        self._live(undisturbed, self._happen)
        self._live(disturbed, self._happen_thrice)
        for life in lives:
            self._wait(partial(self._is_released, life), f"{life.environment_name} is not released")
            self._demo.say(f"   {life.environment_name}: renewed, expired, resumed, upgraded, renewed, released")

    def _order(self, buyer: Buyer) -> dict[str, Any]:
        [order] = buyer.orders
        self._demo.enter_buyer(buyer)
        placed = self._sandbox.find_service_instance(buyer.account_id, order.environment_name)
        if placed is None:
            placed = self._sandbox.order(
                account_id=buyer.account_id,
                environment_name=order.environment_name,
                region=order.form["region"],
                network=order.form["network"],
                ordered_at=(floor_to_hour(self._demo.now) - ORDERED_BEFORE).isoformat(),
            )
            self._demo.say(f"   {order.environment_name}: ordered at the Marketplace, which calls the vendor")
        if self._sandbox.has_a_life(placed["environment_id"]):
            return placed
        since = _ordered_at(placed).isoformat()
        self._sandbox.play_life(placed["service_instance_id"], since=since, traffic=list(order.traffic))
        if buyer is DISTURBED:
            its_own = {
                "market": {},
                "computenest": {"account_id": buyer.account_id},
                "console": {"environment_id": placed["environment_id"]},
            }
            for fault in FAULTS:
                self._sandbox.cause_fault(**fault, **its_own[fault["service"]])
        return placed

    def _wait_for_metering(self, placed: dict[str, Any]) -> Life:
        name = placed["parameters"]["EnvironmentName"]
        query = (
            "SELECT subscription_id FROM core.subscriptions "
            "WHERE order_id = :order_id AND metering_started_at IS NOT NULL"
        )

        def found() -> list[Any]:
            return list(self._demo.ask(query, order_id=placed["order_id"]))

        self._wait(lambda: bool(found()), f"The order {placed['order_id']} of {name} was not onboarded")
        self._demo.say(f"   {name}: onboarded by itself")
        return Life(
            name,
            found()[0].subscription_id,
            placed["environment_id"],
            placed["service_instance_id"],
            placed["order_id"],
            placed["order_biz_id"],
            _ordered_at(placed),
        )

    def _live(self, life: Life, happen: Callable[..., None]) -> None:
        """Renewed until now, so that it expires; resumed, upgraded, renewed for a year; released."""
        if self._is_released(life):
            return
        soon = datetime.now(UTC) + timedelta(seconds=2)
        happen(life, "renewInstance", orderId=f"{life.order_id}-1", expiredOn=_local(soon))
        pause(3)
        happen(life, "expiredInstance")
        happen(life, "resumeInstance", skuId="standard")
        happen(life, "upgradeInstance", orderId=f"{life.order_id}-2", skuId="larger")
        later = datetime.now(UTC) + timedelta(days=365)
        happen(life, "renewInstance", orderId=f"{life.order_id}-3", expiredOn=_local(later))
        happen(life, "releaseInstance", isRefund="false")

    def _happen(self, life: Life, action: str, **parameters: str) -> None:
        """Something happens at the Marketplace, and the vendor takes the call."""
        called = self._sandbox.let_happen(life.service_instance_id, action, parameters)
        self._wait_until_taken(called)

    def _happen_thrice(self, life: Life, action: str, **parameters: str) -> None:
        """Each call comes three times, and once with a wrong token; the first one of the release finds no vendor."""
        address = self._sandbox.settings()["spi_url"]
        if action == "releaseInstance":
            self._sandbox.change_settings(spi_url=_NOWHERE)
        called = self._sandbox.let_happen(life.service_instance_id, action, parameters)
        self._wait(lambda: self._sandbox.callback(called)["tries"] > 0, "The Marketplace does not call")
        self._sandbox.change_settings(spi_url=address)
        forged = {"action": action, "instanceId": life.instance_id, **parameters, "token": "0" * 32}
        httpx.get(address, params=forged, timeout=30, trust_env=False)
        self._wait_until_taken(called)
        for _ in range(2):
            self._wait_until_taken(self._sandbox.call_vendor(life.service_instance_id, action, parameters))

    def _wait_until_taken(self, called: str) -> None:
        self._wait(lambda: self._sandbox.callback(called)["state"] == "taken", "A call of the Marketplace is not taken")

    def _is_released(self, life: Life) -> bool:
        query = "SELECT state FROM core.subscriptions WHERE subscription_id = :id"
        waiting = "SELECT count(*) AS waiting FROM marketplace.inbox WHERE instance_id = :id AND state = 'received'"
        state = next(self._demo.ask(query, id=life.subscription_id)).state
        return bool(state == "released" and next(self._demo.ask(waiting, id=life.instance_id)).waiting == 0)

    def _wait(self, holds: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise RetriableError(f"{otherwise} after {_LONGEST_WAIT_SECONDS:.0f} s. Look at its runs in Airflow.")
            pause(0.5)


def _ordered_at(placed: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(placed["created_at"], UTC)


def _local(instant: datetime) -> str:
    """As the Marketplace writes times."""
    return instant.astimezone(time_zone(CYCLE_ZONE)).strftime("%Y-%m-%d %H:%M:%S")
