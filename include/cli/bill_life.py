"""Commands about a bill's life: `akubill bills approve|reject|waive|void|restore|preview`."""

from __future__ import annotations

from datetime import UTC, datetime
from getpass import getuser
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import print_table, say

if TYPE_CHECKING:
    from include.billing.bills.answers import Answer


BillId = Annotated[str, typer.Argument(help="Id of the bill, like 2026-10-sub-….")]
Reason = Annotated[str, typer.Option("--reason", help="Why, kept with the bill: 10 to 500 characters.")]
Fingerprint = Annotated[
    str,
    typer.Option("--fingerprint", help="Of the draft that you saw in `akubill bills show`: 12 characters or more."),
]


def approve(bill_id: BillId, reason: Reason, fingerprint: Fingerprint) -> None:
    """Issue a held bill exactly as it was shown, and waive what holds it."""
    from include.billing.bills import review
    from include.orchestration.connections import warehouse

    say(review.approve(warehouse(), _answer(bill_id, reason, fingerprint), datetime.now(UTC)).sentence)


def reject(bill_id: BillId, reason: Reason, fingerprint: Fingerprint) -> None:
    """Leave a held bill held, with the reason in its story."""
    from include.billing.bills import review
    from include.orchestration.connections import warehouse

    say(review.reject(warehouse(), _answer(bill_id, reason, fingerprint), datetime.now(UTC)).sentence)


def waive(
    bill_id: BillId,
    finding: Annotated[str, typer.Argument(help="Short name of what was found, like no_gap_is_open.")],
    reason: Reason,
    fingerprint: Fingerprint,
) -> None:
    """Waive one finding of a held bill, and issue it if nothing else holds it."""
    from include.billing.bills import review
    from include.orchestration.connections import warehouse

    answer = _answer(bill_id, reason, fingerprint)
    say(review.waive(warehouse(), answer, finding, datetime.now(UTC)).sentence)


def void(bill_id: BillId, reason: Reason) -> None:
    """Void a draft or held bill, for its period."""
    from include.billing.bills import review
    from include.orchestration.connections import warehouse

    say(review.void(warehouse(), _answer(bill_id, reason), datetime.now(UTC)).sentence)


def restore(bill_id: BillId, reason: Reason) -> None:
    """Bring a void bill back to a draft."""
    from include.billing.bills import review
    from include.orchestration.connections import warehouse

    say(review.restore(warehouse(), _answer(bill_id, reason), datetime.now(UTC)).sentence)


def preview(
    zone: Annotated[str | None, typer.Option("--time-zone", help="The plans' zone; else the seller's.")] = None,
) -> None:
    """Make the running month's drafts: what each subscription costs until now, and is expected to cost."""
    from include.billing.bills.previews import draft_running
    from include.billing.prices.plans import publish_price_plans
    from include.catalog.loader import catalog_price_plans, load_product
    from include.domain.periods import BillingPeriod
    from include.domain.usage import aku_hours
    from include.orchestration.connections import warehouse

    engine, now = warehouse(), datetime.now(UTC)
    publish_price_plans(engine, catalog_price_plans())
    period = BillingPeriod.containing(now, load_product().seller_time_zone if zone is None else zone)
    rows = [
        (
            draft.bill_id,
            aku_hours(draft.aku_seconds),
            f"{draft.total:f}",
            f"{draft.forecast_total:f}",
            draft.currency,
        )
        for draft in draft_running(engine, period, now, person())
    ]
    print_table(("Bill", "AKU-hours", "Until now", "Expected", "Currency"), rows)


def print_missing(sentences: list[str]) -> None:
    """Subscriptions without a bill, in red: no review can fix these."""
    for sentence in sentences:
        say(sentence, style="bold red")


def _answer(bill_id: str, reason: str, fingerprint: str = "") -> Answer:
    from include.billing.bills.answers import Answer

    return Answer(bill_id, person(), reason, fingerprint)


def person() -> str:
    """The user of this computer, for a bill's story."""
    return f"{getuser()} (command line)"
