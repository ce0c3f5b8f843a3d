"""Fingerprints of bills: a digest of everything that a bill was made of, so that a change behind it is noticed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.billing.rating.rate import window_of
from include.catalog.loader import catalog_products
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod


def printed_products() -> str:
    """What documents print of each product of the catalogue, as JSON by name."""
    return json.dumps({product.name: product.printed_facts() for product in catalog_products()})


def fingerprint(connection: Connection, period: BillingPeriod, states: list[str]) -> None:
    """Compute the fingerprints of the period's bills into the temporary table bill_fingerprints of this transaction."""
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.bill_fingerprints"))
    connection.execute(statement("billing/evidence/compute_fingerprints"), {**window_of(period), "states": states})
