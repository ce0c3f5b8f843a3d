"""Compares two files of amounts by hour, ours and the Marketplace's, by the rules that reconcile bills.

Both are CSV with subscription_id, hour, amount and currency. An hour may have several amounts, which are added up. Ours
may say what an hour would cost by another measure: peak_amount (at its peak), started_hour_amount (counted whole) and
uncovered_amount (without the licence); with them more differences can be explained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from include.catalog.row_files import Columns, read_id, read_rows
from include.domain.errors import InvalidInputError
from include.domain.money import Decimal, currency_digits
from include.domain.periods import floor_to_hour, parse_instant
from include.domain.words.reconciliation import HOUR_VERDICTS, HYPOTHESES
from include.reconciliation.amounts import read_amount
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import psycopg
    from sqlalchemy import Connection, Engine

NEEDED = ("subscription_id", "hour", "amount", "currency")
MEASURES = ("peak_amount", "started_hour_amount", "uncovered_amount")
_COPY = (
    "COPY reconciliation.hour_amounts (is_ours, subscription_id, hour_start, amount, currency, peak_amount, "
    "started_hour_amount, uncovered_amount) FROM STDIN"
)


@dataclass(frozen=True, slots=True)
class HourVerdict:
    """The verdict on a subscription's hour; an amount is None where that side has none.

    Attributes:
        refunded: the Marketplace's negative items of the hour, which are in its amount.
        difference: the Marketplace's amount minus ours; None where they are in two currencies.
        hypothesis: the first that explains the difference, a key of `words.reconciliation.HYPOTHESES`.
    """

    subscription_id: str
    hour_start: datetime
    our_amount: Decimal | None
    marketplace_amount: Decimal | None
    refunded: Decimal | None
    difference: Decimal | None
    currency: str
    marketplace_currency: str | None
    verdict: str
    hypothesis: str | None

    @property
    def sentence(self) -> str:
        """Verdict and hypothesis in words."""
        facts = {name: getattr(self, name) for name in ("currency", "marketplace_currency")} | {
            "our_amount": self.our_amount or Decimal(0),
            "marketplace_amount": self.marketplace_amount or Decimal(0),
            "refunded": -(self.refunded or Decimal(0)),
            "distance": abs(self.difference or Decimal(0)),
            "direction": "more" if (self.difference or 0) > 0 else "less",
        }
        said = HOUR_VERDICTS[self.verdict].say(facts)
        return f"{said} {HYPOTHESES[self.hypothesis].say(facts)}" if self.hypothesis else said


class HourAmount(NamedTuple):
    """What one side charges for an hour; `measures` are what it would be by each of MEASURES, None where not known."""

    subscription_id: str
    hour: datetime
    amount: Decimal
    currency: str
    measures: tuple[Decimal | None, ...]


def compare_files(scratch: Engine, ours: Path, theirs: Path) -> tuple[list[HourVerdict], list[InvalidInputError]]:
    """The verdicts on all hours of both files, by subscription and hour, and what is wrong with rows left out.

    Args:
        scratch: an empty, migrated warehouse; nothing is committed to it.
        ours: what we charge.
        theirs: what the Marketplace charges; refunds are negative.

    Raises:
        InvalidInputError: when a file is no CSV, or does not have the four columns.
    """
    our_rows, wrong = read_rows(ours, Columns(NEEDED, MEASURES), _Rows(MEASURES).read)
    their_rows, wrong_there = read_rows(theirs, Columns(NEEDED), _Rows(()).read)
    return compare_amounts(scratch, our_rows, their_rows), [*wrong, *wrong_there]


def compare_amounts(scratch: Engine, ours: list[HourAmount], theirs: list[HourAmount]) -> list[HourVerdict]:
    """The verdicts on all hours that either side has, by subscription and hour; nothing is committed."""
    with scratch.connect() as connection, connection.begin() as transaction:
        _copy(connection, ours, is_ours=True)
        _copy(connection, theirs, is_ours=False)
        rows = connection.execute(statement("reconciliation/hours/list_verdicts")).mappings()
        verdicts = [HourVerdict(**row) for row in rows]
        transaction.rollback()
    return verdicts


def _copy(connection: Connection, rows: list[HourAmount], *, is_ours: bool) -> None:
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row((is_ours, row.subscription_id, row.hour, row.amount, row.currency, *row.measures))


class _Rows:
    """Reads one row after another, and knows the currency of each subscription's hour."""

    def __init__(self, measures: tuple[str, ...]) -> None:
        self._measures = measures
        self._currencies: dict[tuple[str, datetime], tuple[str, int]] = {}

    def read(self, number: int, cells: Mapping[str, str]) -> HourAmount:
        subscription_id = read_id("subscription_id", cells["subscription_id"])
        hour = parse_instant(cells["hour"], "hour")
        if hour != floor_to_hour(hour):
            rule = "is not the start of a full hour (of UTC)"
            raise InvalidInputError("hour", cells["hour"], rule, "Give one row per full hour.")
        currency = cells["currency"]
        currency_digits(currency)
        measures = [read_amount(name, cells.get(name, "")) if cells.get(name) else None for name in self._measures]
        amount = read_amount("amount", cells["amount"])
        known, line = self._currencies.setdefault((subscription_id, hour), (currency, number))
        if known != currency:
            rule = f"is not {known}, which line {line} has for the same hour: they cannot be added up"
            raise InvalidInputError("currency", currency, rule, "Give an hour one currency.")
        return HourAmount(subscription_id, hour, amount, currency, tuple(measures) or (None,) * len(MEASURES))
