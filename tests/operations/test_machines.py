"""Machines over real HTTP, from the sandbox's ECS through the real SDK, against polls that a test tells.

The sandbox shows machines as they are now, whatever instant a listing is stored under; so time is the tests' own.
"""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from include.alibaba.access import CloudAccess
from include.alibaba.computenest import ComputeNest, CreateRequest
from include.alibaba.ecs import Ecs
from include.alibaba.gateway import CallLimits
from include.domain.errors import ConfigurationError
from include.operations.machines import list_machines
from include.operations.machines_check import (
    MachineDiscrepancyError,
    MachinesNotListedError,
    compare_machines,
    list_discrepancies,
    list_discrepancy_notifications,
    report_machines,
    require_listed,
)
from include.operations.notifications import claim_notifications
from include.operations.retention import RETENTION, delete_old_sightings
from tests.support.builders import make_buyer, make_subscription
from tests.support.metering.lives import Environment, at, kafka

BUYER, OTHER = "1100000000000001", "1100000000000002"
QUICK = CallLimits(call_seconds=5, attempt_seconds=2, attempts=1)
LONG_SINCE = "2026-01-01T00:00:00Z"


class Outside:
    """One buyer's account in the sandbox: its orders, its Kafka instances, its machines."""

    def __init__(self, sandbox, account_id=BUYER, **traits):
        self.sandbox = sandbox
        account = sandbox.account("buyer", account_id=account_id, **traits)
        self.access = CloudAccess(
            account_id,
            account.access_key_id,
            SecretStr(account.access_key_secret),
            endpoint=sandbox.endpoint,
            protocol="http",
        )

    def order(self, name="orders", region="cn-hangzhou"):
        parameters = {"RegionId": region, "EnvironmentName": name, "VpcId": f"vpc-{name}", "Department": ""}
        wanted = CreateRequest("service-automq-byoc", name, parameters, specification_code="cmgj-automq-byoc-postpay")
        return ComputeNest(self.access, QUICK).create_service_instance(wanted, f"token-{name}").service_instance_id

    def create(self, service_instance_id, aku=6, name="kafka-1"):
        """A Kafka instance that runs; its id."""
        script = [{"at": 0, "instance": name, "do": "create", "aku": aku}]
        [made] = self.sandbox.life(service_instance_id, since=LONG_SINCE, script=script)
        return made["instance_id"]

    def machines(self, account_id):
        assert account_id == self.access.account_id
        return Ecs(self.access, QUICK)


@pytest.fixture
def outside(sandbox):
    sandbox.account("vendor")
    return Outside(sandbox)


def registered(warehouse, service_instance_id, name="orders", region="cn-hangzhou"):
    """The environment of that service instance, known here and metered."""
    environment = Environment(warehouse, name, account=BUYER)
    with warehouse.begin() as connection:
        connection.execute(
            text(
                "UPDATE core.subscriptions SET service_instance_id = :id, region = :region WHERE subscription_key = :k"
            ),
            {"id": service_instance_id, "region": region, "k": environment.subscription_key},
        )
    return environment


def found(warehouse, *, with_resolved=True):
    return [
        (one.kind, one.instance_id, one.machines, one.machine_hours, one.state)
        for one in list_discrepancies(warehouse, with_resolved=with_resolved)
    ]


def rows(warehouse):
    names = ("machine_listings", "machines", "machine_discrepancies", "machine_sightings")
    with warehouse.connect() as connection:
        return {
            name: connection.execute(text(f"SELECT * FROM operations.{name} ORDER BY 1, 2")).all() for name in names
        }


def test_an_instance_and_its_machines_agree(warehouse, sandbox, outside):
    order = outside.order()
    instance = outside.create(order, aku=8)
    environment = registered(warehouse, order)
    environment.tell(environment.poll(15, kafka(8, name=instance)), environment.poll(25, kafka(8, name=instance)))
    listed = list_machines(warehouse, at(20), outside.machines)
    assert (listed.buyers, listed.listings, listed.machines, listed.failures) == (1, 11, 4, {})
    assert compare_machines(warehouse, at(80)).counts() == {"evaluated": 4, "resolved": 0, "open": 0}
    assert found(warehouse) == []
    report_machines(listed.failures, list_discrepancies(warehouse))
    assert sandbox.requests()["refused"] == 0


def test_the_machine_of_a_console_is_not_counted(warehouse, outside):
    registered(warehouse, outside.order())
    assert list_machines(warehouse, at(20), outside.machines).machines == 0


