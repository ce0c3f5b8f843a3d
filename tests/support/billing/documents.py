"""Documents for tests: late usage as metering finds it, and what documents say of a period, added up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from include.domain.money import Decimal

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine


def late_usage(warehouse: Engine, instance_id: str, hour: datetime, aku_seconds: int, at: datetime) -> None:
    """What metering does when an hour on an issued bill turns out otherwise."""
    known = {"instance": instance_id, "hour": hour, "after": aku_seconds, "at": at}
    with warehouse.begin() as connection:
        connection.execute(
            text("""
            DELETE FROM billing.late_usage AS a USING metering.instances AS i
            WHERE a.instance_key = i.instance_key AND instance_id = :instance AND hour_start = :hour
                AND state = 'pending'
            """),
            known,
        )
        connection.execute(
            text("""
            INSERT INTO billing.late_usage (bill_key, subscription_key, environment_key, instance_key,
                hour_start, aku_seconds_before, aku_seconds_after, peak_aku_before, peak_aku_after, used_seconds_before,
                used_seconds_after, cause, found_at)
            SELECT b.bill_key, i.subscription_key, i.environment_key, i.instance_key, :hour, billed.aku_seconds, :after,
                (billed.aku_seconds + 3599) / 3600, (:after + 3599) / 3600, least(billed.aku_seconds, 3600),
                least(:after, 3600), 'late_answer', :at
            FROM metering.instances AS i
            INNER JOIN billing.bills AS b ON b.subscription_key = i.subscription_key AND b.document = 'bill'
                AND b.period_start <= :hour AND :hour < b.period_end AND b.state IN ('issued', 'reconciled')
            CROSS JOIN LATERAL (
                SELECT coalesce(
                    (SELECT a.aku_seconds_after FROM billing.late_usage AS a
                     WHERE a.instance_key = i.instance_key AND a.hour_start = :hour AND a.state = 'applied'
                     ORDER BY a.late_usage_key DESC LIMIT 1),
                    (SELECT u.aku_seconds FROM metering.usage AS u
                     WHERE u.instance_key = i.instance_key AND u.hour_start = :hour),
                    0
                ) AS aku_seconds
            ) AS billed
            WHERE i.instance_id = :instance AND billed.aku_seconds <> :after
            """),
            known,
        )


class Said(NamedTuple):
    """What issued documents say of a bill's period, refunds apart."""

    lines: dict[tuple[Any, ...], tuple[Decimal, ...]]
    taxes: dict[tuple[Any, ...], Decimal]
    refunded: Decimal
    refunded_tax: Decimal
    total: Decimal


def said_of(warehouse: Engine, bill_id: str) -> Said:
    """Everything that issued documents say about the period of this bill, added up; what comes to nothing left out."""
    with warehouse.connect() as connection:
        lines = connection.execute(
            text("""
            SELECT l.*, l.kind = 'refund' AS is_refund
            FROM billing.bills AS root
            INNER JOIN billing.bill_lines AS l
                ON l.corrects_bill_key = root.bill_key
                OR (l.bill_key = root.bill_key AND l.corrects_bill_key IS NULL)
            INNER JOIN billing.bills AS d ON d.bill_key = l.bill_key AND d.state IN ('issued', 'reconciled')
            WHERE root.bill_id = :bill_id
            """),
            {"bill_id": bill_id},
        ).all()
        taxes = connection.execute(
            text("""
            SELECT t.*
            FROM billing.bills AS root
            INNER JOIN billing.bill_taxes AS t ON t.for_bill_key = root.bill_key
            INNER JOIN billing.bills AS d ON d.bill_key = t.bill_key AND d.state IN ('issued', 'reconciled')
            WHERE root.bill_id = :bill_id
            """),
            {"bill_id": bill_id},
        ).all()
    by_line: dict[tuple[Any, ...], tuple[Decimal, ...]] = {}
    for line in lines:
        if not line.is_refund:
            key = (line.kind, line.tier, line.name, line.line_start, line.unit, line.tax_rate, line.tax_is_inclusive)
            numbers = (Decimal(line.aku_seconds), line.quantity, line.exact_amount, line.amount)
            by_line[key] = tuple(a + b for a, b in zip(by_line.get(key, (Decimal(0),) * 4), numbers, strict=True))
    by_rate: dict[tuple[Any, ...], Decimal] = {}
    for tax in taxes:
        if not tax.is_refund:
            rate = (tax.tax_rate, tax.is_inclusive)
            by_rate[rate] = by_rate.get(rate, Decimal(0)) + tax.amount
    refunded = sum((line.amount for line in lines if line.is_refund), Decimal(0))
    total = sum((line.amount for line in lines), Decimal(0))
    total += sum((tax.amount for tax in taxes if not tax.is_inclusive), Decimal(0))
    return Said(
        {key: numbers for key, numbers in by_line.items() if any(numbers)},
        {key: amount for key, amount in by_rate.items() if amount},
        refunded,
        sum((tax.amount for tax in taxes if tax.is_refund and not tax.is_inclusive), Decimal(0)),
        total,
    )


def documents(warehouse: Engine) -> list[Any]:
    """All documents in the order in which they were made."""
    with warehouse.connect() as connection:
        return list(connection.execute(text("SELECT * FROM billing.bills ORDER BY bill_key")))


def lines(warehouse: Engine, bill_id: str) -> list[Any]:
    """The lines of a document."""
    with warehouse.connect() as connection:
        query = text("""
            SELECT l.*, said.bill_id AS corrects_document FROM billing.bill_lines AS l
            INNER JOIN billing.bills AS b ON b.bill_key = l.bill_key
            LEFT JOIN billing.bills AS said ON said.bill_key = l.corrects_document_key
            WHERE b.bill_id = :bill_id ORDER BY line_no
        """)
        return list(connection.execute(query, {"bill_id": bill_id}))


def bills_of(warehouse: Engine) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text("SELECT * FROM billing.bills ORDER BY bill_id")))


def lines_of(warehouse: Engine) -> list[Any]:
    with warehouse.connect() as connection:
        query = (
            "SELECT l.* FROM billing.bill_lines AS l JOIN billing.bills AS b USING (bill_key) ORDER BY bill_id, line_no"
        )
        return list(connection.execute(text(query)))
