"""Four eyes: above an amount, a bill is not approved by someone who made it what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.domain.errors import ConflictError
from include.domain.people import is_by_hand, person_of
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from include.domain.money import Decimal

_PARTS = {
    "close": "closed its period",
    "correction": "asked for a correction that is on it",
    "withdrawal": "withdrew a correction from it",
    "offer": "entered an offer that it is rated by",
    "import": "imported usage that is on it",
}
#: Parts that a run may have on its own, on schedule.
_OF_RUNS = {"close", "import"}


class FourEyesError(ConflictError):
    """Another person has to approve the bill; nothing was changed."""


def who_made(connection: Connection, bill: Row[Any], above: Decimal | None) -> dict[str, str]:
    """The people who may not approve the bill, with what each did for it; empty where one person is enough.

    A close and an import on schedule count for no person.

    Args:
        connection: a transaction.
        bill: as `billing/bills/find_bill` has it.
        above: in the bill's currency, tax included; bills of no more than this need one person. None: all of them.
    """
    if above is None or abs(bill.total) <= above:
        return {}
    makers = connection.execute(statement("billing/bills/list_makers"), {"bill_id": bill.bill_id})
    return {
        person_of(maker.who): _PARTS[maker.part]
        for maker in makers
        if maker.part not in _OF_RUNS or is_by_hand(maker.who)
    }


def refuse_makers(connection: Connection, bill: Row[Any], person: str, above: Decimal | None) -> None:
    """Refuse an approval by someone who made the bill what it is; see `who_made`.

    Raises:
        FourEyesError: when the person did.
    """
    part = who_made(connection, bill, above).get(person_of(person))
    if part is not None:
        raise FourEyesError(
            f"Bill {bill.bill_id} is {bill.total:f} {bill.currency}, and {person} {part}. Above {above:f} "
            f"{bill.currency} another person approves. Ask somebody who had no part in it."
        )
