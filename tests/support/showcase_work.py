"""What waits for people in the showcase: hours that differ, records of the ledger, gaps, rejections, alarms."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.domain.billing_cycles import billing_cycle
from include.domain.money import Decimal
from include.domain.periods import Window, floor_to_hour
from include.warehouse.engine import ensure_partitions
from tests.support.builders import environment_of, insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

_HOUR = timedelta(hours=1)
#: The gap that holds the bill of `risk`: its usage is estimated.
SILENCE = Window(datetime(2026, 10, 16, 21, tzinfo=UTC), datetime(2026, 10, 17, 1, tzinfo=UTC))
_PERIOD = "2026-10"
#: Days and hours of October on which the Marketplace's hours of `risk` differ, by what and why.
_APART = (
    (6, 9, 4, "-28.40", "missed_window"),
    (14, 12, 3, "-22.30", "missed_window"),
    (14, 20, 1, "6.60", "peak_of_hour"),
    (22, 10, 11, "-21.70", "missed_window"),
)
_SENT = (
    "Action=PushMeteringData&Metering=%5B%7B%22InstanceId%22%3A%22mp-01-orders%22%2C%22StartTime%22%3A%221795773600%22"
    "%2C%22EndTime%22%3A%221795777200%22%2C%22Entities%22%3A%5B%7B%22Key%22%3A%22Period%22%2C%22Value%22%3A%2275600%22"
    "%7D%5D%7D%5D"
)


def fill_work(connection: Connection, now: datetime) -> None:
    """Fill all of it; the bills and verdicts of the showcase are there."""
    keys = {row.environment_name: row.subscription_key for row in connection.execute(text(_SUBSCRIPTIONS))}
    _make_hours(connection, keys["risk"])
    _make_settlement(connection, now)
    _make_ledger(connection, floor_to_hour(now))
    _make_quality(connection, keys, now)


_SUBSCRIPTIONS = "SELECT environment_name, subscription_key FROM core.subscriptions"


def _make_hours(connection: Connection, key: int) -> None:
    start = billing_cycle(_PERIOD).window.start
    causes: dict[str, int] = {}
    for day, hour, count, difference, hypothesis in _APART:
        causes[hypothesis] = causes.get(hypothesis, 0) + count
        for n in range(count):
            ours = Decimal("28.40")
            insert(
                connection,
                "reconciliation.hour_verdicts",
                subscription_key=key,
                hour_start=start + timedelta(days=day - 1, hours=hour + n),
                period=_PERIOD,
                our_amount=ours,
                marketplace_amount=ours + Decimal(difference),
                difference=Decimal(difference),
                currency="CNY",
                marketplace_currency="CNY",
                verdict="differs",
                hypothesis=hypothesis,
            )
    explained = {"key": key, "period": _PERIOD, "facts": json.dumps({"hours_compared": 744, "hour_causes": causes})}
    for table in ("verdicts", "findings"):
        connection.execute(
            text(f"""
            UPDATE reconciliation.{table} SET facts = facts || CAST(:facts AS jsonb)
            WHERE subscription_key = :key AND period = :period
            """),
            explained,
        )
    connection.execute(
        text("""
        INSERT INTO reconciliation.hourly_fetches (billing_cycle, account_id, attempted_at, failure, fetched_at)
        SELECT billing_cycle, account_id, attempted_at,
            CASE WHEN account_id LIKE '%3' THEN 'bssapi:QuerySettleBill is refused. Grant it to the buyer''s role.' END,
            CASE WHEN account_id NOT LIKE '%3' THEN fetched_at END
        FROM reconciliation.marketplace_fetches
        """)
    )


def _make_settlement(connection: Connection, now: datetime) -> None:
    file_key = insert(
        connection,
        "reconciliation.settlement_files",
        "file_key",
        file_sha256="a" * 64,
        file_name="settlement-2026-09.csv",
        items=4,
        rejected=0,
        imported_at=now - timedelta(days=20),
        imported_by="dana",
    )
    connection.execute(
        text("""
        INSERT INTO reconciliation.settlement_items (file_key, line_no, charged_id, period, kind, amount, currency)
        SELECT :file_key, row_number() OVER (ORDER BY s.subscription_id) + 1, s.subscription_id, b.period, 'charge',
            b.subtotal, b.currency
        FROM billing.bills AS b INNER JOIN core.subscriptions AS s USING (subscription_key)
        WHERE b.period = '2026-09' AND s.payment = 'payg'
        """),
        {"file_key": file_key},
    )


def _make_ledger(connection: Connection, until: datetime) -> None:
    """Records of all usage that is not prepaid, and of the last hours; each of `orders` has its request."""
    start = billing_cycle(_PERIOD).window.start
    ensure_partitions(connection, start, start + timedelta(days=31))
    ensure_partitions(connection, until - 8 * _HOUR, until + _HOUR)
    rough = {212: ("missed", "cut_off_passed"), 213: ("refused", "refused"), 214: ("unknown", "no_answer")}
    facts = {
        "start": start,
        "recent": until - 6 * _HOUR,
        "last": until - _HOUR,
        "hours": [start + n * _HOUR for n in rough],
        "outcomes": [outcome for outcome, _ in rough.values()],
        "reasons": [reason for _, reason in rough.values()],
        "request": _SENT,
    }
    connection.execute(text(_RECORDS), facts)
    connection.execute(text(_ATTEMPTS), facts)
    connection.execute(text(_PAIRS))


_RECORDS = """
    WITH hours AS (
        SELECT u.subscription_key, u.hour_start, u.aku_seconds FROM metering.subscription_hours AS u
        WHERE u.hour_start >= :start AND u.hour_start < CAST(:start AS timestamptz) + interval '31 days'
        UNION ALL
        SELECT s.subscription_key, h.hour_start, 75600 FROM core.subscriptions AS s
        CROSS JOIN generate_series(CAST(:recent AS timestamptz), :last, interval '1 hour') AS h (hour_start)
        WHERE s.state = 'active'
    )
    INSERT INTO marketplace.push_records (channel, marketplace_instance_id, hour_start, dimension, subscription_key,
        product_code, item_key, quantity, units, window_start, window_end, cut_off, is_partial, entered_at, outcome,
        reason, their_code, decided_at)
    SELECT 'alibaba-china', s.marketplace_instance_id, h.hour_start, 'cmapi00060317-Period-1', s.subscription_key,
        'cmgj00060317', 'Period', h.aku_seconds, h.aku_seconds, h.hour_start, h.hour_start + interval '1 hour',
        h.hour_start + interval '119 minutes', FALSE, h.hour_start + interval '66 minutes',
        CASE WHEN h.hour_start = :last THEN 'pending' ELSE coalesce(r.outcome, 'accepted') END, r.reason,
        CASE r.outcome WHEN 'refused' THEN 'InvalidInstanceId' END,
        CASE WHEN h.hour_start < :last THEN h.hour_start + interval '66 minutes' END
    FROM hours AS h
    INNER JOIN core.subscriptions AS s ON h.subscription_key = s.subscription_key
    LEFT JOIN unnest(CAST(:hours AS timestamptz[]), CAST(:outcomes AS text[]), CAST(:reasons AS text[]))
        AS r (hour_start, outcome, reason) ON h.hour_start = r.hour_start AND s.environment_name = 'orders'
    WHERE s.payment = 'payg' AND h.aku_seconds > 0
    ORDER BY h.hour_start, s.subscription_key
