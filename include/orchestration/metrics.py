"""Sends the product's metrics where Airflow sends its own: OpenTelemetry or StatsD, by the section [metrics]."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

PREFIX = "akubill"


def publish_metrics(now: datetime) -> int:
    """Measure and send; how many values. Nothing is measured where Airflow's metrics are off."""
    from airflow.sdk.configuration import conf
    from airflow.sdk.observability import stats

    from include.orchestration.connections import warehouse
    from include.reporting.metrics import read_metrics

    if not any(conf.getboolean("metrics", switch, fallback=False) for switch in ("otel_on", "statsd_on")):
        return 0
    with warehouse().connect() as connection:
        metrics = read_metrics(connection, now)
    for metric in metrics:
        stats.gauge(f"{PREFIX}.{metric.name}", float(metric.value), tags=dict(metric.labels))
    return len(metrics)