def test_a_machine_that_no_poll_knows_is_in_question_until_a_poll_does(warehouse, outside):
    order = outside.order()
    instance = outside.create(order)
    environment = registered(warehouse, order)
    environment.tell(*(environment.poll(minutes) for minutes in (15, 25, 75, 85)))
    list_machines(warehouse, at(20), outside.machines)
    compare_machines(warehouse, at(80))
    assert found(warehouse) == [("machine_without_instance", instance, 3, 3, "open")]
    list_machines(warehouse, at(80), outside.machines)
    compare_machines(warehouse, at(140))
    assert found(warehouse) == [("machine_without_instance", instance, 3, 6, "open")]
    environment.tell(environment.poll(135, kafka(name=instance)), environment.poll(145, kafka(name=instance)))
    list_machines(warehouse, at(140), outside.machines)
    compare_machines(warehouse, at(200))
    assert found(warehouse) == [("machine_without_instance", instance, 3, 6, "resolved")]


def test_an_instance_that_lived_between_two_polls_is_known_by_its_machines(warehouse, sandbox, outside):
    order = outside.order()
    environment = registered(warehouse, order)
    script = [{"at": 0, "instance": "brief", "do": "create", "aku": 6}]
    [made] = sandbox.life(order, since=LONG_SINCE, script=script)
    environment.tell(environment.poll(18), environment.poll(23), environment.poll(83))
    list_machines(warehouse, at(20), outside.machines)
    ComputeNest(outside.access, QUICK).delete_service_instance(order, "token-gone")
    compare_machines(warehouse, at(80))
    list_machines(warehouse, at(80), outside.machines)
    [finding] = list_discrepancies(warehouse)
    assert (finding.machine_hours, finding.first_seen_at, finding.last_seen_at) == (3, at(20), at(20))
    assert finding.sentence.startswith(
        f"3 machines of environment env-01-orders in cn-hangzhou (buyer {BUYER}) ran for 3 machine hours for "
        f"instance {made['instance_id']}, which no poll lists."
    )
    compare_machines(warehouse, at(140))
    assert found(warehouse) == [("machine_without_instance", made["instance_id"], 3, 3, "resolved")]


def test_an_instance_without_machines_is_in_question_until_they_are_seen(warehouse, outside):
    order = outside.order()
    environment = registered(warehouse, order)
    environment.tell(*(environment.poll(minutes, kafka(name="kf-ghost")) for minutes in (15, 25, 75, 85)))
    list_machines(warehouse, at(20), outside.machines)
    compare_machines(warehouse, at(80))
    compare_machines(warehouse, at(81))
    assert found(warehouse) == [("instance_without_machines", "kf-ghost", 0, 1, "open")]
    list_machines(warehouse, at(80), outside.machines)
    compare_machines(warehouse, at(140))
    assert found(warehouse) == [("instance_without_machines", "kf-ghost", 0, 2, "open")]
    environment.tell(environment.poll(135), environment.poll(145))
    list_machines(warehouse, at(140), outside.machines)
    compare_machines(warehouse, at(200))
    assert found(warehouse) == [("instance_without_machines", "kf-ghost", 0, 2, "resolved")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([kafka(name="kf-ghost")], []),
        ([], [kafka(name="kf-ghost")]),
        ([kafka(name="kf-ghost", state="Creating")], [kafka(name="kf-ghost")]),
        ([kafka(name="kf-ghost")], [kafka(name="kf-ghost", state="Deleting")]),
    ],
)
def test_an_instance_that_comes_or_goes_around_a_listing_is_not_accused(warehouse, outside, before, after):
    environment = registered(warehouse, outside.order())
    environment.tell(environment.poll(15, *before), environment.poll(25, *after))
    list_machines(warehouse, at(20), outside.machines)
    compare_machines(warehouse, at(80))
    assert found(warehouse) == []


@pytest.mark.parametrize("polls", [(15,), (25,), (5, 90)])
def test_machines_of_an_instance_that_a_poll_around_them_lists_are_accounted_for(warehouse, outside, polls):
    order = outside.order()
    instance = outside.create(order)
    environment = registered(warehouse, order)
    environment.tell(
        *(environment.poll(minutes, kafka(name=instance, state="Deleting")) for minutes in polls), environment.poll(95)
    )
    list_machines(warehouse, at(20), outside.machines)
    assert compare_machines(warehouse, at(100)).counts() == {"evaluated": 3, "resolved": 0, "open": 0}


