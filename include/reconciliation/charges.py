"""Fetches what the Marketplace charges each buyer for our product, from the buyer's own bill.

BSS shows the bill of the calling account, so every buyer is asked with its own delegated access. One buyer's missing or
refused access is written down and does not stop the others; its charges of an earlier fetch stay as they are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from include.catalog.loader import load_product
from include.domain.billing_cycles import billing_cycle
from include.domain.errors import AkubillError
from include.domain.money import ZERO
from include.warehouse.engine import locked, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from sqlalchemy import Engine

    from include.alibaba.bss import BillItem
    from include.domain.money import Decimal


class BuyersBills(Protocol):
    """One account's bills; include/alibaba/bss.py is the real one."""

    def instance_bill(self, billing_cycle: str, *, product_code: str | None = None) -> Iterable[BillItem]:
        """The items of a cycle's bill, of one product if given."""


@dataclass(frozen=True, slots=True)
class FetchedCharges:
    """What a fetch of one cycle gave.

    Attributes:
        cycle: the billing cycle, YYYY-MM.
        buyers: how many buyers were asked.
        charges: how many charges now stand for those that answered.
        failures: per account id, why its bill could not be fetched and what to do.
    """

    cycle: str
    buyers: int
    charges: int
    failures: dict[str, str]


def fetch_charges(
    warehouse: Engine, cycle: str, at: datetime, bills_of: Callable[[str], BuyersBills]
) -> FetchedCharges:
    """Replace the cycle's charges of every buyer that answers, and write down who did not.

    Args:
        warehouse: where charges are stored.
        cycle: the billing cycle, YYYY-MM (UTC+8).
        at: the instant of the run.
        bills_of: opens a buyer's bills by account id; may raise what a missing or refused access raises.

    Raises:
        InvalidInputError: when the cycle is not a month.
    """

    def read(account_id: str, codes: list[str]) -> list[dict[str, Any]]:
        bills = bills_of(account_id)
        return _sums([item for code in codes for item in bills.instance_bill(cycle, product_code=code)])

    return fetch_from_buyers(warehouse, "reconciliation", cycle, at, read)


def fetch_from_buyers(
    warehouse: Engine,
    statements: str,
    cycle: str,
    at: datetime,
    read: Callable[[str, list[str]], list[dict[str, Any]]],
) -> FetchedCharges:
    """Replace what one kind of bill has of a cycle, of every buyer that answers, and write down who did not.

    Args:
        warehouse: where charges are stored.
        statements: the folder with record_fetch, delete_charges and insert_charge of this kind.
        cycle: the billing cycle, YYYY-MM (UTC+8).
        at: the instant of the run.
        read: reads the rows of a buyer's account id and product codes; may raise what a missing or refused access
            raises.

    Raises:
        InvalidInputError: when the cycle is not a month.
    """
    window = billing_cycle(cycle).window
    with warehouse.connect() as connection:
        bounds = {"cycle_start": window.start, "cycle_end": window.end}
        buyers = connection.execute(statement("reconciliation/find_buyers"), bounds).all()
    charges, failures = 0, {}
    for account_id, products in buyers:
        fetched: dict[str, Any] = {"billing_cycle": cycle, "account_id": account_id, "attempted_at": at}
        rows = None
        try:
            rows = read(account_id, sorted({load_product(product).product_code for product in products}))
        except AkubillError as error:
            failures[account_id] = str(error)
        with warehouse.begin() as connection, locked(connection, statements, cycle, account_id):
            if rows is not None:
                key = {"billing_cycle": cycle, "account_id": account_id}
                connection.execute(statement(f"{statements}/delete_charges"), key)
                if rows:
                    inserted = [{**key, **row, "fetched_at": at} for row in rows]
                    connection.execute(statement(f"{statements}/insert_charge"), inserted)
                charges += len(rows)
            outcome = {"failure": failures.get(account_id), "fetched_at": None if rows is None else at}
            connection.execute(statement(f"{statements}/record_fetch"), fetched | outcome)
    return FetchedCharges(cycle, len(buyers), charges, failures)


def _sums(items: Iterable[BillItem]) -> list[dict[str, Any]]:
    """Gross and payable amounts per instance, kind of item and currency: a cycle may hold several orders of a kind."""
    sums: defaultdict[tuple[str, str, str], tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
    for item in items:
        natural_key = (item.instance_id, item.item, item.currency)
        gross, amount = sums[natural_key]
        sums[natural_key] = (gross + item.pretax_gross_amount, amount + item.pretax_amount)
    return [
        {
            "marketplace_instance_id": instance,
            "item": kind,
            "currency": currency,
            "gross_amount": gross,
            "amount": amount,
        }
        for (instance, kind, currency), (gross, amount) in sums.items()
    ]
