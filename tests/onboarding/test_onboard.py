"""Onboarding as a whole, against real parts: once, again, at once, cut off, and failing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.automq.console import Console
from include.domain.errors import ConflictError, RetriableError
from include.domain.money import Decimal
from include.domain.onboarding import Admission
from include.metering.imports.load import import_usage
from include.onboarding import activation, deployments, environments, orders, subscriptions
from include.onboarding.ledger import AttemptFailedError
from include.onboarding.onboard import Clock, Services, buyer_cloud, onboard
from tests.support.onboarding import BUYER, FakeClock, access_of, count_calls, request_for, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.onboarding.activation import Report
    from tests.support.sandbox import SandboxHandle

ORDERED = "SELECT service_instance_id, marketplace_instance_id, order_id, state, attempt FROM core.subscriptions"


def test_a_buyer_gets_one_metered_environment_and_its_first_instance(
    services: Services, sandbox: SandboxHandle, onboarded: Callable[..., Report], clock: FakeClock
) -> None:
    report = onboarded(first_instance_name="orders-kafka", first_instance_aku=6)
    assert report.state == "active"
    assert report.first_instance_id
    assert report.metering_started_at == report.started_at == clock.now()
    assert rows(services.warehouse, "SELECT environment_id, state FROM core.environments") == [
        {"environment_id": report.environment_id, "state": "metered"}
    ]
    steps = rows(services.warehouse, "SELECT step, outcome FROM core.onboarding_steps")
    assert {row["outcome"] for row in steps} == {"done"}
    assert {row["step"] for row in steps} == {
        "place_order", "await_deployment", "register_environment", "verify_console", "create_first_instance",
        "start_metering",
    }  # fmt: skip
    assert sandbox.requests()["refused"] == 0


def test_the_consoles_secret_is_nowhere_in_clear(
    services: Services, sandbox: SandboxHandle, onboarded: Callable[..., Report]
) -> None:
    report = onboarded()
    with services.warehouse.connect() as connection:
        access = environments.console_access(connection, services.vault, report.subscription_id)
    secret = access.secret.get_secret_value()
    assert secret not in repr(access)
    for table in ("subscriptions", "environments", "environment_credentials", "onboarding_steps"):
        assert secret not in str(rows(services.warehouse, f"SELECT * FROM core.{table}"))


def test_the_same_request_again_returns_the_same_and_makes_nothing_new(
    services: Services, sandbox: SandboxHandle, onboarded: Callable[..., Report], clock: FakeClock
) -> None:
    wish = {"first_instance_name": "orders-kafka", "first_instance_aku": 6}
    first = onboarded(**wish)
    clock.wait(3600)
    assert onboarded(**wish) == first
    assert count_calls(sandbox, "CreateInstance") == 1
    assert len(list(services.cloud.find_service_instances())) == 1


def test_the_same_order_again_by_its_id_returns_the_same(
    onboarded: Callable[..., Report], sandbox: SandboxHandle
) -> None:
    first = onboarded()
    assert onboarded(order_id=first.order_id) == first
    with pytest.raises(Exception, match="order id is"):
        onboarded(order_id="4711")


def test_an_order_serves_no_second_environment(onboarded: Callable[..., Report]) -> None:
    first = onboarded()
    with pytest.raises(Exception, match=f"Order {first.order_id} belongs to subscription {first.subscription_id}"):
        onboarded(environment_name="payments", network="vpc-payments", order_id=first.order_id)


def test_an_order_that_the_buyer_placed_is_taken_over(
    services: Services, sandbox: SandboxHandle, onboarded: Callable[..., Report]
) -> None:
    placed = services.cloud.create_service_instance(
        orders.order_request(services.product, request_for(), "own-order"), "own"
    )
    report = onboarded(order_id=placed.order_id)
    assert report.service_instance_id == placed.service_instance_id
    assert report.state == "active"
    assert len(list(services.cloud.find_service_instances())) == 1


def test_another_buyers_order_is_refused(
    services: Services, sandbox: SandboxHandle, onboarded: Callable[..., Report]
) -> None:
    other = sandbox.account("buyer", account_id="1800000000000018")
    theirs = buyer_cloud(services.product, access_of(sandbox, other)).create_service_instance(
        orders.order_request(services.product, request_for(), "their-order"), "their"
    )
    with pytest.raises(AttemptFailedError, match="belongs to account 1800000000000018, not to"):
        onboarded(order_id=theirs.order_id)
    assert rows(services.warehouse, "SELECT state FROM core.subscriptions") == [{"state": "failed"}]


def test_what_differs_from_the_first_request_is_named(onboarded: Callable[..., Report]) -> None:
    onboarded()
    with pytest.raises(Exception, match="network was 'vpc-orders' and is now 'vpc-other'"):
        onboarded(network="vpc-other")


def test_a_further_subscription_is_for_another_network_or_department(onboarded: Callable[..., Report]) -> None:
    onboarded()
    with pytest.raises(Exception, match="another network or another department"):
        onboarded(environment_name="payments")
    assert onboarded(environment_name="payments", department="payments").state == "active"
    assert onboarded(environment_name="stock", network="vpc-stock").state == "active"


def test_a_prepaid_buyer_holds_a_licence_from_the_day_it_began(
    services: Services, onboarded: Callable[..., Report]
) -> None:
    report = onboarded(
        payment="prepaid",
        licence_aku=6,
        licence_term_months=1,
        licence_auto_renew=True,
        began_on="2026-08-31T00:00:00+08:00",
        region="cn-hongkong",
    )
    assert report.started_at == datetime(2026, 8, 30, 16, tzinfo=UTC)
    licences = rows(services.warehouse, "SELECT term_start, term_end, capacity_aku, price, currency FROM core.licences")
    assert licences == [
        {
            "term_start": datetime(2026, 8, 30, 16, tzinfo=UTC),
            "term_end": datetime(2026, 9, 29, 16, tzinfo=UTC),
            "capacity_aku": 6,
            "price": Decimal("3720.00"),
            "currency": "CNY",
        }
    ]
    [instance] = services.cloud.find_service_instances()
    assert instance.pay_type == "Subscription"


def test_two_runs_at_once_order_once(services: Services, sandbox: SandboxHandle, clock: FakeClock) -> None:
    request = request_for(first_instance_name="orders-kafka", first_instance_aku=6)

    def run(_number: int) -> Report:
        return onboard(services, request, Clock(clock.now, clock.wait), lambda _line: None)

    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(run, range(4)))
    assert len(set(reports)) == 1
    assert len(list(services.cloud.find_service_instances())) == 1
    assert count_calls(sandbox, "CreateInstance") == 1


def test_a_lost_answer_to_the_order_orders_once(
    services: Services, sandbox: SandboxHandle, onboarded: Callable[..., Report]
) -> None:
    admission = subscriptions.admit(services.warehouse, services.product, request_for(), FakeClock().now())
    sandbox.fault("lost_answer", action="CreateServiceInstance", times=5)
    with pytest.raises(RetriableError):
        orders.place_order(services.warehouse, services.cloud, services.product, admission, FakeClock().now())
    sandbox.clear_faults()
    report = onboarded()
    assert [instance.service_instance_id for instance in services.cloud.find_service_instances()] == [
        report.service_instance_id
    ]


def test_a_kill_between_the_order_and_its_record_orders_once(
    services: Services, sandbox: SandboxHandle, onboarded: Callable[..., Report]
) -> None:
    admission = subscriptions.admit(services.warehouse, services.product, request_for(), FakeClock().now())
    orders.place_order(services.warehouse, services.cloud, services.product, admission, FakeClock().now())
    _forget(services, "place_order", "state = 'requested', service_instance_id = NULL, marketplace_instance_id = NULL")
    onboarded()
    assert len(list(services.cloud.find_service_instances())) == 1


def test_a_lost_answer_of_the_console_makes_one_instance(
    services: Services, sandbox: SandboxHandle, onboarded: Callable[..., Report]
) -> None:
    sandbox.fault("lost_answer", service="console", action="CreateInstance", times=1)
    report = onboarded(first_instance_name="orders-kafka", first_instance_aku=6)
    with services.warehouse.connect() as connection:
        access = environments.console_access(connection, services.vault, report.subscription_id)
    assert sandbox.requests()["by_fault"] == {"lost_answer": 1}
    assert [raw["instanceId"] for raw in Console(access).list_instances().instances] == [report.first_instance_id]


def test_a_kill_after_the_first_instance_makes_one(
    services: Services, sandbox: SandboxHandle, onboarded: Callable[..., Report]
) -> None:
    wish = {"first_instance_name": "orders-kafka", "first_instance_aku": 6}
    first = onboarded(**wish)
    _forget(services, "create_first_instance", "state = 'deployed'")
    assert onboarded(**wish).first_instance_id == first.first_instance_id
    assert count_calls(sandbox, "CreateInstance") == 1


def test_a_failed_deployment_is_cleaned_up_and_the_next_run_starts_again(
    services: Services, sandbox: SandboxHandle, onboarded: Callable[..., Report]
) -> None:
    sandbox.fault("deployment_fails", message="The machine type is sold out.", times=1)
    with pytest.raises(AttemptFailedError, match="The machine type is sold out"):
        onboarded()
    assert list(services.cloud.find_service_instances()) == []
    [failed] = rows(services.warehouse, "SELECT state, state_reason, attempt FROM core.subscriptions")
    assert (failed["state"], failed["attempt"]) == ("failed", 1)
    assert "sold out" in failed["state_reason"]
    report = onboarded()
    assert (report.state, report.attempt) == ("active", 2)
    assert len(list(services.cloud.find_service_instances())) == 1


def test_a_console_that_never_comes_up_is_given_up_after_its_time(
    services: Services, sandbox: SandboxHandle, clock: FakeClock, onboarded: Callable[..., Report]
) -> None:
    sandbox.fault("console_never_up", times=1)
    admission, at = _deployed(services, clock)
    assert not environments.console_answers(services.warehouse, services.vault, admission, at)
    clock.wait(30 * 60)
    with pytest.raises(AttemptFailedError, match=r"did not come up within 30 minutes .* start a new run"):
        environments.console_answers(services.warehouse, services.vault, admission, clock.now())
    deployments.remove_failed(services.warehouse, services.cloud, admission)
    assert "did not come up" in str(deployments.close_failed(services.warehouse, services.cloud, admission))
    assert rows(services.warehouse, "SELECT FROM core.environments") == []
    assert rows(services.warehouse, "SELECT FROM core.environment_credentials") == []
    assert onboarded().attempt == 2


def test_history_imported_for_a_failed_attempt_is_kept_for_the_next_one(
    services: Services, sandbox: SandboxHandle, clock: FakeClock, onboarded: Callable[..., Report], tmp_path: Path
) -> None:
    sandbox.fault("console_never_up", times=1)
    admission, at = _deployed(services, clock)
    assert not environments.console_answers(services.warehouse, services.vault, admission, at)
    clock.wait(2 * 3600)
    hour = clock.now().replace(minute=0, second=0) - timedelta(hours=1)
    file = tmp_path / "history.csv"
    file.write_text(
        f"subscription_id,instance_id,hour,aku_seconds\n{admission.subscription_id},kf-1,{hour.isoformat()},3600\n"
    )
    assert import_usage(services.warehouse, file, clock.now()).rows_loaded == 1
    with pytest.raises(AttemptFailedError, match="did not come up"):
        environments.console_answers(services.warehouse, services.vault, admission, clock.now())
    deployments.remove_failed(services.warehouse, services.cloud, admission)
    assert "did not come up" in str(deployments.close_failed(services.warehouse, services.cloud, admission))
    assert rows(services.warehouse, "SELECT FROM core.environment_credentials") == []
    assert onboarded().attempt == 2
    query = "SELECT aku_seconds, state FROM metering.usage JOIN core.environments USING (environment_key)"
    assert rows(services.warehouse, query) == [{"aku_seconds": 3600, "state": "metered"}]


def test_a_deployment_that_takes_too_long_is_given_up(
    services: Services, sandbox: SandboxHandle, clock: FakeClock
) -> None:
    sandbox.settings(deploy_seconds=100_000)
    admission = subscriptions.admit(services.warehouse, services.product, request_for(), clock.now())
    orders.place_order(services.warehouse, services.cloud, services.product, admission, clock.now())
    assert not deployments.is_decided(services.warehouse, services.cloud, admission, clock.now())
    clock.wait(2 * 3600)
    with pytest.raises(AttemptFailedError, match="not deployed after 2 hours"):
        deployments.is_decided(services.warehouse, services.cloud, admission, clock.now())


def test_an_outage_is_no_failure_and_cleans_nothing_up(
    services: Services, sandbox: SandboxHandle, clock: FakeClock
) -> None:
    admission, _ = _deployed(services, clock)
    assert deployments.remove_failed(services.warehouse, services.cloud, admission) is None
    assert deployments.close_failed(services.warehouse, services.cloud, admission) is None
    assert len(list(services.cloud.find_service_instances())) == 1


def test_a_run_of_an_attempt_that_is_over_does_nothing(
    services: Services, sandbox: SandboxHandle, clock: FakeClock, onboarded: Callable[..., Report]
) -> None:
    sandbox.fault("deployment_fails", times=1)
    with pytest.raises(AttemptFailedError):
        onboarded()
    report = onboarded()
    late = Admission(report.subscription_id, 1)
    with pytest.raises(ConflictError, match=r"attempt 1 .* is over"):
        orders.place_order(services.warehouse, services.cloud, services.product, late, clock.now())
    assert deployments.close_failed(services.warehouse, services.cloud, late) is None
    assert activation.report(services.warehouse, report.subscription_id) == report


def test_buyers_do_not_get_in_each_others_way(services: Services, sandbox: SandboxHandle, clock: FakeClock) -> None:
    first = subscriptions.admit(services.warehouse, services.product, request_for(), clock.now())
    second = subscriptions.admit(
        services.warehouse, services.product, request_for(account_id="1800000000000018"), clock.now()
    )
    assert first.subscription_id != second.subscription_id
    assert BUYER not in second.subscription_id


def _deployed(services: Services, clock: FakeClock) -> tuple[Admission, datetime]:
    admission = subscriptions.admit(services.warehouse, services.product, request_for(), clock.now())
    orders.place_order(services.warehouse, services.cloud, services.product, admission, clock.now())
    assert deployments.is_decided(services.warehouse, services.cloud, admission, clock.now())
    environments.register_environment(services.warehouse, services.cloud, services.vault, admission, clock.now())
    return admission, clock.now()


def _forget(services: Services, step: str, changes: str) -> None:
    """Leave the warehouse as a kill between a call and its record would."""
    with services.warehouse.begin() as connection:
        connection.execute(text(f"UPDATE core.subscriptions SET {changes}"))
        connection.execute(
            text("UPDATE core.onboarding_steps SET outcome = 'started', result = '{}' WHERE step = :step"),
            {"step": step},
        )
        if step == "create_first_instance":
            connection.execute(text("DELETE FROM core.onboarding_steps WHERE step = 'start_metering'"))
            connection.execute(text("UPDATE core.environments SET state = 'verified'"))