"""
_ATTEMPTS = """
    INSERT INTO marketplace.push_attempts (channel, product_code, begun_at, request, ended_at, result, answer,
        request_id, duration_ms)
    SELECT r.channel, r.product_code, r.decided_at, :request, r.decided_at + interval '1 second', r.outcome,
        CASE r.outcome WHEN 'unknown' THEN '{"failure": "The marketplace did not answer within 10 s."}'
            WHEN 'accepted' THEN '{"Success": true}' ELSE '{"Code": "InvalidInstanceId", "Success": false}' END::jsonb,
        CASE WHEN r.outcome <> 'unknown' THEN format('REQ-%s', r.record_key) END, 240
    FROM marketplace.push_records AS r INNER JOIN core.subscriptions AS s USING (subscription_key)
    WHERE s.environment_name = 'orders' AND r.outcome NOT IN ('pending', 'missed')
"""
_PAIRS = """
    INSERT INTO marketplace.push_attempt_records (attempt_key, record_key, hour_start)
    SELECT a.attempt_key, r.record_key, r.hour_start
    FROM marketplace.push_attempts AS a
    INNER JOIN marketplace.push_records AS r ON a.begun_at = r.decided_at
    INNER JOIN core.subscriptions AS s USING (subscription_key)
    WHERE s.environment_name = 'orders'
"""


def _make_quality(connection: Connection, keys: dict[str, int], now: datetime) -> None:
    insert(
        connection,
        "metering.gaps",
        environment_key=environment_of(connection, keys["risk"]),
        gap_start=SILENCE.start,
        gap_end=SILENCE.end,
        cause="changed_in_silence",
        opened_at=SILENCE.end + _HOUR,
    )
    silent = environment_of(connection, keys["clickstream"])
    since = now.replace(microsecond=0) - timedelta(hours=2, minutes=3)
    insert(
        connection,
        "operations.alarms",
        environment_key=silent,
        kind="silent",
        since=since,
        facts={
            "status": "failed",
            "environment_id": "env-01-clickstream",
            "answered_at": f"{since:%Y-%m-%dT%H:%M:%S+00:00}",
            "cause": "timeout",
        },
        opened_at=since + timedelta(minutes=20),
    )
    insert(
        connection,
        "metering.failing_consoles",
        environment_key=silent,
        failed_runs=24,
        failing_since=since + timedelta(minutes=5),
        last_failed_at=now.replace(microsecond=0) - timedelta(minutes=3),
        cause="timeout",
    )
    insert(
        connection,
        "operations.machine_discrepancies",
        kind="machine_without_instance",
        account_id="1100000000000002",
        region="ap-southeast-1",
        environment_id="env-02-payments",
        instance_id="kf-payments-9",
        environment_key=environment_of(connection, keys["payments"]),
        machines=3,
        machine_hours=51,
        first_seen_at=now - timedelta(hours=17),
        last_seen_at=now - timedelta(minutes=40),
        opened_at=now - timedelta(hours=16),
    )
    file = {"file_name": "history-telemetry.csv", "format": "csv", "imported_by": "dana (form)"}
    counts = {"rows_read": 1488, "rows_loaded": 1440, "rows_unchanged": 46, "rows_rejected": 2}
    import_key = insert(
        connection,
        "metering.imports",
        "import_key",
        file_sha256="b" * 64,
        imported_at=now - timedelta(days=1),
        **file,
        **counts,
    )
    for row, value in ((17, "'-3600'"), (1203, "'-1'")):
        insert(
            connection,
            "metering.rejections",
            source="import",
            natural_key=f"import/{'b' * 64}/{row}",
            rule="negative_quantity",
            facts={"row_number": row, "value": value},
            payload={"subscription_id": "sub-03-telemetry", "hour": "2026-09-01T00:00:00+08:00", "aku_seconds": value},
            import_key=import_key,
            row_number=row,
            rejected_at=now - timedelta(days=1),
        )
