"""The read side of the ledger, for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.domain.errors import InvalidInputError
from include.domain.lifecycles import PUSH_RECORD
from include.domain.marketplace.agreement import PARTS
from include.domain.words.pushes import REASONS
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.domain.periods import Window


def list_records(warehouse: Engine, outcome: str | None = None, channel: str | None = None) -> list[dict[str, Any]]:
    """Records by field, the oldest hours first, with the reason in words.

    Raises:
        InvalidInputError: when there is no such outcome.
    """
    if outcome is not None and outcome not in PUSH_RECORD.states:
        rule = f"must be one of {', '.join(PUSH_RECORD.states)}"
        raise InvalidInputError("Outcome", outcome[:60], rule, "Correct it.")
    with warehouse.connect() as connection:
        facts = {"outcome": outcome, "channel": channel}
        rows = connection.execute(statement("marketplace/push/list_records"), facts).mappings()
        return [{**row, "sentence": REASONS[row["reason"]].say({}) if row["reason"] else None} for row in rows]


def sum_agreement(warehouse: Engine, window: Window) -> list[dict[str, Any]]:
    """Where the AKU-seconds of each subscription went in a billing period, by subscription id.

    metered = licensed + free + accepted + expected + unknown + missed + refused + waiting + carried + difference;
    differing_hours counts the hours with a difference, which may cancel each other out. The same with `_amount` is what
    the bill of exactly this period charges for them, in `currency`; None where there is no bill.
    """
    with warehouse.connect() as connection:
        bounds = {"period_start": window.start, "period_end": window.end}
        rows = connection.execute(statement("marketplace/push/sum_agreement"), bounds).mappings()
        counts = {"metered", *PARTS, "differing_hours"}
        return [{name: int(value) if name in counts else value for name, value in row.items()} for row in rows]
