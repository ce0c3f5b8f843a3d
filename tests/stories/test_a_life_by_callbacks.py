"""A subscription's life as the Marketplace tells it: ordered, onboarded, renewed, expired, resumed, released."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from include.alibaba.computenest import CreateRequest
from include.alibaba.market import Market
from include.catalog.loader import load_product
from include.domain.onboarding import OnboardingRequest
from include.domain.periods import HOUR, floor_to_hour
from include.marketplace.inbox.apply import apply_events
from include.marketplace.inbox.notifications import fetch_notifications
from include.marketplace.inbox.onboarding import list_orders_to_onboard
from include.onboarding.following import follow_marketplace
from include.onboarding.marketplace_orders import request_of_order
from include.onboarding.onboard import Clock, Services, onboard
from include.warehouse.vault import Vault
from tests.support.builders import rows
from tests.support.marketplace.serving import ADDRESS, serving
from tests.support.onboarding import BUYER, FakeClock, access_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle

KEY = "isv-key-of-the-sandbox"
PAST, FUTURE = "2026-01-10 12:20:00", "2036-01-01 00:00:00"


class Life:
    """The buyer, the Marketplace and us."""

    def __init__(self, warehouse: Engine, sandbox: SandboxHandle) -> None:
        buyer, vendor = sandbox.account("buyer", account_id=BUYER), sandbox.account("vendor")
        self.warehouse, self.sandbox, self.clock = warehouse, sandbox, FakeClock()
        self.market = Market(access_of(sandbox, vendor))
        self.services = Services(
            product=load_product(),
            warehouse=warehouse,
            vault=Vault(SecretStr(Fernet.generate_key().decode())),
            open_buyer=lambda: access_of(sandbox, buyer),
            open_vendor=lambda: access_of(sandbox, vendor),
        )
        self.service_instance_id = ""

    def order(self) -> str:
        """The buyer orders at Compute Nest; the order's id."""
        wish = CreateRequest(
            service_id=self.services.product.service_id,
            name="the-buyers-own",
            parameters={"RegionId": "cn-hangzhou", "EnvironmentName": "orders", "VpcId": "vpc-orders"},
            specification_code=self.services.product.sku_payg,
        )
        placed = self.services.cloud.create_service_instance(wish, "token")
        self.service_instance_id = placed.service_instance_id
        return str(placed.order_id)

    def tell(self, action: str, **parameters: str) -> None:
        """The Marketplace calls, and what it says is applied."""
        before = len(self.calls())
        wanted = {"action": action, "parameters": parameters, "about": self.service_instance_id}
        self.sandbox.admin.post("/callbacks", json=wanted).raise_for_status()
        self.wait_until(lambda: self.calls()[before]["state"] == "taken")
        self.apply()

    def calls(self) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = self.sandbox.admin.get("/callbacks").json()
        return made

    def apply(self) -> None:
        assert apply_events(self.warehouse, follow_marketplace, datetime.now(UTC)).behind == ()

    def onboard_new_orders(self) -> None:
        """What marketplace_inbox starts in Airflow, in this process."""
        for order in list_orders_to_onboard(self.warehouse):
            form = request_of_order(self.market, lambda _: self.services, order.order_id, order.account_id)
            assert form is not None
            clock = Clock(self.clock.now, self.clock.wait)
            onboard(self.services, OnboardingRequest.from_form(form), clock, lambda _line: None)

    def wait_until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def subscription(self) -> tuple[Any, ...]:
        [row] = rows(self.warehouse, "SELECT state, expires_at, ended_at IS NOT NULL FROM core.subscriptions")
        return row

    def events(self) -> dict[tuple[str, str], int]:
        query = "SELECT action, state, count(*)::int FROM marketplace.inbox GROUP BY 1, 2"
        return {(action, state): count for action, state, count in rows(self.warehouse, query)}


