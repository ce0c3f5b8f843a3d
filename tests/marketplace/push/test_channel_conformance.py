"""What every channel of the catalogue does, by its real SDK against its room of the sandbox, which has its own book.

A new channel has to pass all of it: add its entry to tests/support/marketplace/outsides.py.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.catalog.loader import CATALOG, load_channel
from include.domain.errors import AkubillError, ConfigurationError
from include.marketplace.push.senders import AskableSender, PushRecord
from include.orchestration.senders import SENDERS
from tests.support.builders import rows
from tests.support.marketplace.outsides import OUTSIDES, Outside
from tests.support.marketplace.pushing import AT, HOUR, Vendor

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle

CHANNELS = sorted(file.stem for file in (CATALOG / "channels").glob("*.yaml"))
of_every_channel = pytest.mark.parametrize("channel", CHANNELS)
#: What does not say what happened: kind of fault, its traits, and whether the marketplace did the work.
LOST = [
    ("lost_answer", {}, True),
    ("broken", {}, True),
    ("server_error", {}, False),
    ("unavailable", {}, False),
    ("html", {"status": 200}, False),
    ("html", {"status": 502}, False),
    ("not_json", {}, False),
    ("refuse", {"status": 418, "code": "SomethingNew"}, False),
]


@pytest.fixture
def seller(channel: str, warehouse: Engine, sandbox: SandboxHandle) -> Vendor:
    """A vendor at the channel's marketplace, without subscriptions."""
    outside = OUTSIDES[channel]
    return Vendor(warehouse, sandbox, outside.access(sandbox), outside=outside, metered_since=AT)


def test_every_channel_of_the_catalogue_has_a_sender_and_is_held_to_these_tests() -> None:
    assert set(CHANNELS) == set(SENDERS) == set(OUTSIDES)


ids = st.text("0123456789abcdef-", min_size=1, max_size=40)
records = st.builds(
    lambda key, instance, hour, quantity: PushRecord(
        key, instance, "product", hour, quantity, hour, hour + HOUR, "dimension-Period-1", "Period"
    ),
    st.integers(1, 10**9),
    ids,
    st.integers(0, 10**5).map(lambda hours: datetime(2026, 1, 1, tzinfo=UTC) + hours * HOUR),
    st.integers(0, 2**31 - 1),
)


@of_every_channel
@given(st.lists(records, min_size=1, max_size=5, unique_by=lambda record: (record[1], record[3])), st.integers(1, 9))
def test_a_request_is_made_of_what_is_frozen_and_of_nothing_else(
    channel: str, batch: list[PushRecord], most: int
) -> None:
    sender = OUTSIDES[channel].sender(None)
    again = [record._replace(most_together=most, record_key=record.record_key + most) for record in batch]
    assert sender.encode(batch) == sender.encode(again)
    more = [batch[0]._replace(quantity=batch[0].quantity + 1), *batch[1:]]
    assert sender.encode(more) != sender.encode(batch)


@of_every_channel
def test_the_largest_request_is_inside_the_channels_bytes(channel: str) -> None:
    outside, limits = OUTSIDES[channel], load_channel(channel).request
    item, largest = outside.item, load_channel(channel).largest_quantity
    hours = [AT + number * HOUR for number in range(limits.records)]
    full = [
        PushRecord(
            n, outside.unknown_instance, item.product_code, at, largest, at, at + HOUR, item.dimension, item.item_key
        )
        for n, at in enumerate(hours)
    ]
    planned = limits.records * (limits.record_bytes + 3 * len(outside.unknown_instance))
    assert outside.size(outside.sender(None).encode(full)) <= planned <= limits.bytes


@of_every_channel
def test_what_is_taken_is_accepted_and_sent_once(seller: Vendor, channel: str) -> None:
    seller.subscribe(3)
    seller.use(AT, 3600, 7200, 5)
    assert seller.push().outcomes == {"accepted": 3}
    assert seller.book() == {
        f"{instance} 10T08": [quantity] for instance, quantity in zip(seller.instances, (3600, 7200, 5), strict=True)
    }
    assert seller.push().requests == 0
    seller.assert_nothing_is_twice_or_lost()


