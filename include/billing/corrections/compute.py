"""Corrections of issued bills: the difference between the perfect bill and what documents say by now.

A corrected period is rated again whole, with the usage and the private offers that are known now. What documents have
said of it, on the bill and on every later correction, is taken off line by line; the rest goes on the next document.
So all documents together are the perfect bill, plus what was refunded, however often and in whatever order a period is
corrected.

The corrections of a transaction lie in its temporary tables correction_roots, correction_lines and correction_taxes.
The caller holds the lock `warehouse.engine.USAGE`, under which usage is written and bills are issued.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from include.billing.rating.rate import rate, window_of
from include.domain.periods import BillingPeriod
from include.warehouse.engine import run_steps, statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from include.domain.money import Decimal

#: What `chosen` may leave open.
_NOTHING: dict[str, Any] = dict.fromkeys(
    ("root_key", "document_key", "subscriptions", "period_start", "period_end")
) | {"states": []}
#: The bills to correct, and what corrects them, which is empty at first; then the refunds of these bills.
_BEGINNING = (
    "billing/corrections/create_roots",
    "billing/corrections/create_lines",
    "billing/corrections/create_taxes",
)
_REFUNDING = (
    "billing/corrections/create_refunds",
    "billing/corrections/add_refunds",
    "billing/corrections/add_refund_taxes",
)
#: What these make, in their order; each is a temporary table.
_TABLES = ("correction_roots", "correction_lines", "correction_taxes", "refunds")


class Difference(NamedTuple):
    """What the corrections of a transaction come to.

    Attributes:
        line_count: lines, those that only move usage or rounding included.
        tax_count: rates of tax with something to correct.
        total: tax included; negative where money is given back.
    """

    line_count: int
    tax_count: int
    total: Decimal


def add_corrections(
    connection: Connection,
    period: BillingPeriod,
    subscriptions: Sequence[int],
    unpriced: dict[str, str] | None = None,
) -> list[int]:
    """Put what is pending for earlier periods on the drafts of this one, before they are summed.

    Of the drafts of these subscriptions, which were just made. Returns the subscriptions that cannot be rated
    again: `unpriced` has them, as `rate` says.

    Rates other periods, so the tables of an earlier `rate` in this transaction are gone afterwards.
    """
    chosen = {**window_of(period), "states": ["draft"], "subscriptions": list(subscriptions)}
    compute_corrections(connection, chosen, unpriced)
    left_out = connection.execute(statement("billing/corrections/delete_unpriced"), {"ids": list(unpriced or ())})
    keys = list(left_out.scalars())
    insert_corrections(connection)
    return keys


def compute_corrections(
    connection: Connection, chosen: dict[str, Any], unpriced: dict[str, str] | None = None
) -> Difference:
    """Work out what corrects the chosen bills, into the tables of this transaction, which replace earlier ones.

    Args:
        connection: the transaction.
        chosen: `root_key` of one bill, or `period_start`, `period_end`, `states` of the drafts that corrections go on,
            of which `document_key` or `subscriptions` chooses some.
        unpriced: takes the subscriptions that cannot be rated again; without it, the first of them is raised.
    """
    for table in _TABLES:
        connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.{table}"))
    run_steps(connection, _BEGINNING, _NOTHING | chosen)
    roots = connection.execute(
        text("SELECT period, time_zone, subscription_key FROM correction_roots WHERE is_rated_again")
    ).all()
    for name, zone in sorted({(root.period, root.time_zone) for root in roots}):
        period = BillingPeriod(name, zone)
        keys = [root.subscription_key for root in roots if (root.period, root.time_zone) == (name, zone)]
        _compare(connection, period, keys, unpriced)
    run_steps(connection, _REFUNDING, {})
    return Difference(*connection.execute(statement("billing/corrections/sum_difference")).one())


def insert_corrections(connection: Connection) -> int:
    """Write the corrections of this transaction on their documents; how many lines."""
    connection.execute(statement("billing/corrections/insert_taxes"))
    return connection.execute(statement("billing/corrections/insert_lines")).rowcount


def sum_documents(connection: Connection, bill_keys: Sequence[int]) -> None:
    """Add up the lines and taxes of documents that are not issued yet."""
    connection.execute(statement("billing/corrections/sum_documents"), {"bill_keys": list(bill_keys)})


def _compare(
    connection: Connection, period: BillingPeriod, subscriptions: Sequence[int], unpriced: dict[str, str] | None
) -> None:
    """Rate a period's bills with what is known now, and take off what documents say."""
    window = window_of(period)
    connection.execute(statement("billing/corrections/take_hours"), window)
    rate(connection, period, subscriptions=subscriptions, unpriced=unpriced)
    connection.execute(statement("billing/corrections/add_lines"), window)
    connection.execute(statement("billing/corrections/add_taxes"), window)
    connection.execute(statement("billing/corrections/delete_rating_hours"))
