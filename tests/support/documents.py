"""Issued documents with every kind of line, tax and correction, for files and prints: plain inserts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from include.domain.money import ZERO, Decimal
from include.domain.periods import BillingPeriod
from tests.support.builders import ZONE, insert, make_buyer, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

PERIOD = BillingPeriod("2026-10", ZONE)
WINDOW = PERIOD.window
ISSUED = WINDOW.end + timedelta(hours=6)
PAYG, PREPAID, NOTE, DEBIT, NEXT = (
    *("2026-10-payg", "2026-10-prepaid", "CN-2026-10-payg-1", "DN-2026-10-prepaid-1", "2026-11-payg"),
)


def line(kind: str = "usage", amount: str = "120.00", **columns: object) -> dict[str, Any]:
    """A line of 100 AKU-hours at 1.20, or what the columns say instead."""
    unit = {"licence": "AKU-month", "usage": "AKU-hour", "overage": "AKU-hour"}.get(kind, "period")
    return {
        "kind": kind,
        "tier": 1 if kind in {"usage", "overage", "flat_fee", "included"} else None,
        "name": None,
        "description": f"Line of kind {kind}",
        "line_start": WINDOW.start,
        "line_end": WINDOW.end,
        "aku_seconds": 360_000 if kind == "usage" else 0,
        "quantity": Decimal(100) if kind == "usage" else Decimal(1),
        "unit": unit,
        "unit_price": Decimal("1.20") if kind == "usage" else Decimal(amount),
        "exact_amount": Decimal(amount),
        "amount": Decimal(amount),
        **columns,
    }


def make_document(
    connection: Connection,
    subscription_key: int,
    bill_id: str,
    lines: Sequence[dict[str, Any]],
    taxes: Sequence[dict[str, Any]] = (),
    **columns: Any,
) -> int:
    """A document with these lines and taxes, issued unless `state` says otherwise; its key."""
    state = columns.pop("state", "issued")
    issued_at = columns.pop("issued_at", ISSUED)
    subtotal = sum((part["amount"] for part in lines), ZERO)
    tax = sum((part["amount"] for part in taxes), ZERO)
    included = sum((part["amount"] for part in taxes if part.get("is_inclusive")), ZERO)
    header = {
        "bill_id": bill_id,
        "subscription_key": subscription_key,
        "period": PERIOD.name,
        "period_start": WINDOW.start,
        "period_end": WINDOW.end,
        "price_plan": "automq-byoc-payg",
        "currency": "CNY",
        "state": "draft",
        "aku_seconds": sum(part["aku_seconds"] for part in lines),
        "subtotal": subtotal,
        "tax": tax,
        "tax_included": included,
        "total": subtotal + tax - included,
        "fingerprint": sha256(bill_id.encode()).hexdigest(),
        "drafted_at": ISSUED,
        **columns,
    }
    key = int(str(insert(connection, "billing.bills", "bill_key", **header)))
    for number, part in enumerate(lines, start=1):
        given = {"metered_aku_seconds": part["aku_seconds"], **part}
        insert(connection, "billing.bill_lines", bill_key=key, line_no=number, **given)
    for part in taxes:
        given = {"is_inclusive": False, "is_refund": False, "for_bill_key": key, "tax_rate": Decimal("0.06"), **part}
        insert(connection, "billing.bill_taxes", bill_key=key, **given)
    for step in {"draft": [], "reconciled": ["issued", "reconciled"]}.get(state, [state]):
        connection.execute(
            text("UPDATE billing.bills SET state = :state, issued_at = :at WHERE bill_key = :key"),
            {"state": step, "at": issued_at if step in {"issued", "reconciled"} else None, "key": key},
        )
    return key


def fill_documents(connection: Connection) -> dict[str, int]:
    """A bill of each payment with every kind of line, notes of both kinds, and a correction on the next bill; keys."""
    for plan in ("automq-byoc-payg", "automq-byoc-prepaid"):
        insert(connection, "billing.price_plans", name=plan, currency="CNY", time_zone=ZONE)
    buyer, contact = make_buyer(connection), {"contact": "finance@example.com"}
    payg = make_subscription(connection, buyer, "orders", department="Retail platform", **contact)
    prepaid = make_subscription(
        connection, buyer, "telemetry", payment="prepaid", price_plan="automq-byoc-prepaid", **contact
    )
    make_usage(connection, make_instance(connection, payg, "kf-1"), WINDOW.start, [36_000] * 48)
    keys = {PAYG: _make_payg(connection, payg), PREPAID: _make_prepaid(connection, prepaid)}
    keys |= {NOTE: _make_note(connection, payg, keys[PAYG]), DEBIT: _make_debit(connection, prepaid, keys[PREPAID])}
    following = PERIOD.next.window
    keys[NEXT] = make_document(
        connection,
        payg,
        NEXT,
        [
            line(line_start=following.start, line_end=following.end),
            line(amount="12.00", aku_seconds=36_000, quantity=Decimal(10), reason="Late answer")
            | _corrects(keys[PAYG], keys[PAYG], 1),
        ],
        [
            {"base": Decimal(120), "amount": Decimal("7.20")},
            {"base": Decimal(12), "amount": Decimal("0.72"), "for_bill_key": keys[PAYG]},
        ],
        period="2026-11",
        period_start=following.start,
        period_end=following.end,
        issued_at=following.end + timedelta(hours=6),
    )
    return keys


def _corrects(root: int, document: int | None, number: int | None) -> dict[str, Any]:
    return {"corrects_bill_key": root, "corrects_document_key": document, "corrects_line_no": number}


def _make_payg(connection: Connection, subscription_key: int) -> int:
    return make_document(
        connection,
        subscription_key,
        PAYG,
        [
            line("included", "0", aku_seconds=72_000, quantity=Decimal(20), unit="AKU-hour", unit_price=ZERO),
            line(amount="119.99"),
            line("usage", "0.01", tier=2, aku_seconds=1, quantity=Decimal("0.000278"), unit_price=Decimal("36")),
            line("flat_fee", "50.00"),
            line("fee", "300.00", name="Platform fee"),
            line("discount", "-47.00"),
            line("maximum", "-23.00"),
            line("minimum", "10.00"),
        ],
        [{"base": Decimal("410.00"), "amount": Decimal("24.60")}],
    )


def _make_prepaid(connection: Connection, subscription_key: int) -> int:
    term_end = datetime(2026, 10, 17, 4, 20, tzinfo=UTC)
    for start, end in ((datetime(2026, 9, 17, 4, 20, tzinfo=UTC), term_end), (term_end, term_end + timedelta(days=31))):
        insert(
            connection,
            "core.licences",
            subscription_key=subscription_key,
            term_start=start,
            term_end=end,
            term_months=1,
            capacity_aku=20,
            price=Decimal("10000.00"),
            currency="CNY",
            auto_renew=True,
        )
    licence = {"line_start": term_end, "line_end": term_end + timedelta(days=31), "quantity": Decimal(20)}
    return make_document(
        connection,
        subscription_key,
        PREPAID,
        [
            line("licence", "10000.00", unit_price=Decimal(500), **licence),
            line("covered", "0", aku_seconds=7_200_000, quantity=Decimal(2000), unit="AKU-hour", unit_price=ZERO),
            line("overage", "3.00", aku_seconds=3600, unit="AKU-hour"),
        ],
        [{"base": Decimal("10003.00"), "amount": Decimal("566.21"), "is_inclusive": True}],
        price_plan="automq-byoc-prepaid",
    )


def _make_note(connection: Connection, subscription_key: int, root: int) -> int:
    return make_document(
        connection,
        subscription_key,
        NOTE,
        [
            line(amount="-60.00", aku_seconds=-180_000, quantity=Decimal(-50), reason="#strong[=1+1] outage")
            | _corrects(root, root, 2),
            line("refund", "-20.00", reason="Goodwill") | _corrects(root, root, 5),
        ],
        [
            {"base": Decimal("-60.00"), "amount": Decimal("-3.60"), "for_bill_key": root},
            {"base": Decimal("-20.00"), "amount": Decimal("-1.20"), "for_bill_key": root, "is_refund": True},
        ],
        document="credit_note",
        corrects_bill_key=root,
        issued_at=WINDOW.end + timedelta(days=40),
    )


def _make_debit(connection: Connection, subscription_key: int, root: int) -> int:
    return make_document(
        connection,
        subscription_key,
        DEBIT,
        [
            line("overage", "6.00", aku_seconds=7200, quantity=Decimal(2), reason="Late usage")
            | _corrects(root, root, 3)
        ],
        document="debit_note",
        corrects_bill_key=root,
        price_plan="automq-byoc-prepaid",
        issued_at=WINDOW.end + timedelta(days=3),
    )
