"""Refunds, and what is left to give back of a bill after all corrections: more only if a person agreed to it.

What is left comes from one SQL function, `billing.left_to_give_back`, by line, charge, tax rate, bill, and total with
tax. A request is judged by a draft of everything that waits for its bill; an audit judges the next bill's draft.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.billing.corrections.compute import compute_corrections
from include.billing.corrections.issue import draft_note
from include.domain.errors import ConflictError, InvalidInputError
from include.domain.lifecycles import FINAL_BILL_STATES
from include.domain.money import Decimal, plain
from include.domain.periods import BillingPeriod
from include.domain.price_fields import decimal_places
from include.warehouse.engine import audits, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from include.billing.corrections.requests import Correction

#: The audit that names bills of which more is given back than they cost.
EXCEEDING = "refunds_do_not_exceed_the_bill"


def refuse_refund(connection: Connection, bill: Row[Any], asked: Correction) -> None:
    """Refuse a refund that names no line of this very bill, or has more places than it.

    Args:
        connection: an open transaction.
        bill: as `correct_find_bill` finds it.
        asked: the request; other causes pass.

    Raises:
        InvalidInputError: in words.
    """
    if asked.refund is None:
        return
    if bill.asked_document != "bill":
        rule = f"is a {bill.asked_document.replace('_', ' ')}"
        raise InvalidInputError("Bill", asked.bill_id, rule, f"Refund a line of the bill {bill.bill_id} itself.")
    amount, line_no = asked.refund
    parameters = {"bill_key": bill.bill_key, "line_no": line_no}
    line = connection.execute(statement("billing/corrections/find_line"), parameters).one_or_none()
    if line is None:
        raise InvalidInputError(
            "Line", line_no, f"is not a line of bill {bill.bill_id}", "Give the number of one of its lines."
        )
    if line.is_correction:
        rule = f"corrects an earlier bill, though it is a line of {bill.bill_id}"
        raise InvalidInputError("Line", line_no, rule, "Refund a line of that earlier bill.")
    if decimal_places(amount) > line.digits:
        rule = f"has more than the {line.digits} places that the bill is rounded to"
        raise InvalidInputError("Refund", f"{amount:f}", rule, "Round it.")


def refuse_too_large_refund(connection: Connection, bill: Row[Any], asked: Correction, document_key: int) -> None:
    """Refuse a document that would give back more than its bill costs after corrections, or more than one line does.

    Args:
        connection: the transaction with the document.
        bill: as `correct_find_bill` finds it.
        asked: the request that the document is for.
        document_key: a draft with everything that waits for the bill.

    Raises:
        InvalidInputError: when a refund is too large.
        ConflictError: when another correction leaves less than what was refunded, without an agreement.
    """
    if asked.refunds_may_exceed:
        return
    with_it = _left(connection, bill.bill_key, document_key)
    now = {_what(row): row for row in _left(connection, bill.bill_key, None)}
    line_no = None if asked.refund is None else asked.refund.line_no
    over = [
        row
        for row in with_it
        if row.given_back
        and row.remaining < _least_allowed(row, now.get(_what(row)))
        # Usage may lie in other tiers after a correction, so a line counts alone only where it is refunded now.
        and (row.scope != "line" or row.line_no == line_no)
    ]
    if not over:
        return
    if asked.refund is not None:
        raise InvalidInputError(
            "Refund",
            plain(asked.refund.amount),
            _too_much(with_it, over, asked.refund.amount, asked.refund.line_no),
            "Give back less, or refund another line.",
        )
    least = over[-1]
    raise ConflictError(
        f"After this correction {_name(least)} of bill {bill.bill_id} would cost {plain(least.costs)} {bill.currency}, "
        f"and refunds give back {plain(least.given_back)} {bill.currency} of it, those that wait included: more than "
        "is left. Correct less; or if that was agreed, choose a note and say so (form: Refunds may exceed the bill; "
        "command line: --refunds-may-exceed)."
    )


def record_agreement(connection: Connection, bill: Row[Any], asked: Correction, at: datetime) -> None:
    """Record that a person agreed to the refunds of this bill exceeding it, exactly as its documents say now.

    The audit does not name it again until what the bill costs, or what was given back, changes.

    Args:
        connection: the transaction that issued the note.
        bill: as `correct_find_bill` finds it.
        asked: the request that the note is for.
        at: when it is asked for.
    """
    window = {"period_start": bill.period_start, "period_end": bill.period_end, "states": list(FINAL_BILL_STATES)} | {
        "subscriptions": [bill.subscription_key]
    }
    for found in connection.execute(audits()[EXCEEDING], window):
        if found.bill_key == bill.bill_key:
            agreed = {
                "bill_key": bill.bill_key,
                "finding": EXCEEDING,
                "facts": json.dumps(found.facts),
                "reason": asked.reason,
                "who": asked.by,
                "at": at,
            }
            connection.execute(statement("billing/corrections/insert_waiver"), agreed)


def left_with_what_waits(connection: Connection, bill: Row[Any], at: datetime) -> dict[tuple[object, ...], Row[Any]]:
    """What is left of a bill once all that waits for it is issued, by what it is left of; nothing is written.

    Empty where nothing waits, or what waits cannot be rated.
    """
    with connection.begin_nested() as step:
        unpriced: dict[str, str] = {}
        difference = compute_corrections(connection, {"root_key": bill.bill_key}, unpriced)
        rows: list[Row[Any]] = []
        if not unpriced and (difference.line_count or difference.tax_count):
            note = draft_note(connection, bill.bill_key, BillingPeriod(bill.period, bill.time_zone), difference, at)
            rows = _left(connection, bill.bill_key, note.bill_key)
        step.rollback()
    return {_what(row): row for row in rows}


def refuse_less_than_is_refunded(
    correction: Row[Any], before: dict[tuple[object, ...], Row[Any]], after: dict[tuple[object, ...], Row[Any]]
) -> None:
    """Refuse to withdraw a correction without which more is refunded than the bill costs, and more than with it.

    Raises:
        ConflictError: in words.
    """
    for what, row in after.items():
        allowed = min(Decimal(before[what].remaining), Decimal(0)) if what in before else Decimal(0)
        if row.scope != "line" and row.given_back and row.remaining < allowed:
            raise ConflictError(
                f"Without correction {correction.correction_id}, {_name(row)} of bill {correction.bill_id} costs "
                f"{plain(row.costs)} {row.currency}, and refunds give back {plain(row.given_back)} {row.currency} of "
                "it, those that wait included. Withdraw a refund first."
            )


def _left(connection: Connection, root_key: int, document_key: int | None) -> list[Row[Any]]:
    parameters = {"root_key": root_key, "document_key": document_key}
    return list(connection.execute(statement("billing/corrections/list_amounts_left"), parameters))


def _least_allowed(row: Row[Any], now: Row[Any] | None) -> Decimal:
    """Nothing is given back of what has nothing left; what was agreed to be overdrawn may stay as it is."""
    if now is None or row.given_back > now.given_back:
        return Decimal(0)
    return min(Decimal(now.remaining), Decimal(0))


def _what(row: Row[Any]) -> tuple[object, ...]:
    return row.scope, row.line_no, row.tax_rate, row.is_inclusive


def _too_much(rows: list[Row[Any]], over: list[Row[Any]], amount: Decimal, line_no: int) -> str:
    """What would be left without this refund, in words."""
    line = next(row for row in rows if row.scope == "line" and row.line_no == line_no)
    whole = next(row for row in rows if row.scope == "bill")
    rate = next((row for row in over if row.scope == "rate"), None)
    currency = whole.currency
    taxed = ""
    if rate is not None and rate.remaining < whole.remaining:
        taxed = f", of {_name(rate)} {plain(rate.remaining + amount)} {currency}"
    return (
        f"is more than what is left to give back: of line {line_no} {plain(line.remaining + amount)} {currency}, of "
        f"the whole bill {plain(whole.remaining + amount)} {currency}{taxed}, after corrections and refunds, those "
        "that wait included"
    )


def _name(row: Row[Any]) -> str:
    match row.scope:
        case "line" | "charge":
            return f"line {row.line_no}"
        case "rate":
            return f"what is taxed at {plain(row.tax_rate * 100)} %"
        case "bill":
            return "the whole, before tax,"
        case _:
            return "the whole, with tax,"
