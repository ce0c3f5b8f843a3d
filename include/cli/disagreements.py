"""Where a marketplace and we disagree: `akubill marketplace findings`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.cli.output import Form, Listing, print_rows

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.cli.output import Columns

#: Records of pushes are listed for so long.
_PUSHED_SINCE = timedelta(days=35)


def findings(form: Form = Listing.TABLE) -> None:
    """List subscriptions of which the Marketplace says something else, and usage that it may not charge.

    The first were found by marketplace_comparison. The usage is what was missed, refused or is unknown in the last 35
    days, and what the marketplace has with another quantity, with what it is worth before discounts.
    """
    from include.orchestration.connections import warehouse

    now = datetime.now(UTC)
    rows = [*_of_subscriptions(warehouse(), now), *_of_usage(warehouse(), now)]
    columns: Columns = {
        "Order": "order_id",
        "Since": "opened_at",
        "Days": "age_days",
        "Owner": "owner",
        "What it is": "sentence",
    }
    fields = ("order_id", "kind", "owner", "opened_at", "age_days", "amount", "currency", "sentence")
    print_rows(form, rows, columns=columns, fields=fields, nothing="Nothing disagrees.")


def _of_subscriptions(warehouse: Engine, now: datetime) -> list[dict[str, Any]]:
    from include.marketplace.comparison.compare import list_findings

    return [
        {
            "order_id": each.order_id,
            "kind": each.kind,
            "owner": each.owner,
            "opened_at": _utc(each.opened_at),
            "age_days": each.age(now).days,
            "amount": None,
            "currency": None,
            "sentence": each.sentence,
        }
        for each in list_findings(warehouse)
    ]


def _of_usage(warehouse: Engine, now: datetime) -> list[dict[str, Any]]:
    from include.domain.words.pushes import OPEN_POINT_OWNER
    from include.marketplace.push.open_points import list_open_points

    return [
        {
            "order_id": each.order_id,
            "kind": each.outcome,
            "owner": OPEN_POINT_OWNER,
            "opened_at": _utc(each.decided_at),
            "age_days": (now - each.decided_at).days,
            "amount": each.amount,
            "currency": each.currency,
            "sentence": each.sentence,
        }
        for each in list_open_points(warehouse, now - _PUSHED_SINCE, now)
        if each.decided_at is not None
    ]


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
