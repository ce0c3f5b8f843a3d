"""Audits that every metered AKU-second is in one place: covered by a licence, or in the ledger with one outcome."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.catalog.loader import catalog_products
from include.domain.billing_cycles import last_ended_cycle
from include.domain.words.pushes import UNBALANCED
from include.operations.audits import AUDITED
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Engine

    from include.domain.periods import BillingPeriod
    from include.domain.products import Product

#: A period is audited from so long after its end. By then its last hours are in the ledger, or it is too late for them:
#: no channel of the catalogue takes usage for longer than a day.
SETTLED_AFTER = timedelta(days=2)


def audit_agreement(warehouse: Engine, at: datetime, products: Iterable[Product] | None = None) -> list[str]:
    """A sentence for each subscription and recent period whose usage and ledger do not add up.

    Args:
        warehouse: where both are.
        at: periods are months of the Marketplace (UTC+8) that ended two days before this instant, within `AUDITED`.
        products: whose usage belongs in the ledger of their channels; without, those of the catalogue.
    """
    items = [
        (product.name, item.channel) for product in products or catalog_products() for item in product.metering_items
    ]
    periods = _audited(at)
    facts = {
        "products": [name for name, _ in items],
        "channels": [channel for _, channel in items],
        "periods": [period.name for period in periods],
        "starts": [period.window.start for period in periods],
        "ends": [period.window.end for period in periods],
        "since": periods[0].window.start,
        "until": periods[-1].window.end,
    }
    with warehouse.connect() as connection:
        rows = connection.execute(statement("operations/audits/list_unbalanced"), facts).mappings()
        return [_say(dict(row)) for row in rows]


def _audited(at: datetime) -> list[BillingPeriod]:
    """Oldest first."""
    period = last_ended_cycle(at - SETTLED_AFTER)
    periods = [period]
    while (period := period.previous).window.end > at - AUDITED:
        periods.append(period)
    return periods[::-1]


def _say(row: dict[str, Any]) -> str:
    causes = {name: "yes" if row[f"{name}_count"] else "no" for name in ("lost", "doubled", "changed")}
    return UNBALANCED.say({**row, **causes})
