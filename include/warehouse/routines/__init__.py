"""Functions, triggers and views of the warehouse: the rules that more than one statement needs, each in one file.

`akubill warehouse migrate` replaces all of them in the transaction that brings the tables up to date, so a rule is
changed by editing its file. A routine owns no rows; what has rows is a table, which only a migration changes.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

_FOLDER = Path(__file__).parent

#: Every file, in the order of installation: a routine comes after those that it uses. Roles come last.
ROUTINES = (
    "billing/is_issued",
    "billing/hour_measures",
    "billing/round_amount",
    "billing/round_quotient",
    "billing/shares_of",
    "billing/share_of",
    "billing/sha256_hex",
    "billing/issued_bills",
    "billing/period_bills",
    "billing/issued_lines",
    "billing/left_to_give_back",
    "billing/documents",
    "billing/holding_bill",
    "billing/corrected_since",
    "billing/late_differences",
    "billing/version_spans",
    "billing/version_tiers",
    "billing/offers_in",
    "billing/version_at",
    "billing/hours_to_rate",
    "billing/licence_covers",
    "billing/placed_hours",
    "billing/usage_in_tier",
    "billing/rounded_charge",
    "billing/hour_amount",
    "billing/hour_positions",
    "billing/charged_hours",
    "billing/licence_price",
    "billing/licence_share",
    "billing/issued_periods",
    "billing/printed_parties",
    "billing/guard_issued_bills",
    "billing/guard_bill_states",
    "billing/guard_published_prices",
    "billing/guard_written_once",
    "billing/guard_entered_offers",
    "billing/guard_applied_corrections",
    "core/licence_chains",
    "core/guard_billed_subscriptions",
    "core/guard_time_zone",
    "billing/closed_periods",
    "billing/closed_months",
    "billing/months_without_bill",
    "billing/usage_outside",
    "core/cut_to_seconds",
    "billing/has_next_bill",
    "billing/waiting_of",
    "billing/record_late_usage",
    "billing/mark_reconciled",
    "core/renew_licences",
    "core/guard_rating_inputs",
    "metering/ensure_partitions",
    "metering/is_hour_waived",
    "metering/close_waived_hours",
    "metering/follow_ends",
    "metering/follow_freezes",
    "metering/import_prevails",
    "metering/hours_made_of_month",
    "metering/known_aku",
    "metering/counted_aku",
    "metering/interval_rule",
    "metering/measured_interval",
    "metering/judged_interval",
    "metering/clock",
    "metering/why_month_stays",
    "metering/gap_owner",
    "metering/rejection_owner",
    "metering/drop_month",
    "metering/guard_dropped_hours",
    "reconciliation/verdict",
    "reconciliation/verdict_with_refunds",
    "reconciliation/hour_hypothesis",
    "reconciliation/judged_hours",
    "reconciliation/day_differences",
    "reconciliation/net_amount",
    "reconciliation/our_bills",
    "reconciliation/corrections_of",
    "reconciliation/settled_items",
    "marketplace/guard_evidence",
    "marketplace/guard_push_records",
    "marketplace/unrecorded_usage",
    "marketplace/agreement",
    "marketplace/charged_stretches",
    "marketplace/shares_of_charge",
    "marketplace/agreement_in_money",
    "metering/usage_hash",
    "metering/summed_usage",
    "metering/hours_without_digest",
    "metering/take_digests",
    "metering/forget_digests",
    "marketplace/day_of",
    "marketplace/agreement_between",
    "marketplace/note_changed_days",
    "marketplace/priced_records",
    "marketplace/is_open_point",
    "reporting/work_queue",
    "reporting/subscription_health",
    "marketplace/notify_of_events",
    "marketplace/ready_instances",
    "analytics/bills",
    "analytics/bill_lines",
    "analytics/corrections",
    "analytics/days",
    "analytics/daily_usage",
    "analytics/daily_cost",
    "analytics/revenue_by_month",
    "analytics/unbilled_to_date",
    "roles",
)


def routine(name: str) -> str:
    """The SQL of a routine, as its file has it."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def digest() -> str:
    """Twelve hex digits that change whenever a routine does."""
    return sha256("\0".join(routine(name) for name in ROUTINES).encode()).hexdigest()[:12]


def replace_routines(connection: Connection) -> None:
    """Drop every trigger, view and function in the product's schemas, and create those of the files.

    Args:
        connection: a transaction of the schemas' owner, so that others see all of the change or none of it.
    """
    connection.execute(text(routine("drop_routines")))
    for name in ROUTINES:
        connection.exec_driver_sql(routine(name), execution_options={"no_parameters": True})
