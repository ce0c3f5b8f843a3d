"""The DAGs of metering pushes on a real Airflow: what is sent, who hears of it, and what a person decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.catalog.loader import load_product
from include.domain.periods import floor_to_hour
from include.orchestration import pushes
from tests.support.airflow import connection_json
from tests.support.builders import rows
from tests.support.marketplace.outsides import AWS
from tests.support.marketplace.pushing import HOUR, ITEM, Vendor

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle

pytestmark = pytest.mark.slow


@pytest.fixture
def connected(vendor: Vendor, airflow_connections: pytest.MonkeyPatch) -> Vendor:
    """A vendor whose connection Airflow has, with an hour of usage; the vendor measures."""
    access = vendor.access
    airflow_connections.setenv(
        "AIRFLOW_CONN_ALIBABA_VENDOR",
        connection_json(
            conn_type="alibaba_cloud",
            login=access.access_key_id,
            password=access.access_key_secret.get_secret_value(),
            host="127.0.0.1",
            port=vendor.sandbox.port,
            extra={"account_id": access.account_id, "protocol": "http"},
        ),
    )
    airflow_connections.setattr(pushes, "_items", lambda _: [ITEM])
    vendor.now = datetime.now(UTC)
    vendor.wait(0)
    vendor.subscribe()
    return vendor


def run(dagbag: DagBag, dag_id: str, **conf: Any) -> dict[str, str]:
    done = dagbag.dags[dag_id].test(run_conf=conf or None)
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def test_the_marketplace_measures_the_product_of_the_catalogue_itself() -> None:
    (item,) = load_product().metering_items
    assert (item.channel, item.measured_by) == ("alibaba-china", "ComputeNestBill")
    assert [each.is_pushed for each in pushes._items("alibaba-china")] == [False]
    assert pushes.channels() == ["alibaba-china"]


def test_a_run_says_what_needs_a_person_and_notifies_once(connected: Vendor, dagbag: DagBag) -> None:
    connected.use(floor_to_hour(datetime.now(UTC)) - 5 * HOUR, 3600)
    done = {"list_channels": "success", "push": "success", "add_up": "success"}
    assert run(dagbag, "metering_push") == done | {"report": "failed"}
    assert connected.outcomes() == {"missed": 1}
    assert rows(connected.warehouse, "SELECT metered, missed FROM marketplace.agreement_days") == [(3600, 3600)]
    assert run(dagbag, "metering_push") == done | {"report": "success"}
    ((key, sentence),) = rows(connected.warehouse, "SELECT notification_key, sentence FROM operations.notifications")
    assert key.endswith("/missed")
    assert "its cut-off passed" in sentence


def test_a_run_closes_and_reports_the_last_hour_of_what_has_just_ended(
    airflow_connections: pytest.MonkeyPatch, warehouse: Engine, sandbox: SandboxHandle
) -> None:
    seller = Vendor(warehouse, sandbox, AWS.access(sandbox), outside=AWS)
    seller.now = datetime.now(UTC)
    seller.wait(0)
    ended_at = seller.now.replace(microsecond=0)
    seller.metered_since = ended_at - timedelta(seconds=600)
    seller.subscribe()
    connection = {"conn_type": "aws_marketplace", "host": "127.0.0.1", "port": sandbox.port}
    connection |= {"login": seller.access.access_key_id, "extra": {"protocol": "http"}}
    password = seller.access.access_key_secret.get_secret_value()
    airflow_connections.setenv("AIRFLOW_CONN_AWS_SELLER", connection_json(**connection, password=password))
    airflow_connections.setattr(pushes, "_items", lambda _: [AWS.item])
    assert pushes.push_channel("aws", seller.now + HOUR).requests == 0
    with warehouse.begin() as work:
        released = "UPDATE core.subscriptions SET state = 'released', ended_at = :at"
        work.execute(text(released), {"at": ended_at})
    pushes.push_channel("aws", seller.now + HOUR)
    assert f"{seller.instances[0]} {ended_at - timedelta(seconds=1):%dT%H}" in seller.book()


def test_a_decision_needs_a_user_and_a_record(connected: Vendor, dagbag: DagBag) -> None:
    form = {"decision": "write_off", "records": "1", "reason": "The Marketplace's bill shows it."}
    assert run(dagbag, "metering_push_decision", **form) == {"decide": "failed"}
    assert rows(connected.warehouse, "SELECT 1 FROM marketplace.push_decisions") == []


def test_a_bill_that_cannot_be_read_fails_the_resolution(connected: Vendor, dagbag: DagBag) -> None:
    assert run(dagbag, "metering_push_resolution") == {"enter_earlier": "success", "resolve": "success"}
    connected.use(floor_to_hour(datetime.now(UTC)) - 5 * HOUR, 3600)
    connected.push(items=(ITEM._replace(is_pushed=True),))
    with connected.warehouse.begin() as connection:
        connection.execute(text("SET LOCAL ROLE postgres"))
        connection.execute(text("ALTER TABLE marketplace.push_records DISABLE TRIGGER guard_push_record"))
        connection.execute(text("UPDATE marketplace.push_records SET outcome = 'unknown', reason = 'no_answer'"))
        connection.execute(text("ALTER TABLE marketplace.push_records ENABLE TRIGGER guard_push_record"))
    assert run(dagbag, "metering_push_resolution") == {"enter_earlier": "success", "resolve": "failed"}
