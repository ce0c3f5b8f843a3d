"""Fingerprints of bills: a digest of everything that a bill was made of, so that a change behind it is noticed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.billing.rating.rate import window_of
from include.catalog.loader import catalog_products
from include.warehouse.engine import run_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from include.domain.periods import BillingPeriod

_TABLES = ("fingerprinted_bills", "fingerprint_parts", "bill_fingerprints")
_STEPS = (
    "billing/evidence/create_fingerprinted_bills",
    "billing/evidence/create_fingerprint_parts",
    "billing/evidence/add_terms_parts",
    "billing/evidence/add_price_parts",
    "billing/evidence/add_document_parts",
    "billing/evidence/compute_fingerprints",
)


def printed_products() -> str:
    """What documents print of each product of the catalogue, as JSON by name."""
    return json.dumps({product.name: product.printed_facts() for product in catalog_products()})


def fingerprint(
    connection: Connection, period: BillingPeriod, bill_keys: Sequence[int], *, from_usage: bool = False
) -> None:
    """Compute fingerprints of documents of a period into the temporary table bill_fingerprints of this transaction.

    Args:
        connection: the transaction.
        period: the documents'.
        bill_keys: theirs.
        from_usage: reads the usage of instances itself, not the digests of it that hours have.
    """
    tables = ", ".join(f"pg_temp.{table}" for table in _TABLES)
    connection.execute(text(f"DROP TABLE IF EXISTS {tables}"))
    chosen = {**window_of(period), "bill_keys": list(bill_keys), "from_usage": from_usage}
    run_steps(connection, _STEPS[:1], chosen)
    subscriptions = connection.scalars(text("SELECT DISTINCT subscription_key FROM fingerprinted_bills")).all()
    run_steps(connection, _STEPS[1:], {**chosen, "subscriptions": subscriptions})
