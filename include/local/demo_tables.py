"""The demo's tables, and where to look next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.local.demo import Demo

_BILLS = """
SELECT
    s.environment_name, s.region, s.payment, b.period, b.bill_id, b.aku_seconds, b.currency, b.total,
    coalesce(r.verdict, 'not compared') AS verdict
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN reconciliation.verdicts AS r ON b.subscription_key = r.subscription_key AND b.period = r.period
WHERE b.state <> 'void'
ORDER BY b.period, s.environment_name
"""


def print_bills(demo: Demo, say: Callable[[str], None], print_table: Callable[..., None]) -> None:
    """All bills in the warehouse, and where they are shown."""
    rows = [
        (
            *(row.environment_name, row.region, row.payment, row.period, f"{row.aku_seconds // 3600:,}"),
            *(f"{row.total:f} {row.currency}", row.verdict.replace("_", " ")),
        )
        for row in demo.ask(_BILLS)
    ]
    say("Bills, and the verdict on them against the Marketplace's:")
    print_table(("Environment", "Region", "Payment", "Period", "AKU-h", "Total", "Verdict"), rows)
    first = next(demo.ask(_BILLS), None)
    ui = demo.running.settings.ui_url
    say(f"Bills in the UI: {ui}/plugin/billing   DAGs: {ui}/dags   as SQL: `make psql`")
    if first:
        say(f"Any amount, down to its hours: `.venv/bin/akubill bills explain {first.bill_id}`")
