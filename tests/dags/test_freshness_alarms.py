"""freshness_alarms on a real Airflow: what it tells, through which channel, how often."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from include.domain.errors import ConfigurationError
from tests.support.airflow import connection_json
from tests.support.metering.lives import Environment

pytestmark = pytest.mark.slow


@pytest.fixture
def silent(warehouse, airflow_connections) -> Environment:
    """An environment that is metered since an hour and has not answered."""
    return Environment(warehouse, metered_from=datetime.now(UTC) - timedelta(hours=1))


@pytest.fixture
def channel(airflow_connections, tmp_path):
    """Sets the connection akubill_notifications; gives what the file notifier wrote."""

    def set_up(notifier: str = "tests.support.notifiers.FileNotifier", arguments: object = None) -> None:
        default = {"path": str(tmp_path / "sent"), "text": "{{ notification_title }}: {{ notification_text }}"}
        extra = {"notifier": notifier, "arguments": default if arguments is None else arguments}
        airflow_connections.setenv(
            "AIRFLOW_CONN_AKUBILL_NOTIFICATIONS", connection_json(conn_type="generic", extra=extra)
        )

    sent = tmp_path / "sent"
    set_up.sent = lambda: sent.read_text().splitlines() if sent.exists() else []  # type: ignore[attr-defined]
    return set_up


def run(dagbag) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run_of(dagbag).get_task_instances()}


def run_of(dagbag) -> Any:
    return dagbag.dags["freshness_alarms"].test()


def ledger(warehouse) -> list[tuple[Any, ...]]:
    query = text("SELECT notification_key, sent_at IS NOT NULL, failure FROM operations.notifications ORDER BY 1 DESC")
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_silence_is_notified_once_and_again_when_it_is_over(dagbag, silent, channel, warehouse):
    channel()
    assert run(dagbag) == {"evaluate_environments": "success", "notify_operators": "success"}
    assert run(dagbag) == {"evaluate_environments": "success", "notify_operators": "skipped"}
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.environments SET state = 'released'"))
    assert run(dagbag)["notify_operators"] == "success"
    assert run(dagbag)["notify_operators"] == "skipped"
    first, second = channel.sent()
    assert first.startswith("Metering alarms: 1 new: ALARM Environment env-11-orders has not answered since")
    assert second.startswith("Metering alarms: 1 over: OVER Environment env-11-orders is not metered any more")
    assert ledger(warehouse) == [("alarm/1/opened", True, None), ("alarm/1/closed", True, None)]


def test_without_a_channel_the_log_is_all(dagbag, silent, warehouse, capfd):
    assert run(dagbag)["notify_operators"] == "success"
    assert ledger(warehouse) == [("alarm/1/opened", True, None)]
    captured = capfd.readouterr()
    assert "has not answered since" in captured.out + captured.err


def test_a_channel_that_fails_is_red_once_and_its_secret_is_not_kept(dagbag, silent, channel, warehouse):
    channel("tests.support.notifiers.BrokenNotifier", {})
    assert run(dagbag)["notify_operators"] == "failed"
    assert run(dagbag)["notify_operators"] == "skipped"
    [(key, is_sent, failure)] = ledger(warehouse)
    assert (key, is_sent) == ("alarm/1/opened", False)
    assert failure == "The notifier BrokenNotifier of the connection akubill_notifications failed (OSError)."


def test_a_channel_that_cannot_be_made_loses_no_alarm(dagbag, silent, channel, warehouse):
    channel("nowhere.Notifier")
    assert run(dagbag)["notify_operators"] == "failed"
    assert ledger(warehouse) == []


@pytest.mark.parametrize(
    ("notifier", "arguments", "complaint"),
    [
        ("", {}, "which cannot be made"),
        ("nowhere.Notifier", {}, "which cannot be made"),
        ("tests.support.notifiers.FileNotifier", {"unknown": 1}, "which cannot be made"),
        ("tests.support.notifiers.FileNotifier", "{no json", "which cannot be made"),
        ("datetime.timedelta", {}, "which is no notifier"),
    ],
)
def test_a_wrong_channel_is_named(channel, notifier, arguments, complaint):
    from include.orchestration import notifications

    channel(notifier, arguments)
    with pytest.raises(ConfigurationError, match=complaint):
        notifications.channel()


def test_arguments_may_be_written_as_text(dagbag, silent, channel, tmp_path):
    channel(arguments=json.dumps({"path": str(tmp_path / "sent"), "text": "{{ notifications | length }}"}))
    run(dagbag)
    assert channel.sent() == ["1"]