def test_while_a_console_is_silent_nothing_is_judged_and_nothing_is_lost(warehouse, outside):
    order = outside.order()
    outside.create(order)
    environment = registered(warehouse, order)
    environment.tell(environment.poll(15), environment.poll(25, error="unreachable"))
    for minutes in (20, 80, 140):
        list_machines(warehouse, at(minutes), outside.machines)
        assert compare_machines(warehouse, at(minutes + 30)).counts() == {"evaluated": 0, "resolved": 0, "open": 0}
    environment.tell(environment.poll(170))
    assert compare_machines(warehouse, at(200)).evaluated == 9
    assert [one[3] for one in found(warehouse)] == [9]


def test_an_unregistered_environment_is_found_in_any_region(warehouse, outside):
    hidden = outside.order("hidden", "us-west-1")
    instance = outside.create(hidden)
    registered(warehouse, outside.order())
    list_machines(warehouse, at(20), outside.machines)
    compare_machines(warehouse, at(80))
    [finding] = list_discrepancies(warehouse)
    assert (finding.kind, finding.region, finding.environment_id) == ("unregistered_environment", "us-west-1", hidden)
    assert f"in {hidden}, which is not registered here" in finding.sentence
    list_machines(warehouse, at(80), outside.machines)
    late = registered(warehouse, hidden, "late", "us-west-1")
    late.tell(late.poll(75, kafka(name=instance)), late.poll(85, kafka(name=instance)))
    compare_machines(warehouse, at(140))
    assert found(warehouse) == [("unregistered_environment", "", 3, 3, "resolved")]


def test_tags_that_name_another_buyers_environment_register_nothing(warehouse, outside):
    order = outside.order()
    outside.create(order)
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection, BUYER), "mine")
        make_subscription(connection, make_buyer(connection, OTHER), "orders", service_instance_id=order)
    other = Outside(outside.sandbox, OTHER)
    list_machines(
        warehouse, at(20), lambda account_id: (outside if account_id == BUYER else other).machines(account_id)
    )
    compare_machines(warehouse, at(80))
    assert {one[0] for one in found(warehouse)} == {"unregistered_environment"}


def test_running_again_changes_nothing(warehouse, outside):
    order = outside.order()
    outside.create(order)
    outside.create(outside.order("hidden"))
    environment = registered(warehouse, order)
    environment.tell(*(environment.poll(minutes, kafka(name="kf-ghost")) for minutes in (15, 25)))
    list_machines(warehouse, at(20), outside.machines)
    compare_machines(warehouse, at(80))
    once = rows(warehouse)
    assert sorted(one[0] for one in found(warehouse)) == [
        "instance_without_machines",
        "machine_without_instance",
        "unregistered_environment",
    ]
    for _ in range(2):
        list_machines(warehouse, at(20), outside.machines)
        compare_machines(warehouse, at(80))
    assert rows(warehouse) == once


def test_a_second_listing_within_the_hour_is_the_same_machine_hour(warehouse, outside):
    order = outside.order()
    instance = outside.create(order)
    environment = registered(warehouse, order)
    environment.tell(*(environment.poll(minutes) for minutes in (15, 25, 45)))
    for minutes in (20, 40):
        list_machines(warehouse, at(minutes), outside.machines)
        compare_machines(warehouse, at(minutes + 10))
    assert found(warehouse) == [("machine_without_instance", instance, 3, 3, "open")]


def test_a_buyer_whose_access_is_missing_or_refused_does_not_stop_the_others(warehouse, sandbox, outside):
    order, other = outside.order(), Outside(sandbox, OTHER)
    instance = outside.create(order)
    environment = registered(warehouse, order)
    environment.tell(*(environment.poll(minutes, kafka(name=instance)) for minutes in (15, 25)))
    with warehouse.begin() as connection:
        for account_id in (OTHER, "1100000000000003"):
            make_subscription(connection, make_buyer(connection, account_id))
    wrong = CloudAccess(
        OTHER, other.access.access_key_id, SecretStr("not-the-secret"), endpoint=sandbox.endpoint, protocol="http"
    )

    def machines_of(account_id):
        if account_id == OTHER:
            return Ecs(wrong, QUICK)
        if account_id == BUYER:
            return outside.machines(account_id)
        raise ConfigurationError(f"The Airflow connection alibaba_buyer_{account_id} is missing.")

    listed = list_machines(warehouse, at(20), machines_of)
    assert (listed.buyers, listed.listings, listed.machines) == (3, 11, 3)
    assert set(listed.failures) == {OTHER, "1100000000000003"}
    assert "not-the-secret" not in str(listed)
    assert compare_machines(warehouse, at(80)).open == 0
    with pytest.raises(MachineDiscrepancyError, match="The machines of buyer 1100000000000003 could not be listed"):
        report_machines(listed.failures, list_discrepancies(warehouse))
    with warehouse.connect() as connection:
        failed = connection.execute(
            text("SELECT count(*) FROM operations.machine_listings WHERE failure IS NOT NULL AND listed_at IS NULL")
        ).scalar_one()
    assert failed == 22


