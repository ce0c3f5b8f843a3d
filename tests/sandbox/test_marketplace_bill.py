"""The Marketplace's own arithmetic, by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.sandbox.marketplace_bill import CENT, UTC8, charges, cycle_window, format_number, scaled, terms
from include.sandbox.records import KafkaInstance, Push, ServiceInstance
from include.sandbox.world import World


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def service_instance(since: str, **traits) -> ServiceInstance:
    facts = {
        "service_instance_id": "si-1",
        "account_id": "1",
        "name": "prod",
        "region_id": "cn-hangzhou",
        "parameters": {},
        "marketplace_instance_id": "100000001",
        "order_id": "200000000000001",
        "sku": "sku",
        "specification": "",
        "pay_type": "PayAsYouGo",
        "environment_id": "env-1",
        "created_at": at(since),
        "deploy_seconds": 0,
        "booked_since": at(since),
    }
    return ServiceInstance(**{**facts, **traits})


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.settings.bill_delay_seconds = 0
    return made


@pytest.mark.parametrize(
    ("text", "number", "shown"),
    [("1.20", 12 * 10**9, "1.2"), ("0.0000000001", 1, "0.0000000001"), ("620", 620 * 10**10, "620.0")],
)
def test_prices_have_ten_decimals(text, number, shown):
    assert scaled(text) == number
    assert format_number(number) == shown


def test_an_hours_charge_is_cut_at_two_decimals(world):
    world.settings.unit_price = "1.20"
    # 3 AKU for 1799 s: 5397 AKU-seconds × 1.20 / 3600 = 1.799, cut to 1.79.
    start = at("2026-10-05T10:00:00+08:00")
    world.keep(
        service_instance("2026-10-01T00:00:00+08:00"),
        KafkaInstance("kf-1", "env-1", "orders", [(start, "Running", 3, 3), (start + 1799, "Deleted", 0, 0)]),
    )
    [charge] = charges(world, "1", "2026-10", start + 7200)
    assert (charge.quantity, charge.gross, charge.amount) == (5397, scaled("1.799"), scaled("1.79"))


def test_less_than_a_cent_is_nothing(world):
    start = at("2026-10-05T10:00:00+08:00")
    world.keep(
        service_instance("2026-10-01T00:00:00+08:00"),
        KafkaInstance("kf-1", "env-1", "orders", [(start, "Running", 3, 3), (start + 9, "Deleted", 0, 0)]),
    )
    [charge] = charges(world, "1", "2026-10", start + 7200)
    assert (charge.gross, charge.amount) == (scaled("0.009"), 0)


def test_all_instances_of_an_hour_are_one_charge(world):
    start = at("2026-10-05T10:00:00+08:00")
    end = (start + 1800, "Deleted", 0, 0)
    world.keep(
        service_instance("2026-10-01T00:00:00+08:00"),
        KafkaInstance("kf-1", "env-1", "a", [(start, "Running", 3, 3), end]),
        KafkaInstance("kf-2", "env-1", "b", [(start, "Running", 4, 4), end]),
    )
    assert [charge.quantity for charge in charges(world, "1", "2026-10", start + 7200)] == [7 * 1800]


def test_months_are_those_of_utc_plus_8(world):
    assert cycle_window("2026-12") == (at("2026-12-01T00:00:00+08:00"), at("2027-01-01T00:00:00+08:00"))
    start = at("2026-09-30T15:00:00+00:00")
    world.keep(
        service_instance("2026-09-01T00:00:00+08:00"),
        KafkaInstance("kf-1", "env-1", "a", [(start, "Running", 3, 3), (start + 7200, "Deleted", 0, 0)]),
    )
    now = start + 86400
    assert [charge.start for charge in charges(world, "1", "2026-09", now)] == [start]
    assert [charge.start for charge in charges(world, "1", "2026-10", now)] == [start + 3600]


def test_an_hour_is_billed_when_it_is_over_and_the_delay_has_passed(world):
    world.settings.bill_delay_seconds = 3600
    start = at("2026-10-05T10:00:00+08:00")
    world.keep(
        service_instance("2026-10-01T00:00:00+08:00"), KafkaInstance("kf-1", "env-1", "a", [(start, "Running", 3, 3)])
    )
    assert charges(world, "1", "2026-10", start + 7199) == []
    assert len(charges(world, "1", "2026-10", start + 7200)) == 1


def test_pushed_usage_is_charged_instead_where_the_vendor_reports_it(world):
    world.settings.metering_source = "push"
    start = at("2026-10-05T10:00:00+08:00")
    instance = service_instance("2026-10-01T00:00:00+08:00")
    pushes = [
        Push(f"push-{number}", instance.marketplace_instance_id, start, start + 3600, "Period", 5400, start + 3700)
        for number in range(2)
    ]
    world.keep(instance, KafkaInstance("kf-1", "env-1", "a", [(start, "Running", 3, 3)]), *pushes)
    # Pushed twice is charged twice: there is no idempotency key.
    assert [charge.quantity for charge in charges(world, "1", "2026-10", start + 86400)] == [10800]


def test_a_licence_is_charged_by_the_term_and_its_usage_is_not(world):
    licence = service_instance("2026-08-31T12:00:00+08:00", pay_type="Subscription", licence_aku=12, auto_renew=True)
    start = at("2026-08-31T12:00:00+08:00")
    world.keep(licence, KafkaInstance("kf-1", "env-1", "a", [(start, "Running", 3, 3)]))
    now = at("2026-10-15T00:00:00+08:00")
    # A month after 31 August is 30 September, two months after it is 31 October.
    assert [datetime.fromtimestamp(term.start, UTC8).strftime("%m-%d") for term in terms(licence, now)] == [
        "08-31",
        "09-30",
    ]
    [charge] = charges(world, "1", "2026-09", now)
    assert (charge.item, charge.quantity, charge.amount) == ("SubscriptionOrder", 12, scaled("7440"))
    assert charges(world, "1", "2026-10", now) == []


def test_a_licence_that_does_not_renew_is_charged_once(world):
    licence = service_instance("2026-08-01T00:00:00+08:00", pay_type="Subscription", licence_aku=6)
    assert len(terms(licence, at("2026-12-01T00:00:00+08:00"))) == 1


def test_a_year_is_one_term(world):
    licence = service_instance(
        "2026-01-01T00:00:00+08:00", pay_type="Subscription", licence_aku=6, term_months=12, auto_renew=True
    )
    world.keep(licence)
    [charge] = charges(world, "1", "2026-01", at("2026-02-01T00:00:00+08:00"))
    assert charge.amount == 12 * 6 * 620 * 100 * CENT
    assert charge.end == int(datetime(2026, 12, 31, 16, tzinfo=UTC).timestamp())
