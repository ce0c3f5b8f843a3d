"""Printing bills: throughput, and whether memory stays flat from the hundredth document to the last.

Full size is 1,000 bills of one usage line with tax, each with a month of daily usage of three instances.
"""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from sqlalchemy import text

from benchmarks.measuring import Ratio, cost, empty_warehouse, enter_subscriptions
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.periods import BillingPeriod
from include.reporting.document_data import read_document
from include.reporting.document_words import LANGUAGES
from include.reporting.documents import print_document
from include.reporting.exports import export_period
from include.warehouse.engine import ensure_partitions

if TYPE_CHECKING:
    from sqlalchemy import Engine

SIZES = {"full": 1000, "small": 100}
PERIOD = BillingPeriod("2026-10", "Asia/Shanghai")
ISSUED = PERIOD.window.end + timedelta(hours=6)
_ALONE = 50  # documents that Typst alone is measured by


def run(size: str) -> list[Ratio]:
    count, lines = SIZES[size], []
    with empty_warehouse() as warehouse, tempfile.TemporaryDirectory() as folder:
        _enter_bills(warehouse, count)
        for language in LANGUAGES:
            alone = _typst_alone(warehouse, language) * count
            took, used, kept = _export(warehouse, Path(folder), "pdf", language)
            note = f"{count / took:.0f} a second, {kept / count / 1024:.0f} KiB each; bare is Typst alone; memory "
            note += f"{used[count // 10 - 1] >> 20} MiB after a tenth, {used[-1] >> 20} MiB after all"
            lines.append(cost(f"{count:,} bills as PDF ({language})", took, alone, "", note))
        csv, _, _ = _export(warehouse, Path(folder), "csv", "en")
        focus, _, kept = _export(warehouse, Path(folder), "focus", "en")
        note = f"{kept / 1024:.0f} KiB; bare is the same as CSV"
        lines.append(cost(f"{count:,} bills as FOCUS in Parquet", focus, csv, "", note))
    return lines


def _typst_alone(warehouse: Engine, language: str) -> float:
    """Seconds that one document takes when all of it was read before."""
    query = text("SELECT bill_id FROM billing.bills ORDER BY bill_key DESC LIMIT :count")
    with warehouse.connect() as connection:
        ids = connection.scalars(query, {"count": _ALONE}).all()
        documents = [read_document(connection, bill_id) for bill_id in ids]
    start = time.perf_counter()
    for document in documents:
        print_document(document, language)
    return (time.perf_counter() - start) / len(documents)


def _export(warehouse: Engine, folder: Path, form: str, language: str) -> tuple[float, list[int], int]:
    """Seconds, memory after each file, and bytes written."""
    used, kept, start = [], 0, time.perf_counter()
    for file in export_period(warehouse, PERIOD.name, folder, ISSUED, form=form, language=language):
        used.append(psutil.Process().memory_info().rss)
        kept += file.size_bytes
    return time.perf_counter() - start, used, kept


def _enter_bills(warehouse: Engine, count: int) -> None:
    enter_subscriptions(warehouse, count)
    publish_price_plans(warehouse, catalog_price_plans())
    window = PERIOD.window
    with warehouse.begin() as connection:
        ensure_partitions(connection, window.start, window.end)
        for statement in _SCRIPT.split(";"):
            connection.execute(text(statement), {"start": window.start, "end": window.end, "issued": ISSUED})


_SCRIPT = """
INSERT INTO metering.instances (instance_id, environment_key, subscription_key, name, first_seen_at, last_seen_at)
SELECT 'kf-' || subscription_key || '-' || n, environment_key, subscription_key, 'cluster-' || n, :start, :start
FROM core.environments CROSS JOIN generate_series(1, 3) AS n;
INSERT INTO metering.usage (hour_start, instance_key, subscription_key, environment_key, aku_seconds, peak_aku,
    used_seconds, source)
SELECT hour_start, instance_key, subscription_key, environment_key, (3 + instance_key % 48) * 3600,
    3 + instance_key % 48, 3600, 'import'
FROM generate_series(CAST(:start AS timestamptz), :end - interval '1 hour', interval '6 hour') AS hour_start
CROSS JOIN metering.instances;
INSERT INTO billing.bills (bill_id, subscription_key, period, period_start, period_end, price_plan, currency, state,
    aku_seconds, subtotal, tax, total, fingerprint, drafted_at)
SELECT '2026-10-' || subscription_id, subscription_key, '2026-10', :start, :end, 'automq-byoc-payg', 'CNY', 'draft',
    360000, 120, 7.20, 127.20, repeat('0123456789abcdef', 4), :issued
FROM core.subscriptions;
INSERT INTO billing.bill_lines (bill_key, line_no, kind, tier, description, line_start, line_end, aku_seconds,
    metered_aku_seconds, quantity, unit, unit_price, exact_amount, amount, tax_rate)
SELECT bill_key, 1, 'usage', 1, 'Usage of AutoMQ Kafka Units, 2026-10-01 to 2026-10-31', :start, :end, 360000, 360000,
    100, 'AKU-hour', 1.20, 120, 120, 0.06
FROM billing.bills;
INSERT INTO billing.bill_taxes (bill_key, for_bill_key, tax_rate, is_inclusive, is_refund, base, amount)
SELECT bill_key, bill_key, 0.06, false, false, 120, 7.20 FROM billing.bills;
UPDATE billing.bills SET state = 'issued', issued_at = :issued
"""
