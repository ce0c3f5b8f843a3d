"""subscription_onboarding on a real Airflow, against the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.domain.errors import ConflictError
from tests.support.airflow import connection_json, note_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.dag_processing.dagbag import DagBag
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxAccount, SandboxHandle

pytestmark = pytest.mark.slow
BUYER = "1700000000000017"


@pytest.fixture
def buyer(sandbox: SandboxHandle, airflow_connections: pytest.MonkeyPatch) -> SandboxAccount:
    """A buyer that may subscribe, with its connection."""
    buyer = sandbox.account("buyer", account_id=BUYER)
    airflow_connections.setenv(f"AIRFLOW_CONN_ALIBABA_BUYER_{BUYER}", connection_of(sandbox, buyer))
    airflow_connections.setenv("AIRFLOW_CONN_ALIBABA_VENDOR", connection_of(sandbox, sandbox.account("vendor")))
    return buyer


def connection_of(sandbox: SandboxHandle, account: SandboxAccount) -> str:
    return connection_json(
        conn_type="alibaba_cloud",
        login=account.access_key_id,
        password=account.access_key_secret,
        host="127.0.0.1",
        port=sandbox.port,
        extra={"account_id": account.account_id, "protocol": "http"},
    )


def conf(**changes: Any) -> dict[str, Any]:
    """A whole form: `dag.test` leaves what one run was given in the DAG, as the default of the next one."""
    return {
        "account_id": BUYER,
        "site": "china",
        "region": "cn-hangzhou",
        "environment_name": "orders",
        "network": "vpc-orders",
        "payment": "payg",
        "first_instance_name": None,
        "first_instance_aku": None,
    } | changes


@pytest.fixture
def run(dagbag: DagBag, buyer: SandboxAccount) -> Callable[..., Any]:
    """Runs the DAG with a form and gives the run."""
    return lambda **changes: dagbag.dags["subscription_onboarding"].test(run_conf=conf(**changes))


def states(dag_run: Any) -> dict[str, str]:
    return {instance.task_id: str(instance.state) for instance in dag_run.get_task_instances()}


def handed_on(dag_run: Any) -> str:
    """All that the tasks of a run handed on, as it lies in Airflow's database."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        query = select(XComModel.task_id, XComModel.key, XComModel.value).where(XComModel.run_id == dag_run.run_id)
        return "\n".join(str(tuple(row)) for row in session.execute(query))


def subscriptions(warehouse: Engine) -> list[tuple[Any, ...]]:
    query = text("SELECT subscription_id, state, attempt, service_instance_id FROM core.subscriptions")
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_the_same_request_twice_is_one_subscription_and_no_secret_is_handed_on(
    run: Callable[..., Any], sandbox: SandboxHandle, warehouse: Engine, buyer: SandboxAccount
) -> None:
    sandbox.settings(deploy_seconds=2)
    wish = {"first_instance_name": "orders-kafka", "first_instance_aku": 6}
    first = run(**wish)
    assert str(first.state) == "success", states(first)
    assert states(first)["clean_up.remove_deployment"] == "skipped"
    stored = subscriptions(warehouse)
    [(subscription_id, state, attempt, service_instance_id)] = stored
    assert (state, attempt) == ("active", 1)
    again = run(**wish)
    assert str(again.state) == "success", states(again)
    assert subscriptions(warehouse) == stored
    for dag_run in (first, again):
        assert subscription_id in handed_on(dag_run)
        assert service_instance_id in handed_on(dag_run)
        assert buyer.access_key_secret not in handed_on(dag_run)
        assert "secret" not in handed_on(dag_run).lower()
    asked = sandbox.requests()
    assert asked["by_action"]["console:CreateInstance"] == 1
    assert asked["refused"] == 0


def test_a_refused_buyer_sees_every_result_and_nothing_is_ordered(
    run: Callable[..., Any], dagbag: DagBag, sandbox: SandboxHandle, warehouse: Engine
) -> None:
    refused = run(site="international", region="eu-central-1")
    seen = states(refused)
    assert str(refused.state) == "success", "the person who asked has the answer"
    assert {name for name, state in seen.items() if state == "success"} == {
        f"prerequisites.{check}"
        for check in ("size", "terms", "unique", "access", "try_order", "real_name", "permissions", "order")
    }
    assert set(seen.values()) == {"success", "skipped"}
    note = note_of(dagbag.dags["subscription_onboarding"], refused)
    assert note is not None
    assert note.startswith("The subscription is refused for 2 reasons, and nothing was ordered. (1) Site is")
    assert "(2) Region is 'eu-central-1'" in note
    assert "Obtaining Services" in note
    assert subscriptions(warehouse) == []


def test_where_no_person_asked_a_refusal_is_a_failure(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, warehouse: Engine
) -> None:
    monkeypatch.setattr("include.orchestration.work.triggering_user", lambda: None)
    refused = run(site="international")
    assert str(refused.state) == "failed"
    assert [name for name, state in states(refused).items() if state == "failed"] == ["admit"]
    assert subscriptions(warehouse) == []


def test_a_check_that_could_not_be_made_is_no_refusal(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, warehouse: Engine
) -> None:
    def broken(*_: Any) -> None:
        raise ConflictError("It cannot be said.")

    monkeypatch.setattr("include.onboarding.prerequisites.check_terms", broken)
    failed = run()
    assert str(failed.state) == "failed"
    assert {name for name, state in states(failed).items() if state == "failed"} == {"prerequisites.terms", "admit"}
    assert subscriptions(warehouse) == []


def test_a_failed_deployment_is_taken_away_and_the_next_run_succeeds(
    run: Callable[..., Any], sandbox: SandboxHandle, warehouse: Engine
) -> None:
    sandbox.settings(deploy_seconds=1, delete_seconds=1)
    sandbox.fault("deployment_fails", message="The machine type is sold out.", times=1)
    failed = run()
    seen = states(failed)
    assert str(failed.state) == "failed"
    assert seen["await_deployment"] == "failed"
    assert seen["clean_up.close_attempt"] == "success"
    assert [row[1:3] for row in subscriptions(warehouse)] == [("failed", 1)]
    second = run()
    assert str(second.state) == "success", states(second)
    assert [row[1:3] for row in subscriptions(warehouse)] == [("active", 2)]


def test_the_form_offers_the_regions_by_name_and_leaves_the_judgement_to_the_check(dagbag: DagBag) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    params = dagbag.dags["subscription_onboarding"].params
    region = params.get_param("region")
    assert len(region.schema["enum"]) == 11
    assert region.schema["values_display"]["cn-hangzhou"] == "China (Hangzhou) · cn-hangzhou"
    assert region.resolve("eu-central-1") == "eu-central-1"
    with pytest.raises(ParamValidationError):
        region.resolve(17)
    for name in params:
        param = params.get_param(name)
        assert param.schema["title"], name
        assert param.description, name
        assert param.schema["section"], name


def test_a_form_with_a_field_that_is_wrong_gives_its_sentence_alone(run: Callable[..., Any], warehouse: Engine) -> None:
    wrong = run(payment="prepaid")
    assert states(wrong)["admit"] == "failed"
    assert subscriptions(warehouse) == []
