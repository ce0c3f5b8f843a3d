"""Where a marketplace takes whole AKU-hours, what is left of them is carried: the parts sum to the whole."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.catalog.loader import load_channel
from include.domain.periods import Window
from include.domain.products import MeteringItem
from include.marketplace.push.ledger import Ledger
from include.marketplace.push.records import sum_agreement
from include.warehouse.engine import alone
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage, rows
from tests.support.marketplace.outsides import AWS, CHINA
from tests.support.marketplace.pushing import AT, HOUR, Vendor
from tests.support.properties import PHASES

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle

AKU_HOURS = AWS.item._replace(dimension="aku_hours", unit_seconds=3600)
#: The hours of an example, all of which every run looks at.
HOURS = 20
NOW = AT + HOURS * HOUR + timedelta(minutes=45)
_numbers = count(1)
#: Hour → AKU-seconds, and the run in which they become known.
lives = st.dictionaries(st.integers(0, HOURS - 1), st.tuples(st.integers(1, 9000), st.integers(0, 2)), max_size=HOURS)


@pytest.fixture
def seller(warehouse: Engine, sandbox: SandboxHandle) -> Vendor:
    return Vendor(warehouse, sandbox, AWS.access(sandbox), outside=AWS, metered_since=AT)


def expected(life: dict[int, tuple[int, int]], unit: int) -> dict[int, tuple[int, int]]:
    """Hour → what its record takes over, and what it sends: by hand, in the order in which records are made."""
    made, left = {}, 0
    for _, hour, quantity in sorted((run, hour, quantity) for hour, (quantity, run) in life.items()):
        made[hour] = (left, (left + quantity) // unit)
        left = (left + quantity) % unit
    return made


@settings(max_examples=40, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(life=lives, other=lives, unit=st.sampled_from([1, 60, 3600, 7200]))
def test_parts_sum_to_the_whole_in_whatever_order_hours_become_known(
    life: dict[int, tuple[int, int]], other: dict[int, tuple[int, int]], unit: int, warehouse: Engine
) -> None:
    item, channel = CHINA.item._replace(unit_seconds=unit), load_channel("alibaba-china")
    buyer, lived = f"11{next(_numbers):014}", {}
    with warehouse.begin() as connection:
        make_buyer(connection, buyer)
        for name, hours in (("one", life), ("two", other)):
            instance = f"mp-{buyer}-{name}"
            ids = {"marketplace_instance_id": instance, "subscription_id": f"sub-{buyer}-{name}"}
            ids |= {"service_instance_id": f"si-{buyer}-{name}", "order_id": f"order-{buyer}-{name}"}
            key = make_subscription(connection, buyer, f"{name}-{buyer}", **ids)
            lived[instance] = (make_instance(connection, key, f"kf-{buyer}-{name}"), hours)
    for run in range(3):
        with warehouse.begin() as connection:
            for instance_key, hours in lived.values():
                for hour, (quantity, known_in) in sorted(hours.items()):
                    if known_in == run:
                        make_usage(connection, instance_key, AT + hour * HOUR, [quantity])
        with alone(warehouse, ("marketplace", "push", channel.name)) as connection:
            Ledger(connection, channel).enter([item], NOW)
    for instance, (_, hours) in lived.items():
        query = (
            "SELECT hour_start, carried_in, units, quantity, outcome FROM marketplace.push_records "
            f"WHERE marketplace_instance_id = '{instance}'"
        )
        found = rows(warehouse, query)
        made = {int((hour - AT) / HOUR): (carried_in, units) for hour, carried_in, units, _, _ in found}
        assert made == expected(hours, unit)
        assert all((outcome == "carried") == (units == 0) for _, _, units, _, outcome in found)
        rest = sum(quantity for quantity, _ in hours.values()) - unit * sum(units for _, _, units, _, _ in found)
        assert 0 <= rest < unit


def test_whole_aku_hours_are_sent_and_the_rest_with_the_next_hour(seller: Vendor) -> None:
    seller.subscribe(2)
    for number, quantities in enumerate([(5400, 3599), (5400, 2), (1800, 7199)]):
        seller.wait_until(AT + (number + 1) * HOUR + timedelta(minutes=5))
        seller.use(AT + number * HOUR, *quantities)
        assert seller.push(items=(AKU_HOURS,)).outcomes == {"accepted": 2}
    first, second = seller.instances
    assert seller.book() == {
        f"{first} 10T08": [1],
        f"{first} 10T09": [2],
        f"{first} 10T10": [0],
        f"{second} 10T08": [0],
        f"{second} 10T09": [1],
        f"{second} 10T10": [2],
    }
    left = [3600 * 3 + 1800 - 3 * 3600, 3599 + 2 + 7199 - 3 * 3600]
    agreement = sum_agreement(seller.warehouse, Window(AT, AT + 3 * HOUR))
    assert [(row["accepted"], row["carried"], row["difference"]) for row in agreement] == [
        (3 * 3600, rest, 0) for rest in left
    ]
    seller.assert_nothing_is_twice_or_lost()


def test_less_than_a_unit_is_carried_and_not_sent_where_idle_hours_are_left_out(vendor: Vendor) -> None:
    hours = CHINA.item._replace(unit_seconds=3600)
    vendor.subscribe()
    vendor.use(AT, 1800)
    assert vendor.push(items=(hours,)).counts() == {"entered": 1, "requests": 0}
    assert vendor.outcomes() == {"carried": 1}
    vendor.wait_until(AT + 2 * HOUR + timedelta(minutes=5))
    vendor.use(AT + HOUR, 1800)
    assert vendor.push(items=(hours,)).outcomes == {"accepted": 1}
    assert vendor.book() == {f"{vendor.instances[0]} 10T09": [1]}


def test_what_was_missed_takes_nothing_with_it(vendor: Vendor) -> None:
    hours = CHINA.item._replace(unit_seconds=3600)
    vendor.subscribe()
    vendor.use(AT, 5400)
    vendor.wait_until(AT + 2 * HOUR + timedelta(minutes=5))
    vendor.use(AT + HOUR, 1800)
    assert vendor.push(items=(hours,)).outcomes == {"missed": 1, "accepted": 1}
    assert vendor.book() == {f"{vendor.instances[0]} 10T09": [1]}
    with vendor.warehouse.connect() as connection:
        query = text("SELECT sum(missed), sum(accepted), sum(carried), sum(difference) FROM marketplace.agreement")
        assert connection.execute(query).one() == (3600, 3600, 0, 0)


def test_what_the_marketplace_measures_itself_is_expected_to_the_second(vendor: Vendor) -> None:
    vendor.subscribe()
    vendor.use(AT, 5400)
    vendor.push(items=(CHINA.item._replace(unit_seconds=3600, is_pushed=False),))
    assert rows(vendor.warehouse, "SELECT units, unit_seconds FROM marketplace.push_records") == [(5400, 1)]


def test_a_unit_is_one_aku_second_where_the_product_says_nothing() -> None:
    item = {"channel": "aws", "dimension": "aku_hours", "key": "", "measured_by": "Custom"}
    assert MeteringItem.model_validate(item).quantity_unit_seconds == 1
    assert MeteringItem.model_validate({**item, "quantity_unit_seconds": 3600}).quantity_unit_seconds == 3600
