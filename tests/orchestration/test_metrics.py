"""The product's metrics reach a real OpenTelemetry receiver, as Airflow's own do."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from include.reporting.metrics import METRICS, read_metrics
from tests.support.showcase import NOW
from tests.support.work_queue import fill_work_queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

#: What a task does, in the process that Airflow starts for it.
_TASK = f"""
from datetime import datetime
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from include.orchestration.metrics import publish_metrics
stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)
print(publish_metrics(datetime.fromisoformat("{NOW.isoformat()}")))
"""


class _Receiver(BaseHTTPRequestHandler):
    """Takes OTLP over HTTP, and keeps every gauge."""

    gauges: dict[tuple[str, tuple[tuple[str, str], ...]], float]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.gauge.data_points:
                        labels = tuple(sorted((each.key, each.value.string_value) for each in point.attributes))
                        self.gauges[metric.name, labels] = point.as_double
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *_args: object) -> None:  # noqa: A002 (the library's name)
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[ThreadingHTTPServer]:
    _Receiver.gauges = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.slow
def test_they_are_sent_where_airflow_sends_its_own(
    warehouse: Engine, airflow_connections: object, receiver: ThreadingHTTPServer
) -> None:
    with warehouse.begin() as connection:
        fill_work_queue(connection, NOW)
        expected = read_metrics(connection, NOW)
    environment = os.environ | {
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "AIRFLOW__METRICS__OTEL_HOST": "127.0.0.1",
        "AIRFLOW__METRICS__OTEL_PORT": str(receiver.server_port),
    }
    done = subprocess.run(
        [sys.executable, "-c", _TASK], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split()[-1] == str(len(expected)), done.stderr
    received = {name: value for name, value in _Receiver.gauges.items() if name[0].startswith("airflow.akubill.")}
    assert received == {
        (f"airflow.akubill.{metric.name}", tuple(sorted(metric.labels.items()))): float(metric.value)
        for metric in expected
    }
    # No price is known of what waits to be reported here.
    assert {metric.name for metric in expected} == set(METRICS) - {"unreported_amount"}


def test_an_empty_warehouse_has_nothing_to_be_woken_for(warehouse: Engine) -> None:
    with warehouse.connect() as connection:
        assert {metric.value for metric in read_metrics(connection, NOW)} == {0}


def test_they_say_how_late_and_how_near_the_cut_off(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        fill_work_queue(connection, NOW)
        metrics = {(metric.name, *metric.labels.values()): metric.value for metric in read_metrics(connection, NOW)}
    assert metrics["work_items", "held_bill"] == 1
    assert metrics["work_amount", "held_bill", "CNY"] == 12
    assert metrics["open_gaps",] == 1
    assert metrics["unreported_records", "aws"] == 1
    # The hour began seven hours ago, and its cut-off was 119 minutes later.
    assert metrics["cut_off_slack_seconds", "aws"] == -(5 * 60 + 1) * 60
