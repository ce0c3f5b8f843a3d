"""Writes the reference pages that follow from the code: `python -m tests.support.reference`. A test compares them."""

from __future__ import annotations

import html
import re
from pathlib import Path

from include.domain.lifecycles import LIFECYCLES
from include.reporting.metrics import METRICS
from include.warehouse.routines import ROUTINES, routine
from include.warehouse.tables import SCHEMAS, VIEW_SCHEMAS, metadata

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def command_line() -> str:
    """Every command with its options, as `--help` says them."""
    import typer
    from typer.cli import get_docs_for_click
    from typer.main import get_command

    from include.cli.main import app

    command = get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="akubill")
    return html.unescape(text).strip() + "\n"


def warehouse() -> str:
    """Every table with its columns and comments."""
    lines = [
        "# The warehouse's tables",
        "",
        "These are the comments in the database. Surrogate keys end in `_key`, public ids in `_id`. Instants are UTC,",
        "usage is in AKU-seconds (BIGINT), money is NUMERIC. Analysts log in as `billing_analyst`.",
    ]
    for schema, about in SCHEMAS.items():
        lines += ["", f"## {schema}", "", about]
        for table in sorted((t for t in metadata.tables.values() if t.schema == schema), key=lambda t: t.name):
            lines += [
                "",
                f"### {schema}.{table.name}",
                "",
                table.comment or "",
                "",
                "| column | type | |",
                "|---|---|---|",
            ]
            lines += [
                f"| {column.name} | {column.type}{'' if column.nullable else ', not null'} | {column.comment} |"
                for column in table.columns
            ]
    return "\n".join(lines) + "\n"


def analyst_views() -> str:
    """Every view for analysts with its columns, as the comments of its routine say."""
    written = "".join(routine(name) for name in ROUTINES if name.startswith("analytics/"))
    comments = re.findall(r"COMMENT ON (VIEW|COLUMN) ([\w.]+) IS\s+((?:'(?:[^']|'')*'\s*)+);", written)
    lines = [
        "# Views for analysts",
        "",
        *VIEW_SCHEMAS.values(),
        "They are made for pandas, BI tools and hand-written SQL: log in as `billing_analyst`. Names and meanings",
        "never change; a column may be added at the end. AKU-hours and amounts are NUMERIC, instants are timestamptz.",
        "",
        "Views by day only read the hours of the days in the query, so give them a range:",
        "",
        "```sql",
        "SELECT customer, sum(cost) FROM analytics.daily_cost",
        "WHERE day BETWEEN '2026-10-01' AND '2026-10-07' GROUP BY customer",
        "```",
    ]
    for kind, name, literals in comments:
        said = "".join(re.findall(r"'((?:[^']|'')*)'", literals)).replace("''", "'")
        if kind == "VIEW":
            lines += ["", f"## {name}", "", said, "", "| column | |", "|---|---|"]
        else:
            lines.append(f"| {name.rpartition('.')[2]} | {said} |")
    return "\n".join(lines) + "\n"


def lifecycles() -> str:
    """Every lifecycle as a diagram and a table."""
    lines = ["# Lifecycles", "", "The states of `include/domain/lifecycles.py`. The warehouse refuses any other state."]
    for life in LIFECYCLES:
        lines += ["", f"## {life.name.capitalize()}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {life.begins}"]
        lines += [f"    {start} --> {end}" for start, ends in life.steps.items() for end in ends]
        lines += ["```", "", "| state | means | can become |", "|---|---|---|"]
        lines += [f"| {state} | {life.meaning[state]} | {', '.join(life.steps[state])} |" for state in life.states]
    return "\n".join(lines) + "\n"


def metrics() -> str:
    """The product's metrics."""
    return "\n".join(
        [
            "# Metrics",
            "",
            "`freshness_alarms` measures every five minutes and sends these where Airflow sends its own metrics: to an",
            "OpenTelemetry collector (`AIRFLOW__METRICS__OTEL_ON=True`, `…__OTEL_HOST`, `…__OTEL_PORT`) or to StatsD.",
            "The first package is installed; for the second add `apache-airflow[statsd]`. While both are off, nothing",
            "is measured. Prometheus sees `airflow.akubill.open_gaps` as `airflow_akubill_open_gaps`.",
            "",
            "[alerts.yaml](metrics/alerts.yaml) has alert rules for Prometheus, and",
            "[Act on alerts](../how-to/act-on-alerts.md) what to do about each.",
            "[dashboard.json](metrics/dashboard.json) is a dashboard for Grafana.",
            "",
            "| metric | what it is |",
            "|---|---|",
            *(f"| `airflow.akubill.{name}` | {about} |" for name, about in METRICS.items()),
            "",
            "Amounts are floats here, to look at; the warehouse has them exact.",
            "",
        ]
    )


PAGES = {
    "analyst-views.md": analyst_views,
    "command-line.md": command_line,
    "lifecycles.md": lifecycles,
    "metrics.md": metrics,
    "warehouse.md": warehouse,
}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write(), encoding="utf-8")