@pytest.fixture
def life(warehouse: Engine, sandbox: SandboxHandle) -> Iterator[Life]:
    with serving(warehouse.url, keys=[KEY]) as callbacks:
        address = f"{str(callbacks.client.base_url).rstrip('/')}{ADDRESS}"
        sandbox.settings(spi_url=address, spi_key=KEY, spi_minute_seconds=0.1)
        yield Life(warehouse, sandbox)
        sandbox.reset()


def test_from_the_order_to_the_release_everything_arrives_by_itself(life: Life) -> None:
    order_id = life.order()
    life.wait_until(lambda: bool(life.events()))
    life.apply()
    assert {call["answer"] for call in life.calls()} == {'{"instanceId":"0"}'}

    life.onboard_new_orders()
    life.wait_until(lambda: life.calls()[0]["state"] == "taken")
    [(instance_id,)] = rows(life.warehouse, "SELECT instance_id FROM marketplace.instances")
    assert life.calls()[0]["answer"] == f'{{"instanceId":"{instance_id}"}}'
    assert rows(life.warehouse, "SELECT order_id, state FROM core.subscriptions") == [(order_id, "active")]
    life.apply()
    assert list_orders_to_onboard(life.warehouse) == []

    life.tell("renewInstance", orderId="renewal-1", expiredOn=PAST)
    life.tell("expiredInstance")
    [(frozen_from, frozen_until)] = rows(life.warehouse, "SELECT frozen_from, frozen_until FROM core.freezes")
    assert (frozen_from, frozen_until) == (datetime(2026, 1, 10, 5, tzinfo=UTC), None)
    life.tell("expiredInstance")
    life.tell("resumeInstance", skuId="sku", productCode="cmgj")
    life.tell("upgradeInstance", orderId="upgrade-1", skuId="larger")
    life.tell("renewInstance", orderId="renewal-2", expiredOn=FUTURE)
    life.tell("expiredInstance")
    assert life.subscription() == ("active", datetime(2035, 12, 31, 16, tzinfo=UTC), False)
    [(frozen_until,)] = rows(life.warehouse, "SELECT frozen_until FROM core.freezes")
    assert floor_to_hour(datetime.now(UTC)) - HOUR < frozen_until <= datetime.now(UTC) + timedelta(seconds=5)

    life.tell("releaseInstance", isRefund="false")
    life.tell("releaseInstance", isRefund="false")
    assert life.subscription() == ("released", datetime(2035, 12, 31, 16, tzinfo=UTC), True)
    counted = {key: count for key, count in life.events().items() if key[0] != "createInstance"}
    assert counted == {
        ("renewInstance", "applied"): 2,
        ("expiredInstance", "applied"): 1,
        ("expiredInstance", "repeated"): 1,
        ("expiredInstance", "parked"): 1,
        ("resumeInstance", "applied"): 1,
        ("upgradeInstance", "applied"): 1,
        ("releaseInstance", "applied"): 1,
        ("releaseInstance", "repeated"): 1,
    }
    assert rows(life.warehouse, "SELECT state, sku_id FROM marketplace.instances") == [("released", "larger")]


def test_what_the_vendor_never_took_is_fetched_and_applied_all_the_same(life: Life) -> None:
    life.order()
    life.wait_until(lambda: bool(life.events()))
    life.apply()
    life.onboard_new_orders()
    life.wait_until(lambda: life.calls()[0]["state"] == "taken")
    life.sandbox.settings(spi_key="a key that is not ours", spi_minute_seconds=0.001)
    wanted = {"action": "releaseInstance", "parameters": {}, "about": life.service_instance_id}
    life.sandbox.admin.post("/callbacks", json=wanted).raise_for_status()
    life.wait_until(lambda: life.calls()[-1]["state"] == "given_up")
    assert ("releaseInstance", "received") not in life.events()
    assert fetch_notifications(life.warehouse, life.market).confirmed == 1
    life.apply()
    assert life.subscription()[0] == "released"
    assert rows(life.warehouse, "SELECT sum(callbacks) > 0 FROM marketplace.refused_callbacks") == [(True,)]
