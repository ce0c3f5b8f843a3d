"""What a listing says, instance by instance."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from include.metering.polling.readings import read_listing
from tests.support.metering.lives import AKU, NOON, Environment, every_five_minutes, gaps, hours, kafka


def judge(*instances, aku=AKU):
    return read_listing(instances, NOON, aku)


def without(*path: str) -> dict:
    """A good instance without that field."""
    instance = kafka()
    inner = instance
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return instance


def test_the_current_size_counts_before_the_reserved_one() -> None:
    [reading], rejections = judge(kafka() | {"spec": {"reservedAku": 6, "currentAku": 8}})
    assert (reading.aku, rejections) == (8, [])
    [reading], _ = judge(kafka() | {"spec": {"reservedAku": 6, "currentAku": None}})
    assert reading.aku == 6


def test_which_field_is_the_size_is_data_of_the_product() -> None:
    both = kafka() | {"spec": {"reservedAku": 6, "currentAku": 8, "nodes": 3}}
    for fields, size in ((["reservedAku"], 6), (["reservedAku", "currentAku"], 6), (["nodes"], 3)):
        [reading], rejections = judge(both, aku=AKU.model_copy(update={"fields": fields}))
        assert (reading.aku, rejections) == (size, [])
    [reading], [(_, rejection)] = judge(both, aku=AKU.model_copy(update={"fields": ["billedAku"]}))
    assert (reading.aku, "has no spec.billedAku." in rejection.sentence) == (None, True)


@pytest.mark.parametrize("spec", [{}, {"reservedAku": None}, {"pricingMode": "UsageBased", "reservedNodeCount": 3}])
def test_a_listing_without_a_size_is_a_rejection_and_a_gap_and_never_zero(warehouse: Engine, spec: dict) -> None:
    """After an answer with a size, that size is the estimate; of an instance that never had one nothing is known."""
    orders = Environment(warehouse)
    sizeless = kafka() | {"spec": spec}
    never_sized = kafka(name="kf-2") | {"spec": spec}
    orders.tell(*every_five_minutes(orders, 15, kafka(6), never_sized))
    orders.tell(*every_five_minutes(orders, 65, sizeless, never_sized, since=20))
    orders.close()
    with warehouse.connect() as connection:
        rejected = connection.execute(text("SELECT DISTINCT rule FROM metering.rejections")).scalars().all()
    assert rejected == ["missing_field"]
    assert [(used.instance_id, used.aku_seconds, used.estimated, used.gap_seconds) for used in hours(warehouse)] == [
        ("kf-1", 6 * 3600, 6 * 45 * 60, 45 * 60),
        ("kf-2", 0, 0, 3600),
    ]
    assert {(name, cause, state) for name, _, _, cause, state in gaps(warehouse)} == {
        ("kf-1", "rejected_reading", "open"),
        ("kf-2", "rejected_reading", "open"),
    }


def test_times_are_cut_to_whole_seconds_and_unknown_fields_do_no_harm() -> None:
    [reading], rejections = judge(kafka() | {"gmtModified": "2026-10-01T19:59:59.999+08:00", "mood": {"good": True}})
    assert reading.modified_at == NOON - timedelta(seconds=1)
    assert rejections == []


@pytest.mark.parametrize(
    ("instance", "rule", "says"),
    [
        (kafka(state="Confused"), "unknown_state", "'Confused'"),
        (kafka(-1), "negative_aku", "-1 AKU"),
        (kafka(501), "aku_above_limit", "more than the product's 500"),
        (kafka("6"), "mistyped_field", "spec.reservedAku '6'"),
        (kafka(6.0), "mistyped_field", "spec.reservedAku 6.0"),
        (kafka(True), "mistyped_field", "spec.reservedAku True"),  # noqa: FBT003 (a wrong type)
        (kafka(state=7), "mistyped_field", "state 7"),
        (without("state"), "missing_field", "has no state"),
        (without("spec"), "missing_field", "has no spec"),
        (without("spec", "reservedAku"), "missing_field", "neither spec.currentAku nor spec.reservedAku"),
        (without("gmtModified"), "missing_field", "has no gmtModified"),
        (kafka() | {"gmtCreate": "2026-10-01T12:00:00"}, "mistyped_field", "no time zone"),
        (kafka() | {"gmtCreate": 1759320000}, "mistyped_field", "not text"),
        (kafka() | {"gmtCreate": "0001-01-01T00:00:00+08:00"}, "mistyped_field", "outside the calendar"),
    ],
)
def test_what_breaks_a_rule_is_rejected_and_the_others_go_on(instance: dict, rule: str, says: str) -> None:
    readings, [(instance_id, rejection)] = judge(instance, kafka(name="kf-2"))
    assert (instance_id, rejection.rule) == ("kf-1", rule)
    assert says in rejection.sentence
    assert rejection.payload == instance
    assert [(reading.instance_id, reading.aku) for reading in readings] == [("kf-1", None), ("kf-2", 6)]


def test_an_instance_without_an_id_is_rejected_and_leaves_no_reading() -> None:
    readings, [(instance_id, rejection)] = judge(without("instanceId"))
    assert (readings, instance_id, rejection.rule) == ([], "", "missing_field")


def test_a_time_in_the_future_is_rejected_while_the_size_still_counts() -> None:
    [reading], [(_, rejection)] = judge(kafka(m=5))
    assert (reading.aku, rejection.rule) == (6, "time_in_future")


def test_an_instance_that_is_listed_twice_with_two_sizes_has_none() -> None:
    [reading], [(_, rejection)] = judge(kafka(6), kafka(8))
    assert (reading.aku, rejection.rule) == (None, "listed_twice")
    assert judge(kafka(6), kafka(6))[1] == []


def test_two_consoles_may_use_the_same_instance_id(warehouse: Engine) -> None:
    orders, payments = Environment(warehouse), Environment(warehouse, "payments")
    orders.tell(*every_five_minutes(orders, 60, kafka(6)), *every_five_minutes(payments, 60, kafka(8)))
    orders.close()
    query = """
        SELECT environment_id, instance_id, aku_seconds FROM metering.usage
        JOIN metering.instances USING (instance_key, environment_key) JOIN core.environments USING (environment_key)
        ORDER BY 1
    """
    with warehouse.connect() as connection:
        assert connection.execute(text(query)).all() == [
            ("env-11-orders", "kf-1", 6 * 3600),
            ("env-11-payments", "kf-1", 8 * 3600),
        ]
        assert connection.scalar(text("SELECT count(*) FROM metering.rejections")) == 0


def test_what_no_database_can_hold_is_kept_as_far_as_it_can_be(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    odd = [
        kafka(name="kf-\x00"),
        kafka() | {"note": "\ud800\x00", "load": float("nan")},
        kafka(state="\x00", name="kf-2"),
        kafka(10**30, name="kf-3") | {"note": "\ud800\x00", "load": float("nan")},
    ]
    orders.tell(orders.poll(0, *odd))
    with warehouse.connect() as connection:
        rules = connection.execute(text("SELECT rule FROM metering.rejections ORDER BY rule")).scalars().all()
        assert connection.scalar(text("SELECT count(*) FROM metering.readings WHERE NOT is_rejected")) == 1
    assert rules == ["aku_above_limit", "mistyped_field", "unknown_state"]


def test_entering_the_same_polls_again_changes_nothing(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    polls = [orders.poll(0, kafka(6)), orders.poll(5, kafka(-6)), orders.poll(60, kafka(6))]
    orders.tell(*polls[:1])
    orders.tell(*polls[1:])
    orders.close()
    before = hours(warehouse)
    orders.tell(*polls)
    orders.tell(orders.poll(5, kafka(500)), orders.poll(60, error="timeout"))
    orders.close()
    assert hours(warehouse) == before
