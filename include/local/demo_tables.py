"""The demo's tables, and where to look next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from include.local.demo import Demo

_BILLS = """
SELECT
    s.environment_name, s.region, s.payment, b.period, b.bill_id, b.aku_seconds, b.currency, b.total,
    coalesce(r.verdict, 'not compared') AS verdict
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN settlement.reconciliations AS r ON b.subscription_key = r.subscription_key AND b.period = r.period
WHERE b.state <> 'void'
ORDER BY b.period, s.environment_name
"""


def print_bills(console: Console, demo: Demo) -> None:
    """All bills in the warehouse, and where they are shown."""
    table = Table(
        title="Bills, and the verdict on them against the Marketplace's", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for column in ("Environment", "Region", "Payment", "Period"):
        table.add_column(column, no_wrap=True)
    table.add_column("AKU-h", justify="right", no_wrap=True)
    table.add_column("Total", justify="right", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    for row in demo.ask(_BILLS):
        hours, total = f"{row.aku_seconds // 3600:,}", f"{row.total:.2f} {row.currency}"
        cells = (row.environment_name, row.region, row.payment, row.period, hours, total)
        table.add_row(*cells, row.verdict.replace("_", " "))
    console.print(table)
    first = next(demo.ask(_BILLS), None)
    ui = demo.running.settings.ui_url
    console.print(f"Bills in the UI: {ui}/plugin/bills   DAGs: {ui}/dags   as SQL: `make psql`")
    if first:
        console.print(f"Any amount, down to its hours: `.venv/bin/akubill bills explain {first.bill_id}`")
