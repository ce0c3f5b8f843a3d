"""What an event changes, by the state of its subscription: single cells of the table, and lives of subscriptions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.lifecycles import MARKETPLACE_INSTANCE
from include.domain.marketplace.callbacks import ZONE
from include.domain.marketplace.events import ACTIONS, Decision, MarketplaceInstance, decide, named_instance
from include.domain.words.marketplace import PARKED
from tests.support.marketplace.callbacks import StateMachine, utc

ACTIVE = MarketplaceInstance("mi-1", "order-1", "sku-1", "active", utc("2026-12-31"))
FROZEN = replace(ACTIVE, state="frozen")
RELEASED = replace(ACTIVE, state="released")
NOW = utc("2026-10-01")
LATER = "2027-12-31 08:00:00"
GIVEN = {
    "createInstance": {"orderBizId": "mi-1", "orderId": "order-9", "skuId": "sku-9", "expiredOn": LATER},
    "renewInstance": {"orderId": "order-2", "expiredOn": LATER},
    "expiredInstance": {},
    "resumeInstance": {},
    "upgradeInstance": {"orderId": "order-3", "skuId": "sku-2"},
    "refundRenewInstance": {"expiredOn": LATER},
    "releaseInstance": {"isRefund": "false"},
    "orderPay": {"orderId": "order-1"},
}
#: By none, active, frozen, released.
TABLE = {
    "createInstance": "accepted repeated repeated repeated",
    "renewInstance": "parked accepted accepted parked",
    "expiredInstance": "parked parked repeated parked",
    "resumeInstance": "parked repeated accepted parked",
    "upgradeInstance": "parked accepted accepted parked",
    "refundRenewInstance": "parked accepted accepted parked",
    "releaseInstance": "parked accepted accepted repeated",
    "orderPay": "parked parked parked parked",
}


def tell(instance: Any, action: str, at: Any = NOW, **parameters: Any) -> Decision:
    return decide(instance, {"action": action, "instanceId": "mi-1", **GIVEN.get(action, {}), **parameters}, at)


@pytest.mark.parametrize("action", TABLE)
def test_each_cell_of_the_table(action: str) -> None:
    decisions = [tell(instance, action) for instance in (None, ACTIVE, FROZEN, RELEASED)]
    assert " ".join(decision.outcome for decision in decisions) == TABLE[action]
    assert set(ACTIONS) == set(TABLE) - {"orderPay"}
    for before, decision in zip((None, ACTIVE, FROZEN, RELEASED), decisions, strict=True):
        assert (decision.outcome == "accepted") == (decision.instance != before)
        assert (decision.sentence is not None) == (decision.outcome == "parked")


def test_an_order_makes_an_active_subscription() -> None:
    made = tell(None, "createInstance").instance
    assert made == MarketplaceInstance("mi-1", "order-9", "sku-9", "active", utc("2027-12-31"))
    assert tell(None, "createInstance", expiredOn="").instance.expires_at is None
    assert tell(None, "createInstance", expiredOn="2020-01-01 00:00:00", trial="true").outcome == "accepted"


@pytest.mark.parametrize("missing", ["orderBizId", "orderId", "skuId"])
def test_an_order_that_does_not_say_what_was_bought_is_parked(missing: str) -> None:
    decision = tell(None, "createInstance", **{missing: ""})
    assert (decision.outcome, decision.reason, decision.facts["field"]) == ("parked", "missing_field", missing)


def test_a_renewal_takes_effect_once_however_late_it_is_repeated() -> None:
    renewed = tell(FROZEN, "renewInstance").instance
    assert (renewed.state, renewed.expires_at) == ("active", utc("2027-12-31"))
    again: Any = tell(renewed, "renewInstance", orderId="order-5", expiredOn="2028-12-31 08:00:00").instance
    assert again.expires_at == utc("2028-12-31")
    for late in (again, replace(again, state="frozen"), replace(again, state="released")):
        assert tell(late, "renewInstance") == Decision("repeated", late)


def test_orders_are_known_by_action_and_a_parked_one_takes_effect_when_it_comes_again() -> None:
    renewed = tell(ACTIVE, "renewInstance", orderId="order-1").instance
    assert tell(renewed, "upgradeInstance", orderId="order-1").outcome == "accepted"
    assert tell(ACTIVE, "renewInstance", expiredOn="soon").outcome == "parked"
    assert tell(ACTIVE, "renewInstance").outcome == "accepted"


@pytest.mark.parametrize(
    ("action", "wrong", "reason"),
    [
        ("renewInstance", {"expiredOn": ""}, "missing_field"),
        ("renewInstance", {"expiredOn": "soon"}, "unreadable_field"),
        ("renewInstance", {"orderId": ""}, "missing_field"),
        ("renewInstance", {"orderId": "x" * 101}, "unreadable_field"),
        ("upgradeInstance", {"skuId": " "}, "missing_field"),
        ("upgradeInstance", {"skuId": "a\tb"}, "unreadable_field"),
        ("upgradeInstance", {"orderId": ""}, "missing_field"),
        ("refundRenewInstance", {"expiredOn": ""}, "missing_field"),
        ("refundRenewInstance", {"expiredOn": "2026-99-01 00:00:00"}, "unreadable_field"),
        ("createInstance", {"expiredOn": "soon"}, "unreadable_field"),
    ],
)
def test_an_event_that_does_not_say_what_it_changes_is_parked(action: str, wrong: dict[str, str], reason: str) -> None:
    before = None if action == "createInstance" else ACTIVE
    decision = tell(before, action, **wrong)
    assert (decision.outcome, decision.reason, decision.instance) == ("parked", reason, before)


def test_an_expiry_freezes_from_the_known_end_on_and_not_before() -> None:
    ends = utc("2026-12-31")
    assert tell(ACTIVE, "expiredInstance", ends).instance.state == "frozen"
    early = tell(ACTIVE, "expiredInstance", ends - timedelta(seconds=1))
    assert (early.outcome, early.reason) == ("parked", "expires_later")
    assert "2026-12-31T00:00:00Z" in early.sentence
    assert tell(replace(ACTIVE, expires_at=None), "expiredInstance").instance.state == "frozen"


def test_the_second_expiry_takes_effect_a_year_later_and_a_late_repetition_of_the_first_does_not() -> None:
    frozen = tell(ACTIVE, "expiredInstance", utc("2026-12-31")).instance
    assert tell(frozen, "expiredInstance", utc("2026-12-31T00:01:00")).outcome == "repeated"
    renewed = tell(frozen, "renewInstance").instance
    assert tell(renewed, "expiredInstance", utc("2027-01-02")) == Decision(
        "parked",
        renewed,
        "expires_later",
        {"action": "expiredInstance", "instance_id": "mi-1", "expires_at": "2027-12-31T00:00:00+00:00"},
    )
    assert tell(renewed, "expiredInstance", utc("2027-12-31T00:00:05")).instance.state == "frozen"


def test_a_refund_of_a_renewal_takes_effect_unless_its_end_is_known_already() -> None:
    refunded = tell(ACTIVE, "refundRenewInstance", expiredOn="2026-11-30 08:00:00").instance
    assert refunded == replace(ACTIVE, expires_at=utc("2026-11-30"))
    assert tell(refunded, "refundRenewInstance", expiredOn="1796000000000").outcome == "accepted"
    milliseconds = str(int(utc("2026-11-30").timestamp() * 1000))
    for state in ("active", "frozen", "released"):
        known = replace(refunded, state=state)
        assert tell(known, "refundRenewInstance", expiredOn=milliseconds) == Decision("repeated", known)


def test_an_event_names_its_instance_by_our_id_and_an_order_by_the_marketplaces() -> None:
    parameters = {"instanceId": "ours", "orderBizId": "theirs"}
    assert named_instance({"action": "createInstance", **parameters}) == "theirs"
    assert named_instance({"action": "renewInstance", **parameters}) == "ours"
    assert named_instance({}) == ""
    assert tell(None, "renewInstance", instanceId="").facts["field"] == "instanceId"


def test_an_event_without_an_action_is_parked() -> None:
    assert decide(ACTIVE, {"instanceId": "mi-1"}, NOW).sentence.startswith("An event came without action")
    assert tell(ACTIVE, "drop\x1b[2J" + "x" * 1000).outcome == "parked"


def test_every_reason_has_words() -> None:
    decisions = [
        tell(ACTIVE, "orderPay"), tell(ACTIVE, "expiredInstance"), tell(None, "renewInstance"),
        tell(RELEASED, "renewInstance"), tell(ACTIVE, "renewInstance", orderId=""),
        tell(ACTIVE, "renewInstance", expiredOn="soon"),
    ]  # fmt: skip
    assert {decision.reason for decision in decisions} == set(PARKED)
    assert all(decision.sentence for decision in decisions)


DAYS = st.integers(0, 40).map(lambda day: utc("2026-10-01") + timedelta(days=day))
EVENTS = st.fixed_dictionaries(
    {
        "action": st.sampled_from(list(TABLE)),
        "orderBizId": st.sampled_from(["mi-1", "mi-2"]),
        "instanceId": st.sampled_from(["mi-1", "mi-2", "mi-3", "0"]),
        "orderId": st.sampled_from(["o-1", "o-2", "o-3"]),
        "skuId": st.sampled_from(["sku-1", "sku-2"]),
        "expiredOn": DAYS,
    }
)


def sent(event: dict, *, in_milliseconds: bool) -> dict[str, str]:
    at: datetime = event["expiredOn"]
    text = str(int(at.timestamp()) * 1000) if in_milliseconds else f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
    return {**event, "expiredOn": text}


@given(st.lists(st.tuples(DAYS, EVENTS, st.booleans()), max_size=40))
def test_any_events_come_to_what_an_independent_state_machine_says(
    history: list[tuple[datetime, dict, bool]],
) -> None:
    oracle, instances = StateMachine(), {}
    counts = {"accepted": 0, "repeated": 0, "parked": 0}
    for at, event, in_milliseconds in history:
        oracle.receive(at, event)
        parameters = sent(event, in_milliseconds=in_milliseconds)
        name = named_instance(parameters)
        before = instances.get(name)
        decision = decide(before, parameters, at)
        counts[decision.outcome] += 1
        if decision.instance is not None:
            instances[name] = decision.instance
            if before is not None and before.state != decision.instance.state:
                assert (before.state, decision.instance.state) in MARKETPLACE_INSTANCE.transitions
    assert counts == oracle.counts
    assert oracle.printed() == [
        {
            "marketplace_instance_id": each.marketplace_instance_id,
            "order_id": each.order_id,
            "sku_id": each.sku_id,
            "state": each.state,
            "expires_at": each.expires_at and f"{each.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        for _, each in sorted(instances.items())
    ]
