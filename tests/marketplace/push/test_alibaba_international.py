"""The channel alibaba-international by its real SDK: our ids, what is sent, and what it says when it is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.catalog.loader import load_channel
from include.domain.errors import ConfigurationError
from include.marketplace.push.asking import resolve_by_asking
from include.marketplace.push.calling import call
from include.marketplace.push.channels.alibaba_international import wire
from include.marketplace.push.channels.alibaba_international.sender import AlibabaInternational
from include.marketplace.push.senders import PushRecord
from tests.support.cloud import QUICK, Cloud, Said, says
from tests.support.marketplace.outsides import INTERNATIONAL
from tests.support.marketplace.pushing import AT as DAY
from tests.support.marketplace.pushing import HOUR, Vendor

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle

AT = datetime(2026, 10, 1, 8, tzinfo=UTC)
RECORD = PushRecord(1, "5000002763123", "sgcmgj", AT, 7200, AT, AT + timedelta(hours=1), "sgcmgj-Period-1", "Period")
OURS = wire.push_order_biz_id(RECORD)
THERE = {
    "PushOrderBizId": OURS,
    "InstanceId": "5000002763123",
    "StartTime": 1790841600000,
    "EndTime": 1790845200000,
    "MeteringAssist": "sgcmgj-Period-1",
    "MeteringEntity": '{"Period":7200}',
    "IsPushBilling": False,
}


@pytest.fixture
def seller(warehouse: Engine, sandbox: SandboxHandle) -> Vendor:
    access = INTERNATIONAL.access(sandbox)
    return Vendor(warehouse, sandbox, access, outside=INTERNATIONAL, metered_since=DAY)


def test_a_record_is_sent_with_our_id_in_milliseconds_and_once(cloud: Cloud) -> None:
    assert json.loads(wire.encode([RECORD])) == [{name: THERE[name] for name in THERE if name != "IsPushBilling"}]
    cloud.answers = [says(RequestId="r-1", Success=True, Result=True, Code="200")]
    called = call(AlibabaInternational(cloud.access, QUICK), wire.encode([RECORD]), 1)
    assert [booking.outcome for booking in called.bookings] == ["accepted"]
    assert called.evidence.request_id == "r-1"
    assert [asked["Action"] for asked in cloud.asked] == ["PushMeteringData"]


moved = st.sampled_from([
    {"marketplace_instance_id": "another"},
    {"window_start": AT + HOUR, "window_end": AT + 2 * HOUR},
    {"dimension": "sgcmgj-Period-2"},
])  # fmt: skip


@given(moved, st.integers(0, 10**9))
def test_our_id_is_the_same_in_each_try_and_in_no_other_record(changes: dict[str, Any], number: int) -> None:
    again = RECORD._replace(record_key=number, most_together=number or None, quantity=number)
    assert wire.push_order_biz_id(again) == OURS
    assert wire.push_order_biz_id(RECORD._replace(**changes)) != OURS


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (says(Success=True, Result=True), "accepted"),
        (says(Success=True), "accepted"),
        (says(Success=True, Result=False), "unknown"),
        (says(Success=False, Code="SomethingNew", Message="?"), "unknown"),
        (says(Success="true", Result=True), "unknown"),
        (says(), "unknown"),
        (Said(200, b"<html>Welcome</html>", "text/html"), "unknown"),
        (Said(200, b""), "unknown"),
        (Said(200, b"[]"), "unknown"),
        (says(500, Code="InternalError", Message="?"), "unknown"),
        (says(418, Code="Teapot", Message="?"), "unknown"),
        (says(400, Code="InvalidParameter.MeteringEntity", Message="?"), "refused"),
        (says(400, Code="Throttling.User", Message="?"), "pending"),
        (says(403, Code="Forbidden.RAM", Message="?"), "not_sent"),
    ],
)
def test_whatever_comes_back_has_an_outcome_and_is_asked_once(said: Said, outcome: str, cloud: Cloud) -> None:
    cloud.answers = [said]
    (booking,) = call(AlibabaInternational(cloud.access, QUICK), wire.encode([RECORD]), 1).bookings
    assert (booking.outcome, len(cloud.asked)) == (outcome, 1)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (says(Success=True, Result=THERE), "there"),
        (says(Success=True, Result=THERE | {"MeteringEntity": '{"Period": "7200"}'}), "there"),
        (says(Success=True, Result=THERE | {"StartTime": "2026-10-01T08:00:00Z"}), "there"),
        (says(Success=True, Result=THERE | {"MeteringEntity": '{"Period":7201}'}), "different"),
        (says(Success=True, Result=THERE | {"MeteringEntity": '{"Frequency":7200}'}), "unclear"),
        (says(Success=True, Result=THERE | {"MeteringEntity": "7200"}), "unclear"),
        (says(Success=True, Result=THERE | {"MeteringEntity": "?"}), "unclear"),
        (says(Success=True, Result=THERE | {"InstanceId": "another"}), "unclear"),
        (says(Success=True, Result=THERE | {"StartTime": 1790841600000 - 3600_000}), "unclear"),
        (says(Success=True, Result=THERE | {"PushOrderBizId": "another"}), "unclear"),
        (says(Success=True), "absent"),
        (says(Success=True, Result={}), "absent"),
        (says(Success=False, Code="NotFound"), "unclear"),
        (says(Success="true"), "unclear"),
        (says(), "unclear"),
    ],
)
def test_what_is_said_of_a_record_is_there_different_absent_or_unclear(said: Said, found: str, cloud: Cloud) -> None:
    cloud.answers = [said]
    assert AlibabaInternational(cloud.access, QUICK).ask(RECORD) == found


def test_what_arrived_is_accepted_as_soon_as_it_is_asked_for(seller: Vendor) -> None:
    seller.subscribe()
    seller.use(DAY, 3600)
    seller.fault("lost_answer", times=1)
    seller.push()
    assert seller.push().counts() == {"entered": 0, "requests": 0, "accepted": 1}
    assert seller.ledger() == [("accepted", "asked_there")]


def test_what_did_not_arrive_goes_again_when_it_cannot_be_on_its_way_any_more(seller: Vendor) -> None:
    seller.subscribe()
    seller.use(DAY, 3600)
    seller.fault("unavailable", times=1)
    seller.push()
    seller.wait(4 * 60)
    assert (seller.push().requests, seller.outcomes()) == (0, {"unknown": 1})
    seller.wait(2 * 60)
    assert (seller.push().requests, seller.outcomes()) == (1, {"accepted": 1})
    seller.assert_nothing_is_twice_or_lost()


def test_what_did_not_arrive_by_its_cut_off_is_missed(seller: Vendor) -> None:
    seller.subscribe()
    seller.use(DAY, 3600)
    seller.fault("unavailable", times=1)
    seller.push()
    seller.wait_until(DAY + 2 * HOUR)
    pushed = seller.push()
    assert (seller.ledger(), len(pushed.open_points)) == ([("missed", "asked_absent")], 1)
    assert seller.book() == {}


def test_a_question_that_is_not_answered_settles_nothing_and_new_hours_go(seller: Vendor) -> None:
    seller.subscribe()
    seller.use(DAY, 3600)
    seller.fault("lost_answer", times=1)
    seller.push()
    seller.wait_until(DAY + 2 * HOUR + timedelta(minutes=5))
    seller.use(DAY + HOUR, 60)
    seller.sandbox.fault("server_error", service="marketplaceintl", action="DescribePushMeteringData", times=20)
    seller.push()
    assert seller.outcomes() == {"unknown": 1, "accepted": 1}
    seller.assert_nothing_is_twice_or_lost()


def test_a_held_channel_is_asked_all_the_same(seller: Vendor) -> None:
    seller.subscribe(2)
    seller.use(DAY, 3600, 7200)
    seller.fault("lost_answer", times=1)
    seller.push()
    channel, ends_at = load_channel("alibaba-international"), seller.now + HOUR
    asked = resolve_by_asking(
        seller.warehouse, channel, lambda: INTERNATIONAL.sender(seller.access), lambda: seller.now, ends_at
    )
    assert {outcome: len(keys) for outcome, keys in asked.outcomes.items()} == {"accepted": 2}

    def no_access() -> Any:
        raise ConfigurationError("The connection is missing.")

    with pytest.raises(ConfigurationError):
        resolve_by_asking(seller.warehouse, channel, no_access, lambda: seller.now, ends_at)
