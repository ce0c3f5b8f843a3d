"""What the Marketplace says of a subscription against what its events made of it: a lost event is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from include.alibaba.computenest import ComputeNest, CreateRequest
from include.alibaba.market import Market
from include.domain.errors import RetriableError
from include.domain.words.marketplace import COMPARED
from include.marketplace.comparison.ask import ask_market
from include.marketplace.comparison.compare import (
    Compared,
    ComparisonError,
    compare_subscriptions,
    list_findings,
    require_answers,
)
from include.marketplace.comparison.judge import Ours, Theirs, judge
from include.marketplace.inbox.apply import apply_events
from include.onboarding.following import follow_marketplace
from include.warehouse.tables.marketplace import FINDINGS
from tests.support.marketplace.serving import receive
from tests.support.onboarding import BUYER, access_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle

AT = datetime(2026, 10, 5, tzinfo=UTC)
DAY = timedelta(days=1)
END = datetime(2026, 12, 1, tzinfo=UTC)


def ours(state: str = "active", expires_at: datetime | None = END) -> Ours:
    return Ours("17", "orders", "mp-1", state, expires_at)


@pytest.mark.parametrize(
    ("state", "theirs", "expected"),
    [
        ("active", Theirs("NORMAL", "OPENED", END), None),
        ("active", Theirs("NORMAL", "OPENING", None), None),
        ("active", Theirs("NORMAL", "USING", END + timedelta(milliseconds=5)), None),
        ("frozen", Theirs("NORMAL", "EXPIRED", END), None),
        ("released", Theirs("NORMAL", "CLOSED", END), None),
        ("released", Theirs(None, None, None), None),
        ("released", Theirs("REFUND", "CLOSED", None), None),
        ("active", Theirs("NORMAL", "CLOSED", END), "release_lost"),
        ("frozen", Theirs("REFUND", "CLOSED", END), "release_lost"),
        ("active", Theirs("NORMAL", "EXPIRED", END), "expiry_lost"),
        ("frozen", Theirs("NORMAL", "OPENED", END + DAY), "renewal_lost"),
        ("released", Theirs("NORMAL", "OPENED", END), "runs_there"),
        ("released", Theirs("NORMAL", "EXPIRED", END), "runs_there"),
        ("active", Theirs(None, None, None), "unknown_there"),
        ("active", Theirs("REFUND", "OPENED", END), "order_refunded"),
        ("active", Theirs("NORMAL", "OPENED", END + DAY), "expiry_differs"),
        ("active", Theirs("NORMAL", "SOMETHING", END), "status_unknown"),
    ],
)
def test_a_subscription_is_judged_by_both_states(state: str, theirs: Theirs, expected: str | None) -> None:
    found = judge(ours(state), theirs)
    assert (found and found.kind) == expected
    if found:
        assert COMPARED[found.kind].say(found.facts).endswith(".")


def test_an_expiry_that_one_side_does_not_give_is_no_finding() -> None:
    assert judge(ours(expires_at=None), Theirs("NORMAL", "OPENED", END)) is None


def test_every_kind_has_its_words() -> None:
    assert set(COMPARED) == set(FINDINGS)


def apply(warehouse: Engine) -> None:
    apply_events(warehouse, follow_marketplace, datetime.now(UTC))


class Ordered:
    """An order in the sandbox whose createInstance arrived; `service_instance_id` is what its buyer deletes."""

    def __init__(self, warehouse: Engine, sandbox: SandboxHandle) -> None:
        self.market = Market(access_of(sandbox, sandbox.account("vendor")))
        self._nest = ComputeNest(access_of(sandbox, sandbox.account("buyer", account_id=BUYER)))
        parameters = {"RegionId": "cn-hangzhou", "EnvironmentName": "orders", "VpcId": "vpc-1", "Department": ""}
        wanted = CreateRequest(
            "service-automq-byoc", "orders", parameters, specification_code="cmgj-automq-byoc-postpay"
        )
        self.service_instance_id = self._nest.create_service_instance(wanted, "token-1").service_instance_id
        [known] = sandbox.admin.get("/service-instances").json()
        self.order_id = known["order_id"]
        receive(warehouse, action="createInstance", orderBizId="1", orderId=self.order_id, skuId="payg")
        apply(warehouse)

    def compare(self, warehouse: Engine, at: datetime) -> Compared:
        return compare_subscriptions(warehouse, at, partial(ask_market, self.market))

    def delete(self) -> None:
        self._nest.delete_service_instance(self.service_instance_id, "token-2")


@pytest.fixture
def ordered(warehouse: Engine, sandbox: SandboxHandle) -> Ordered:
    return Ordered(warehouse, sandbox)


def test_a_lost_release_is_found_once_and_over_when_the_event_has_come(warehouse: Engine, ordered: Ordered) -> None:
    assert ordered.compare(warehouse, AT) == Compared(1, 0, 0, {})
    ordered.delete()  # the Marketplace closes it, and its releaseInstance never arrives
    assert ordered.compare(warehouse, AT + DAY) == Compared(1, 1, 0, {})
    assert ordered.compare(warehouse, AT + 2 * DAY) == Compared(1, 0, 0, {})
    [found] = list_findings(warehouse)
    assert (found.kind, found.order_id, found.age(AT + 4 * DAY)) == ("release_lost", ordered.order_id, 3 * DAY)
    assert found.owner == "the vendor's operators"
    assert "its release never arrived" in found.sentence
    receive(warehouse, action="releaseInstance", instanceId="1")
    assert ordered.compare(warehouse, AT + 3 * DAY) == Compared(0, 0, 0, {})  # the event waits
    apply(warehouse)
    assert datetime.now(UTC) - AT > DAY
    assert ordered.compare(warehouse, AT + 4 * DAY) == Compared(1, 0, 1, {})
    assert list_findings(warehouse) == []
    [over] = list_findings(warehouse, AT + 5 * DAY)
    assert (over.resolved_at, over.age(AT + 9 * DAY)) == (AT + 4 * DAY, 3 * DAY)


def test_an_order_that_the_marketplace_does_not_know_is_found(warehouse: Engine, ordered: Ordered) -> None:
    receive(warehouse, action="createInstance", orderBizId="2", orderId="404", skuId="payg")
    apply(warehouse)
    assert ordered.compare(warehouse, AT) == Compared(2, 1, 0, {})
    [found] = list_findings(warehouse)
    assert (found.kind, found.order_id) == ("unknown_there", "404")


def test_a_silent_marketplace_resolves_nothing_and_is_named(warehouse: Engine, ordered: Ordered) -> None:
    ordered.delete()
    ordered.compare(warehouse, AT)

    def silent(_order_id: str, _instance_id: str | None) -> Theirs:
        raise RetriableError("The Marketplace did not answer.")

    silenced = compare_subscriptions(warehouse, AT + DAY, silent)
    assert (silenced.compared, silenced.resolved, list(silenced.failures)) == (0, 0, [ordered.order_id])
    assert [each.kind for each in list_findings(warehouse)] == ["release_lost"]
    with pytest.raises(ComparisonError, match=f"Order {ordered.order_id} could not be compared"):
        require_answers(silenced.failures)
