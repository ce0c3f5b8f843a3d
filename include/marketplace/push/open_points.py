"""What a person has to know of the ledger: what will not be charged, what may not be, and what is late."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.domain.channels import LATE_AFTER, UNREPORTED_AFTER
from include.domain.words.pushes import OPEN_POINTS, UNREPORTED
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from include.domain.money import Decimal


class OpenPoint(NamedTuple):
    """What needs a person.

    Attributes:
        key: names it for as long as it is the same.
        outcome: of the record; or `late`, `difference`, and `unreported` where there is no record.
        sentence: what is to be said and done about it.
        order_id: of a record: the Marketplace order; None where it is not known.
        decided_at: of a record: when it got its outcome; None while it waits.
        amount: of a record: what it is worth, before discounts; None where it has no price.
        currency: ISO 4217 code of the amount.
    """

    key: str
    outcome: str
    sentence: str
    order_id: str | None = None
    decided_at: datetime | None = None
    amount: Decimal | None = None
    currency: str | None = None


def list_open_points(warehouse: Engine, decided_since: datetime, at: datetime) -> list[OpenPoint]:
    """What has needed a person since an instant, and what is late now, the oldest hours first."""
    bounds = {"decided_since": decided_since, "ended_by": at - LATE_AFTER}
    with warehouse.connect() as connection:
        rows = connection.execute(statement("marketplace/push/list_open_points"), bounds).mappings()
        return [
            OpenPoint(
                f"{row['record_key']}/{row['outcome']}",
                row["outcome"],
                _say(dict(row)),
                *(row[name] for name in ("order_id", "decided_at", "amount", "currency")),
            )
            for row in rows
        ]


def list_differences(warehouse: Engine, since: datetime) -> list[OpenPoint]:
    """Records of hours since an instant that say another quantity than what is known of their hour now."""
    with warehouse.connect() as connection:
        rows = connection.execute(statement("marketplace/push/list_differences"), {"since": since}).mappings()
        return [
            OpenPoint(
                f"{row['record_key']}/difference/{row['known_quantity']}",
                "difference",
                OPEN_POINTS["difference"].say(dict(row)),
            )
            for row in rows
        ]


def list_unreported(
    warehouse: Engine, channel: str, products: list[str], since: datetime, at: datetime
) -> list[OpenPoint]:
    """Usage since an instant, of products that are reported to the channel, that no record has a day after its hour."""
    bounds = {"channel": channel, "products": products, "since": since, "until": at - UNREPORTED_AFTER}
    with warehouse.connect() as connection:
        rows = connection.execute(statement("marketplace/push/list_unreported"), bounds).mappings()
        return [
            OpenPoint(
                f"{channel}/{row['subscription_id']}/{row['day_start']:%Y-%m-%d}/unreported",
                "unreported",
                UNREPORTED.say({**row, "cause": "no_instance" if row["is_unknown_there"] else "late"}),
            )
            for row in rows
        ]


def describe_records(warehouse: Engine, record_keys: list[int]) -> list[str]:
    """Those of the records that need a person, in words."""
    if not record_keys:
        return []
    with warehouse.connect() as connection:
        rows = connection.execute(statement("marketplace/push/name_records"), {"record_keys": record_keys}).mappings()
        return [_say(dict(row)) for row in rows if row["outcome"] in OPEN_POINTS]


def _say(row: dict[str, object]) -> str:
    return OPEN_POINTS[str(row["outcome"])].say(row)
