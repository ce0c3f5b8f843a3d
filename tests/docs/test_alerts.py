"""Alert rules and dashboard use metrics that exist, and each alert has what to do about it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from include.domain.words.work import TITLES
from include.reporting.metrics import METRICS

DOCS = Path(__file__).parents[2] / "docs"
METRIC = re.compile(r"airflow_akubill_(\w+)")


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((DOCS / "reference/metrics/alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def test_they_ask_for_metrics_and_kinds_that_exist() -> None:
    dashboard = json.loads((DOCS / "reference/metrics/dashboard.json").read_text(encoding="utf-8"))
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = [rule["expr"] for rule in rules()]
    assert {name for query in asked + shown for name in METRIC.findall(query)} <= set(METRICS)
    assert {name for query in shown for name in METRIC.findall(query)} == set(METRICS)
    kinds = {kind for query in asked for found in re.findall(r'kind=~?"([^"]+)"', query) for kind in found.split("|")}
    assert kinds <= set(TITLES)


def test_each_alert_has_its_section_in_the_runbook() -> None:
    runbook = (DOCS / "how-to/act-on-alerts.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", runbook, flags=re.MULTILINE)[1:]
    assert [section.split()[0] for section in sections] == [rule["alert"] for rule in rules()]
    for section in sections:
        assert re.findall(r"^\*\*(.+?)\.\*\*", section, flags=re.MULTILINE) == ["Means", "Look at", "Do"], section
    for rule in rules():
        assert rule["annotations"]["runbook"] == f"docs/how-to/act-on-alerts.md#{rule['alert'].lower()}"