@of_every_channel
def test_idle_hours_are_sent_where_the_channel_wants_them(seller: Vendor, channel: str) -> None:
    seller.subscribe(2)
    seller.use(AT, 3600, 0)
    seller.push()
    wants_them = load_channel(channel).idle_hours == "sent"
    assert [quantities for quantities in seller.book().values() if quantities == [0]] == ([[0]] if wants_them else [])


@of_every_channel
def test_requests_are_inside_the_channels_limits(seller: Vendor, channel: str) -> None:
    limit = load_channel(channel).request.records
    count = 2 * limit + 3
    seller.subscribe(count)
    seller.use(AT, *range(1, count + 1))
    seller.push()
    sizes = rows(seller.warehouse, "SELECT count(*) FROM marketplace.push_attempt_records GROUP BY attempt_key")
    assert sorted(size for (size,) in sizes) == [3, limit, limit]
    assert seller.outcomes() == {"accepted": count}


@of_every_channel
def test_what_is_refused_is_refused_alone(seller: Vendor, channel: str) -> None:
    seller.subscribe(5)
    seller.use(AT, 1, 2, 3, 4, 5)
    unknown = seller.outside.unknown_instance
    seller.rename(seller.instances[2], unknown)
    pushed = seller.push()
    assert seller.outcomes() == {"accepted": 4, "refused": 1}
    assert seller.booked()[f"{unknown} 10T08"] == ("refused", 3)
    ((their_code,),) = rows(
        seller.warehouse, "SELECT their_code FROM marketplace.push_records WHERE outcome = 'refused'"
    )
    (named,) = pushed.open_points
    assert their_code in named
    seller.assert_nothing_is_twice_or_lost()


@of_every_channel
def test_a_marketplace_that_asks_to_wait_is_waited_for(seller: Vendor, channel: str) -> None:
    seller.subscribe()
    seller.use(AT, 3600)
    seller.fault("throttle", times=2)
    before = seller.now
    assert seller.push().outcomes == {"pending": 2, "accepted": 1}
    assert seller.now - before >= timedelta(seconds=120)


@of_every_channel
@pytest.mark.parametrize(("fault", "traits", "was_done"), LOST)
def test_a_lost_answer_is_never_a_second_charge(
    fault: str, traits: dict, *, was_done: bool, seller: Vendor, channel: str
) -> None:
    seller.subscribe()
    seller.use(AT, 3600)
    seller.fault(fault, times=1, **traits)
    pushed = seller.push()
    assert (pushed.outcomes, len(pushed.open_points)) == ({"unknown": 1}, 1)
    assert seller.book() == ({f"{seller.instances[0]} 10T08": [3600]} if was_done else {})
    for _ in range(4):
        seller.wait(120)
        seller.push()
    seller.assert_nothing_is_twice_or_lost()
    rules = load_channel(channel)
    is_settled = rules.can_be_asked or rules.on_unknown == "send_again"
    assert seller.outcomes() == {"accepted" if is_settled else "unknown": 1}


@of_every_channel
@pytest.mark.parametrize("was_done", [True, False])
def test_a_run_that_was_killed_in_its_call_is_never_a_second_charge(
    *, was_done: bool, seller: Vendor, channel: str
) -> None:
    class KilledError(BaseException):
        pass

    class Killed:
        def __init__(self) -> None:
            self._sender = seller.outside.sender(seller.access)

        def __getattr__(self, name: str) -> object:
            return getattr(self._sender, name)

        def send(self, request: str) -> None:
            if was_done:
                self._sender.send(request)
            raise KilledError

    seller.subscribe()
    seller.use(AT, 3600)
    with pytest.raises(KilledError):
        seller.push(open_sender=Killed)
    assert seller.outcomes() == {"sending": 1}
    for _ in range(4):
        seller.wait(120)
        seller.push()
    seller.assert_nothing_is_twice_or_lost()
    assert set(seller.outcomes()) <= {"accepted", "unknown"}


