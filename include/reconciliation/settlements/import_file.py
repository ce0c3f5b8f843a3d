"""Imports a vendor's settlement export: CSV with charged_id, period, kind, amount and currency.

charged_id is a subscription or a marketplace instance; period a month of UTC+8 (2026-10) or the start of an hour; kind
charge or refund, and a refund is negative; amounts are before tax and commission. An export has all of a month: the
newest one that has a subscription's month counts for it.
"""

from __future__ import annotations

import re
from hashlib import file_digest
from typing import TYPE_CHECKING, NamedTuple

from include.catalog.row_files import Columns, read_id, read_rows
from include.catalog.text_files import open_text
from include.domain.billing_cycles import CYCLE_ZONE, billing_cycle
from include.domain.errors import InvalidInputError, RetriableError
from include.domain.money import ZERO, currency_digits
from include.domain.periods import BillingPeriod, floor_to_hour, parse_instant
from include.reconciliation.amounts import read_amount
from include.warehouse.engine import locked, statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import psycopg
    from sqlalchemy import Connection, Engine

    from include.domain.money import Decimal

NEEDED = ("charged_id", "period", "kind", "amount", "currency")
_MONTH = re.compile(r"\d{4}-\d{2}")
_SHOWN = 60
_COPY = (
    "COPY reconciliation.settlement_items (file_key, line_no, charged_id, period, hour_start, kind, amount, currency) "
    "FROM STDIN"
)


class SettlementItem(NamedTuple):
    """A line of an export; `period` is YYYY-MM, `hour_start` None where the line is for the whole month."""

    line_no: int
    charged_id: str
    period: str
    hour_start: datetime | None
    kind: str
    amount: Decimal
    currency: str


class SettlementImport(NamedTuple):
    """What an import did.

    Attributes:
        items: lines that are stored.
        periods: their months, YYYY-MM, in order.
        wrong: what is wrong with each line that was left out.
        imported_before: whether the same bytes were imported before, so that nothing was done.
    """

    items: int
    periods: list[str]
    wrong: list[InvalidInputError]
    imported_before: bool


def import_settlement(warehouse: Engine, file: Path, at: datetime, by: str) -> SettlementImport:
    """Store the good lines of an export; the same bytes are stored once.

    Args:
        warehouse: where they are stored.
        file: the export.
        at: the instant of the import.
        by: run or person.

    Raises:
        InvalidInputError: when the file is no CSV, or does not have the columns once each; nothing is stored.
        RetriableError: when it is still being written.
    """
    with open_text(file):  # says what is wrong with a path before its bytes are read
        file_sha256 = _hash_of(file)
    items, wrong = read_rows(file, Columns(NEEDED), _read_item)
    if _hash_of(file) != file_sha256:
        raise RetriableError(f"{file.name} changed while it was read. Import it again when it is whole.")
    entry = {
        "file_sha256": file_sha256,
        "file_name": file.name,
        "items": len(items),
        "rejected": len(wrong),
        "imported_at": at,
        "imported_by": by,
    }
    # One import at a time: keys are in the order in which files become visible, and the newest counts.
    with warehouse.begin() as connection, locked(connection, "reconciliation", "settlement"):
        file_key = connection.execute(statement("reconciliation/settlements/insert_file"), entry).scalar()
        if file_key is not None:
            _copy(connection, file_key, items)
    return SettlementImport(len(items), sorted({item.period for item in items}), wrong, file_key is None)


def _read_item(number: int, cells: Mapping[str, str]) -> SettlementItem:
    charged_id = read_id("charged_id", cells["charged_id"])
    period, hour = _read_period(cells["period"])
    kind, amount = cells["kind"], read_amount("amount", cells["amount"])
    if kind not in {"charge", "refund"}:
        raise InvalidInputError("kind", kind[:_SHOWN], "is neither charge nor refund", "Write one of the two.")
    if (amount < ZERO) if kind == "charge" else (amount > ZERO):
        rule = "is negative, and a charge is not" if kind == "charge" else "is positive, and a refund is not"
        remedy = "Write its kind as refund." if kind == "charge" else "Write a refund with a minus sign."
        raise InvalidInputError("amount", cells["amount"], rule, remedy)
    currency_digits(cells["currency"])
    return SettlementItem(number, charged_id, period, hour, kind, amount, cells["currency"])


def _read_period(text: str) -> tuple[str, datetime | None]:
    if _MONTH.fullmatch(text):
        return billing_cycle(text).name, None
    try:
        hour = parse_instant(text, "period")
    except InvalidInputError as error:
        remedy = "Write a month like 2026-10, or an hour like 2026-10-01T00:00:00+08:00."
        raise InvalidInputError("period", error.value, error.rule, remedy) from None
    if hour != floor_to_hour(hour):
        raise InvalidInputError("period", text, "is not the start of a full hour (of UTC)", "Give full hours.")
    return BillingPeriod.containing(hour, CYCLE_ZONE).name, hour


def _hash_of(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _copy(connection: Connection, file_key: int, items: list[SettlementItem]) -> None:
    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for item in items:
            copy.write_row((file_key, *item))
