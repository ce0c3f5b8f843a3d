"""Asks whether everything that was metered or sold is on exactly one bill: the audit behind "nothing is lost".

An audit in warehouse/audits looks at the bills of one period. This one looks at what has no bill to look at: usage,
terms of licences and months of a life in periods that were closed, holes and overlaps between bills, and late usage
that no document has. What is looked for is a statement each, named like its sentence here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from include.domain.usage import aku_hours
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine

    from include.domain.money import Decimal

#: Before every bill.
_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_CLOSE = "Close the period again: that bills every subscription that has no bill for it."
_FOLDER = "billing/completeness/"
#: What is looked for, by the statement that finds it.
_WORDS = {
    "billing/completeness/usage_without_bill": (
        f"used {{aku_hours}} AKU-hours from {{window}} in a closed period and has no bill of it. {_CLOSE}"
    ),
    "billing/completeness/month_without_bill": (
        f"was active in the closed period of {{window}} and has no bill of it. {_CLOSE}"
    ),
    "billing/completeness/licence_without_bill": (
        f"has a licence for {{window}} that is on no bill, though the period of its start is closed. {_CLOSE} Where "
        "that bill is issued, correct it, cause price."
    ),
    "billing/completeness/hole_between_bills": (
        "has no bill for {window}, between {bill_ids}. Close the period between them, or void the later bill while it "
        "is not issued."
    ),
    "billing/completeness/hours_on_two_bills": (
        "has two bills for {window}: {bill_ids}. Void one of them, or refund what is on it twice."
    ),
    "billing/completeness/licence_on_two_bills": (
        "has the licence for {window} on more than one bill: {bill_ids}. Refund the second one."
    ),
    "billing/completeness/usage_differs_from_bill": (
        "has {aku_hours} AKU-hours more (or less, where negative) in {window} than its bill {bill_ids} says, and no "
        "late usage explains it. Run `akubill bills verify {bill_ids}`."
    ),
    "billing/completeness/usage_before_the_start": (
        "has {aku_hours} AKU-hours of usage from {window}, before it started. Correct its start, or the import."
    ),
    "billing/completeness/usage_after_the_end": (
        "has {aku_hours} AKU-hours of usage from {window}, after it ended. Close these hours again, or correct its end."
    ),
    "billing/completeness/late_usage_without_next_bill": (
        "has late usage of {aku_hours} AKU-hours from {window} and no next bill. Correct {bill_ids} with a note "
        "(`bill_correction`, cause late_usage)."
    ),
    "billing/completeness/late_usage_without_document": (
        "has late usage of {aku_hours} AKU-hours in {window} that is marked as applied, and is on no issued document "
        "of its own. Ask who wrote that row; bill {bill_ids} has to be corrected for it."
    ),
}


class Incomplete(NamedTuple):
    """Something that is on no bill, on two, or on a wrong one.

    Attributes:
        finding: what kind: the last part of the statement's name.
        from_at: start of what it is about (inclusive, UTC).
        until_at: its end (exclusive, UTC).
        aku_seconds: usage it is about; 0 where it is not about usage.
        bill_ids: bills that it is about, separated by commas; None where there are none.
    """

    finding: str
    subscription_id: str
    from_at: datetime
    until_at: datetime
    aku_seconds: Decimal
    bill_ids: str | None

    def __str__(self) -> str:
        window = f"{self.from_at:%Y-%m-%dT%H:%MZ} to {self.until_at:%Y-%m-%dT%H:%MZ}"
        facts = {"window": window, "bill_ids": self.bill_ids, "aku_hours": aku_hours(int(self.aku_seconds))}
        return f"Subscription {self.subscription_id} {_WORDS[_FOLDER + self.finding].format(**facts)}"


def audit_completeness(warehouse: Engine, ended_after: datetime | None = None) -> list[Incomplete]:
    """Everything that is not on exactly one bill, in closed periods that ended after an instant (None: ever)."""
    with warehouse.connect() as connection:
        return list_incomplete(connection, ended_after)


def list_incomplete(connection: Connection, ended_after: datetime | None = None) -> list[Incomplete]:
    """The same within the caller's transaction."""
    facts = {"ended_after": ended_after or _EVER}
    found = [
        Incomplete(name.removeprefix(_FOLDER), *row)
        for name in _WORDS
        for row in connection.execute(statement(name), facts)
    ]
    return sorted(found, key=lambda one: (one.subscription_id, one.from_at, one.finding))


def describe_completeness(found: Sequence[object]) -> str:
    """All of it in words."""
    if not found:
        return "Everything that was metered or sold in closed periods is on exactly one bill."
    return "\n".join(str(one) for one in found)
