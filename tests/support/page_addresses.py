"""The addresses of every page on the showcase."""

from __future__ import annotations

EVERY_PAGE = (
    "/billing/",
    "/billing/subscriptions",
    "/billing/subscriptions/sub-02-risk",
    "/billing/bills",
    "/billing/bills/2026-10-sub-02-risk",
    "/billing/reconciliation",
    "/billing/reconciliation/findings",
    "/billing/reconciliation/ledger",
    "/billing/data-quality",
    "/billing/price-plans",
    "/billing/start/gap_waiver",
    "/billing/nothing",
)
