"""The deadline of the hourly close, as the installed Airflow keeps it: made with the run, missed, notified once.

The scheduler's own steps are taken by hand (its query for deadlines that have passed, and `handle_miss`), then the
trigger that it queued runs as the triggerer would run it.
"""

from __future__ import annotations

import asyncio
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from tests.support.airflow import connection_json, parse_dags

if TYPE_CHECKING:
    from airflow.models.deadline import Deadline
    from sqlalchemy import Engine

pytestmark = pytest.mark.slow


@pytest.fixture
def sent(airflow_connections, tmp_path):
    """The lines that the channel was given."""
    arguments = {"path": str(tmp_path / "sent"), "text": "{{ notification_title }}: {{ notification_text }}"}
    extra = {"notifier": "tests.support.notifiers.FileNotifier", "arguments": arguments}
    airflow_connections.setenv("AIRFLOW_CONN_AKUBILL_NOTIFICATIONS", connection_json(conn_type="generic", extra=extra))
    return lambda: (tmp_path / "sent").read_text().splitlines() if (tmp_path / "sent").exists() else []


@pytest.fixture
def hourly_dag(airflow_connections) -> Any:
    """The DAG aku_metering as the scheduler reads it from the metadata database."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import sync_bag_to_db
    from airflow.models.dagbag import DBDagBag
    from airflow.utils.session import create_session

    with create_session() as session:
        DagBundlesManager().sync_bundles_to_db(session=session)
    sync_bag_to_db(parse_dags(), "dags-folder", None)
    with create_session() as session:
        return DBDagBag().get_latest_version_of_dag("aku_metering", session=session)


def start_run(dag: Any, hour: datetime, run_type: str = "scheduled") -> int:
    """A queued run for the hour, as the scheduler creates it; its key in Airflow's database."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    with create_session() as session:
        kind = DagRunType(run_type)
        run = dag.create_dagrun(
            run_id=DagRun.generate_run_id(run_type=kind, logical_date=None, run_after=datetime.now(UTC)),
            run_after=hour + timedelta(hours=1, minutes=7),
            run_type=kind,
            triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.QUEUED,
            partition_key=f"{hour:%Y-%m-%dT%H:00:00}",
            session=session,
        )
        session.flush()
        return run.id


def deadlines(run_key: int, session: Any) -> list[Deadline]:
    from airflow.models.deadline import Deadline

    return session.scalars(select(Deadline).where(Deadline.dagrun_id == run_key, ~Deadline.missed)).all()


def miss(run_key: int) -> list[Any]:
    """What the scheduler does once the run's deadlines have passed; the triggers that it queued."""
    from airflow.utils.session import create_session

    queued = []
    with create_session() as session:
        for deadline in deadlines(run_key, session):
            deadline.handle_miss(session)
            queued.append(deadline.callback.trigger.kwargs)
    return queued


def call(trigger: dict[str, Any]) -> dict[str, Any]:
    """Run the trigger; its last event's payload."""
    from airflow.triggers.callback import CallbackTrigger

    async def last() -> Any:
        return [event async for event in CallbackTrigger(**deepcopy(trigger)).run()][-1].payload

    return asyncio.run(last())


HOUR = datetime(2026, 10, 1, 5, tzinfo=UTC)


def test_a_run_that_misses_its_deadline_is_notified_once(hourly_dag, sent, warehouse: Engine) -> None:
    [trigger] = miss(start_run(hourly_dag, HOUR))
    assert call(trigger)["state"] == "success"
    assert "Notified before" in call(trigger)["body"]  # the triggerer died and another one took over
    [line] = sent()
    assert line.startswith(
        "The hourly close missed its deadline: 1 new: aku_metering has not closed the hour 2026-10-01T05:00:00"
    )
    with warehouse.connect() as connection:
        [(key, is_notified)] = connection.execute(
            text("SELECT notification_key, sent_at IS NOT NULL FROM operations.notifications")
        )
    assert key.startswith("deadline/aku_metering/scheduled__")
    assert is_notified


def test_the_deadline_is_half_an_hour_after_the_run_is_queued(hourly_dag) -> None:
    from airflow.utils.session import create_session

    with create_session() as session:
        [deadline] = deadlines(start_run(hourly_dag, HOUR), session)
        assert deadline.deadline_time - deadline.dagrun.queued_at == timedelta(minutes=30)


def test_a_run_that_somebody_started_is_not_notified(hourly_dag, sent) -> None:
    [trigger] = miss(start_run(hourly_dag, HOUR, "manual"))
    assert call(trigger)["body"] == "Not notified: the run is a manual one."
    assert sent() == []


def test_a_warehouse_that_is_away_does_not_prevent_the_notification(hourly_dag, sent, airflow_connections) -> None:
    airflow_connections.setenv(
        "AIRFLOW_CONN_WAREHOUSE",
        connection_json(conn_type="postgres", login="unknown", host="127.0.0.1", port=1, schema="x"),
    )
    [trigger] = miss(start_run(hourly_dag, HOUR))
    assert "the ledger could not be read" in call(trigger)["body"]
    assert len(sent()) == 1


def test_a_channel_that_fails_is_kept_as_a_failure(hourly_dag, airflow_connections, warehouse: Engine) -> None:
    extra = {"notifier": "tests.support.notifiers.BrokenNotifier", "arguments": {}}
    airflow_connections.setenv("AIRFLOW_CONN_AKUBILL_NOTIFICATIONS", connection_json(conn_type="generic", extra=extra))
    [trigger] = miss(start_run(hourly_dag, HOUR))
    answer = call(trigger)
    assert answer["state"] == "failed"
    assert "secret-token" not in str(answer)
    with warehouse.connect() as connection:
        failure = connection.scalar(text("SELECT failure FROM operations.notifications"))
    assert failure == "The notifier BrokenNotifier of the connection akubill_notifications failed (OSError)."
