"""A buyer's Marketplace bill that says what the test says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.money import Decimal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Charge(NamedTuple):
    """One item of a bill, with what reconciliation reads of it."""

    instance_id: str
    amount: str
    item: str = "PayAsYouGoBill"
    currency: str = "CNY"
    gross: str | None = None

    @property
    def pretax_amount(self) -> Decimal:
        return Decimal(self.amount)

    @property
    def pretax_gross_amount(self) -> Decimal:
        return Decimal(self.gross or self.amount)


class BillsOnPaper:
    """Holds the same items for every cycle."""

    def __init__(self, items: Iterable[Charge]) -> None:
        self.items = list(items)

    def instance_bill(self, billing_cycle: str, *, product_code: str | None = None) -> Iterator[Any]:
        assert billing_cycle
        assert product_code == "cmgj-automq-byoc"
        return iter(self.items)