def test_a_listing_that_failed_is_not_an_empty_one(warehouse, sandbox, outside):
    order = outside.order()
    instance = outside.create(order)
    environment = registered(warehouse, order)
    environment.tell(*(environment.poll(minutes, kafka(name=instance)) for minutes in (15, 25, 75, 85)))
    list_machines(warehouse, at(20), outside.machines)
    sandbox.fault("unavailable", service="ecs", times=None)
    failed = list_machines(warehouse, at(80), outside.machines)
    assert (failed.listings, list(failed.failures)) == (0, [BUYER])
    compare_machines(warehouse, at(140))
    assert found(warehouse) == []


def test_machines_that_outlive_a_released_subscription_are_in_question(warehouse, outside):
    order = outside.order()
    instance = outside.create(order)
    environment = registered(warehouse, order)
    environment.tell(environment.poll(-120, kafka(name=instance)))
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.environments SET state = 'released'"))
        connection.execute(text("UPDATE core.subscriptions SET state = 'released', ended_at = :at"), {"at": at(-120)})
    list_machines(warehouse, at(20), outside.machines)
    compare_machines(warehouse, at(80))
    assert found(warehouse) == [("machine_without_instance", instance, 3, 3, "open")]


def test_machines_whose_tags_name_no_instance_go_with_their_environment(warehouse, outside):
    order = outside.order()
    outside.create(order)
    environment = registered(warehouse, order)
    environment.tell(*(environment.poll(minutes, kafka(name="kf-1")) for minutes in (15, 25)))
    list_machines(warehouse, at(20), outside.machines)
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE operations.machines SET instance_tag = NULL"))
    assert compare_machines(warehouse, at(80)).counts() == {"evaluated": 3, "resolved": 0, "open": 0}


def test_an_image_that_the_marketplace_no_longer_shows_stays_paid(warehouse, sandbox, outside):
    order = outside.order()
    outside.create(order)
    registered(warehouse, order)
    assert list_machines(warehouse, at(20), outside.machines).machines == 3
    sandbox.settings(image_product_code="")
    try:
        assert list_machines(warehouse, at(80), outside.machines).machines == 3
    finally:
        sandbox.settings(image_product_code="cmjj-automq-be")


def test_sightings_are_forgotten_after_the_retention_but_for_open_findings(warehouse, outside):
    order = outside.order()
    instance = outside.create(order)
    environment = registered(warehouse, order)
    environment.tell(environment.poll(15, kafka(name=instance)), environment.poll(25, kafka(name=instance)))
    list_machines(warehouse, at(20), outside.machines)
    assert delete_old_sightings(warehouse, at(20) + RETENTION * 2) == 0  # not judged yet
    compare_machines(warehouse, at(80))
    assert delete_old_sightings(warehouse, at(0) + RETENTION) == 0
    # An hour on, no poll knows the instance any more, and its machines are still there.
    environment.tell(environment.poll(75), environment.poll(85))
    list_machines(warehouse, at(80), outside.machines)
    compare_machines(warehouse, at(140))
    assert delete_old_sightings(warehouse, at(140) + RETENTION) == 3
    assert found(warehouse) == [("machine_without_instance", instance, 3, 3, "open")]
    assert len(rows(warehouse)["machine_sightings"]) == 3


def test_each_change_of_a_finding_is_notified_once(warehouse, outside):
    outside.create(outside.order())
    with warehouse.begin() as connection:
        make_buyer(connection, BUYER)
        make_subscription(connection, BUYER, "another")
    list_machines(warehouse, at(20), outside.machines)
    compare_machines(warehouse, at(80))
    [news] = list_discrepancy_notifications(warehouse)
    assert news.sentence.startswith("FINDING 3 machines with the paid image")
    assert claim_notifications(warehouse, [news], at(80)) == [news]
    assert claim_notifications(warehouse, [news], at(81)) == []
    assert list_discrepancy_notifications(warehouse) == []


def test_a_buyer_that_could_not_be_asked_is_named():
    require_listed({})
    with pytest.raises(MachinesNotListedError, match="buyer 7 could not be listed"):
        require_listed({"7": "Grant access."})
