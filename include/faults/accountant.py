"""Adds up what a scenario has left: every AKU-second on one bill, and every bill right.

It shares no code with the product: plain SQL on its tables, and the sandbox's truth.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    import psycopg

#: Of an issued bill everything counts, but for keys, and when it was made and confirmed.
_ISSUED = """
SELECT
    b.bill_id,
    (
        to_jsonb(b) - ARRAY['bill_key', 'subscription_key', 'corrects_bill_key', 'state', 'reconciled_at', 'drafted_at',
            'issued_at', 'subscription_ended_at', 'fingerprint', 'fingerprint_groups']
        || jsonb_build_object('lines', (
            SELECT jsonb_agg(
                to_jsonb(l) - ARRAY['bill_key', 'version_key', 'corrects_bill_key', 'corrects_document_key',
                    'correction_key'] ORDER BY l.line_no
            )
            FROM billing.bill_lines AS l WHERE l.bill_key = b.bill_key
        ))
    )::text AS content
FROM billing.bills AS b
WHERE b.state IN ('issued', 'reconciled')
ORDER BY b.bill_id
"""
#: What is known of an hour: the usage that a bill has of it, and what became known since.
_USAGE = """
SELECT
    i.instance_id,
    to_char(u.hour_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS hour,
    sum(u.aku_seconds)::bigint,
    bool_or(EXISTS (
        SELECT FROM metering.gaps AS g
        WHERE g.environment_key = u.environment_key AND g.state IN ('open', 'waived')
        AND g.gap_start < u.hour_start + interval '1 hour' AND g.gap_end > u.hour_start
    )) AS has_gap
FROM (
    SELECT hour_start, instance_key, environment_key, aku_seconds FROM metering.usage
    UNION ALL
    SELECT hour_start, instance_key, environment_key, aku_seconds_after - aku_seconds_before FROM billing.late_usage
    WHERE state IN ('applied', 'pending')
) AS u
INNER JOIN metering.instances AS i USING (instance_key)
GROUP BY i.instance_id, u.hour_start
"""
_GAPS = """
SELECT to_char(h AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM metering.gaps AS g
CROSS JOIN generate_series(date_trunc('hour', g.gap_start), g.gap_end - interval '1 second', interval '1 hour') AS h
WHERE g.state IN ('open', 'waived')
"""
#: A bill's usage, with what later documents correct of it, and the usage of its period.
_BILLED = """
SELECT
    b.bill_id,
    (
        SELECT coalesce(sum(l.metered_aku_seconds), 0)
        FROM billing.bill_lines AS l INNER JOIN billing.bills AS d ON l.bill_key = d.bill_key
        WHERE d.state IN ('issued', 'reconciled')
        AND (l.corrects_bill_key = b.bill_key OR (l.corrects_bill_key IS NULL AND l.bill_key = b.bill_key))
    ) AS billed,
    (
        SELECT coalesce(sum(u.aku_seconds), 0) FROM metering.usage AS u
        WHERE u.subscription_key = b.subscription_key
        AND u.hour_start >= b.period_start AND u.hour_start < b.period_end
    ) AS used,
    (
        SELECT coalesce(sum(y.aku_seconds_after - y.aku_seconds_before), 0) FROM billing.late_usage AS y
        WHERE y.bill_key = b.bill_key AND y.state = 'applied'
    ) AS late
FROM billing.bills AS b
WHERE b.document = 'bill' AND b.state IN ('issued', 'reconciled')
"""
_SUMS = """
SELECT b.bill_id
FROM billing.bills AS b
WHERE
    (b.subtotal, b.aku_seconds) IS DISTINCT FROM (
        SELECT (coalesce(sum(l.amount), 0), coalesce(sum(l.metered_aku_seconds) FILTER (
            WHERE l.corrects_bill_key IS NULL), 0)::bigint)
        FROM billing.bill_lines AS l WHERE l.bill_key = b.bill_key
    )
    OR b.total <> b.subtotal + b.tax - b.tax_included
"""
_UNBILLED = """
SELECT to_char(u.hour_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM metering.usage AS u
WHERE u.aku_seconds > 0 AND NOT EXISTS (
    SELECT FROM billing.bills AS b
    WHERE b.subscription_key = u.subscription_key
    AND u.hour_start >= b.period_start AND u.hour_start < b.period_end
)
AND u.hour_start < coalesce(%s, 'infinity'::timestamptz)
"""
_PUSHED = """
SELECT
    r.marketplace_instance_id || ' ' || to_char(r.hour_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    extract(epoch FROM r.window_start)::bigint, r.units, r.outcome
FROM marketplace.push_records AS r
"""


_CLOSED = """
SELECT to_char(hour_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM metering.environment_hours WHERE state IN ('closed', 'provisional')
"""
#: What had an effect: each call of the Marketplace once, however often it was made.
_APPLIED = """
SELECT rtrim(action || ' ' || instance_id || ' ' || coalesce(parameters ->> 'orderId', ''))
FROM marketplace.inbox WHERE state = 'applied'
"""
_BILLS = "SELECT bill_id FROM billing.bills WHERE document = 'bill' AND state <> 'void'"


class Found(NamedTuple):
    """What was found: how many AKU-seconds were used, and what does not add up, in words."""

    aku_seconds: int
    bills: Mapping[str, str]
    problems: list[str]


class Issued:
    """Watches issued bills: from the first look on, none may change."""

    def __init__(self) -> None:
        self.bills: dict[str, str] = {}
        self.problems: list[str] = []

    def look(self, session: psycopg.Connection) -> None:
        """Compare with what was there before."""
        now = issued_bills(session)
        for bill_id, content in self.bills.items():
            if now.get(bill_id) != content:
                self.problems.append(f"the issued bill {bill_id} changed: {content} became {now.get(bill_id)}")
        self.bills = now


def issued_bills(session: psycopg.Connection) -> dict[str, str]:
    """The content of each issued bill, by its id."""
    return {str(bill_id): str(content) for bill_id, content in session.execute(_ISSUED)}


def taken(session: psycopg.Connection, book: list[Any]) -> dict[str, list[Any]]:
    """What the other side of each kind of operation has; the checker's book."""
    return {
        "push": book,
        "close": [hour for (hour,) in session.execute(_CLOSED)],
        "callback": [said for (said,) in session.execute(_APPLIED)],
        "issue": [bill_id for (bill_id,) in session.execute(_BILLS)],
    }


def left_of(session: psycopg.Connection, book: list[Any]) -> str:
    """Usage, bills, ledger and book in one text."""
    rows = [sorted(map(str, session.execute(query))) for query in (_USAGE, _CLOSED, _PUSHED, _ISSUED)]
    return json.dumps([*rows, book])


def account(
    session: psycopg.Connection,
    truth: Mapping[tuple[str, str], int],
    book: list[Any],
    undisturbed: Mapping[str, str] | None,
    billed_until: datetime | None = None,
) -> Found:
    """Add up.

    Args:
        session: sees all of the warehouse.
        truth: AKU-seconds by instance and hour, as they really were.
        book: what the Marketplace took: instance, start and quantity.
        undisturbed: the issued bills of the same scenario in which nothing went wrong.
        billed_until: usage of later hours need not be on a bill yet.
    """
    issued = issued_bills(session)
    differences = list(_usage(session, truth))
    problems = [
        *(said for said, is_covered in differences if not is_covered),
        *(f"the lines of bill {bill_id} do not add up" for (bill_id,) in session.execute(_SUMS)),
        *(f"usage of {hour} is on no bill" for (hour,) in session.execute(_UNBILLED, (billed_until,))),
        *_billed(session),
        *_pushed(session, book),
        # Where usage is estimated under a gap, its bills are others.
        *([] if differences else _same(issued, undisturbed)),
    ]
    return Found(sum(truth.values()), issued, problems)


def _usage(session: psycopg.Connection, truth: Mapping[tuple[str, str], int]) -> Iterator[tuple[str, bool]]:
    """Where usage is not what it was, and whether a gap says so."""
    metered = {(str(name), str(hour)): (int(used), bool(gap)) for name, hour, used, gap in session.execute(_USAGE)}
    unknown = {str(hour) for (hour,) in session.execute(_GAPS)}
    for name, hour in sorted(truth.keys() | metered.keys()):
        really = truth.get((name, hour), 0)
        used, has_gap = metered.get((name, hour), (0, hour in unknown))
        if used != really:
            yield f"{name} used {really} AKU-seconds at {hour}, and {used} are metered", has_gap


def _billed(session: psycopg.Connection) -> Iterator[str]:
    for bill_id, billed, used, late in session.execute(_BILLED):
        if billed != used + late:
            yield f"bill {bill_id} and its corrections have {billed} AKU-seconds of {used}, and {late} that were late"


def _pushed(session: psycopg.Connection, book: list[Any]) -> Iterator[str]:
    """The ledger says what the book has, as far as it says that it knows."""
    there = {(str(instance), int(start)): int(value) for instance, start, value in book}
    for name, start, units, outcome in session.execute(_PUSHED):
        has = there.pop((str(name).partition(" ")[0], int(start)), None)
        if outcome == "accepted" and has != units:
            yield f"{name} is accepted with {units}, and the Marketplace has {has}"
        if outcome not in {"accepted", "unknown", "sending"} and has is not None:
            yield f"{name} is {outcome}, and the Marketplace has it"
    for instance, start in there:
        yield f"the Marketplace has {instance} {start}, which no record knows"


def _same(issued: Mapping[str, str], undisturbed: Mapping[str, str] | None) -> Iterator[str]:
    for bill_id, content in issued.items():
        if undisturbed is not None and undisturbed.get(bill_id) != content:
            yield f"bill {bill_id} differs from the undisturbed one: {_differences(undisturbed.get(bill_id), content)}"


def _differences(ours: str | None, theirs: str) -> str:
    before, after = json.loads(ours or "{}"), json.loads(theirs)
    return json.dumps({name: [before.get(name), after[name]] for name in after if before.get(name) != after[name]})