@of_every_channel
def test_what_cannot_have_arrived_waits(seller: Vendor, channel: str) -> None:
    seller.subscribe()
    seller.use(AT, 3600)
    right = seller.access
    seller.access = replace(right, endpoint="127.0.0.1:9")
    assert seller.push().outcomes == {"pending": 1}
    seller.access = right
    assert seller.push().outcomes == {"accepted": 1}


@of_every_channel
def test_missing_or_refused_access_is_never_success(seller: Vendor, channel: str) -> None:
    def no_access() -> None:
        raise ConfigurationError("The Airflow connection is missing.")

    seller.subscribe()
    seller.use(AT, 3600)
    assert seller.push(open_sender=no_access).outcomes == {"not_sent": 1}
    right = seller.access
    seller.access = replace(right, access_key_id="AKIAUNKNOWN")
    assert seller.push().outcomes == {"not_sent": 1}
    assert (seller.ledger(), seller.book()) == ([("not_sent", "no_access")], {})
    seller.access = right
    assert seller.push().outcomes == {"accepted": 1}


@of_every_channel
def test_what_the_marketplace_has_already_is_kept_apart(seller: Vendor, channel: str) -> None:
    """Where the marketplace keeps the first record, or says what it has."""
    seller.subscribe(2)
    seller.use(AT, 3600, 7200)
    sender, rules = seller.outside.sender(seller.access), load_channel(channel)
    others = [replace_quantity(record, -1 if record.quantity == 7200 else 0) for record in sent_of(seller)]
    sender.send(sender.encode(others))
    if isinstance(sender, AskableSender):
        ours = [record._replace(quantity=quantity) for record, quantity in zip(others, (3600, 7200), strict=True)]
        assert [sender.ask(record) for record in ours] == ["there", "different"]
        assert sender.ask(ours[0]._replace(marketplace_instance_id="another")) == "absent"
    elif rules.repeats_are_safe:
        pushed = seller.push()
        assert pushed.outcomes == {"accepted": 1, "duplicate_different": 1}
        assert len(pushed.open_points) == 1
        assert sorted(seller.book().values()) == [[3600], [7199]]
    else:
        assert rules.on_unknown == "hold"


@of_every_channel
def test_the_harmless_call_needs_an_answer_and_changes_nothing(seller: Vendor, channel: str) -> None:
    sender = seller.outside.sender(seller.access)
    sender.check_reachable()
    assert seller.outside.book(seller.sandbox) == []
    seller.sandbox.fault("unavailable", service=seller.outside.service)
    with pytest.raises(AkubillError):
        sender.check_reachable()


@of_every_channel
def test_runs_at_once_make_one_call(seller: Vendor, channel: str) -> None:
    seller.subscribe(5)
    seller.use(AT, *range(1, 6))
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(seller.push) for _ in range(3)]
        assert sum(run.result().requests for run in runs) == 1
    seller.assert_nothing_is_twice_or_lost()


def sent_of(seller: Vendor) -> list[PushRecord]:
    """What the ledger would send, without a ledger."""
    item = seller.outside.item
    return [
        PushRecord(0, instance, item.product_code, AT, quantity, AT, AT + HOUR, item.dimension, item.item_key)
        for instance, quantity in zip(seller.instances, (3600, 7200), strict=True)
    ]


def replace_quantity(record: PushRecord, by: int) -> PushRecord:
    return record._replace(quantity=record.quantity + by)


def test_an_outside_is_complete() -> None:
    named = {"channel", "service", "action", "item", "unknown_instance"}
    assert all(hasattr(outside, name) for outside in OUTSIDES.values() for name in named)
    assert all(isinstance(outside, Outside) for outside in OUTSIDES.values())
