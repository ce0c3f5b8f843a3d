"""What a period consists of does not change behind its bill, on any write: prices, offers, licences, its life.

And a refund carries what was asked for, whatever rating the period again would find.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from include.billing.bills import close
from include.billing.bills.close import close_period
from include.billing.corrections.correct import correct_bill
from include.billing.corrections.requests import read_correction
from include.billing.evidence.verify import verify_bills
from include.billing.prices.offers import add_offer, read_offer
from include.billing.prices.plans import publish_price_plans
from include.domain.errors import ConflictError
from include.domain.money import Decimal
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan, version
from tests.support.builders import environment_of, insert

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

DAY = timedelta(days=1)
FEE: dict[str, Any] = {"fees": [{"name": "Platform", "amount": "99.00"}]}
DEARER = price_plan(version(), version("2026-10-16T00:00:00+08:00", price="9.99"))


def documents(warehouse: Engine) -> list[tuple[str, str]]:
    with warehouse.connect() as connection:
        rows = connection.execute(text("SELECT bill_id, total FROM billing.bills ORDER BY bill_key"))
        return [(row.bill_id, f"{row.total:.2f}") for row in rows]


def refund_one(warehouse: Engine) -> None:
    asked = read_correction(
        subscription="sub-01-orders", bill=BILL, cause="refund", delivery="note", reason="A goodwill refund of one.",
        by="ann", origin="x", refund_amount="1.00", refund_line=1,
    )  # fmt: skip
    correct_bill(warehouse, asked, DUE + DAY)


def during_the_close(warehouse: Engine, monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> Future[Any]:
    """Have another session begin this work while the close is under way, and wait for its turn."""
    real, pool = close.issue, ThreadPoolExecutor(1)
    begun: list[Future[Any]] = []

    def issue(*args: Any, **options: Any) -> None:
        begun.append(pool.submit(work))
        with warehouse.connect() as watching:
            waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            while not begun[0].done() and not watching.scalar(waits):
                watching.rollback()
        real(*args, **options)

    monkeypatch.setattr(close, "issue", issue)
    close_period(warehouse, OCTOBER, DUE)
    pool.shutdown()
    return begun[0]


def test_a_version_published_while_the_month_closes_waits_and_is_refused(
    prices: Engine, subscribe: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(usage=(36_000,) * 600)
    published = during_the_close(prices, monkeypatch, lambda: publish_price_plans(prices, [DEARER]))
    with pytest.raises(ConflictError, match=f"issued bill.* like {BILL}"):
        published.result()
    assert verify_bills(prices).differences == []
    refund_one(prices)
    assert documents(prices)[1] == (f"CN-{BILL}-1", "-1.00")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE core.subscriptions SET started_at = '2026-10-20T00:00:00Z'",
        """
        INSERT INTO core.licences (subscription_key, term_start, term_end, term_months, capacity_aku, price, currency,
            auto_renew)
        SELECT subscription_key, '2026-10-20T00:00:00Z', '2026-11-20T00:00:00Z', 1, 1, 0, 'CNY', FALSE
        FROM core.subscriptions""",
        """
        INSERT INTO billing.private_offers (subscription_key, effective_from, discount_percent, reason, entered_by,
            entered_at)
        SELECT subscription_key, '2026-10-20T00:00:00Z', 9, 'loyal', 'mei', '2027-01-01T00:00:00Z'
        FROM core.subscriptions""",
    ],
    ids=["start", "licence", "offer"],
)
def test_a_write_while_the_month_closes_waits_and_is_refused(
    prices: Engine, subscribe: Callable[..., int], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    subscribe(usage=(36_000,))

    def write() -> None:
        with prices.begin() as connection:
            connection.execute(text(change))

    written = during_the_close(prices, monkeypatch, write)
    with pytest.raises(ConflictError, match=f"bill {BILL}, which is issued and never changes"):
        written.result()
    assert verify_bills(prices).differences == []


def test_a_version_before_all_published_ones_does_not_enter_an_issued_month(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    first = version("2026-10-10T00:00:00+08:00")
    publish_price_plans(warehouse, [price_plan(first)])
    subscribe(usage=(36_000,), start=OCTOBER.window.start + 20 * DAY)
    close_period(warehouse, OCTOBER, DUE)
    with pytest.raises(ConflictError, match=f"would price again what 1 issued bill.* like {BILL}"):
        publish_price_plans(warehouse, [price_plan(version("2026-10-01T00:00:00+08:00", **FEE), first)])


def test_a_version_before_all_published_ones_prices_what_nothing_priced_yet(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    first = version("2026-10-01T00:00:00+08:00")
    publish_price_plans(warehouse, [price_plan(first)])
    subscribe(usage=(36_000,))
    close_period(warehouse, OCTOBER, DUE)
    earlier = version("2026-09-01T00:00:00+08:00", price="1.10")
    [published] = publish_price_plans(warehouse, [price_plan(earlier, first)])
    assert published.new_version_count == 1
    assert verify_bills(warehouse).differences == []


@pytest.mark.parametrize("usage", [(36_000,) * 24, (36_000,) * 744], ids=["no usage under it", "usage under it"])
def test_a_version_of_a_plan_that_a_bill_knows_by_an_offer_does_not_enter_its_month(
    warehouse: Engine, subscribe: Callable[..., int], usage: tuple[int, ...]
) -> None:
    gold = version(price="1.10")
    publish_price_plans(warehouse, [price_plan(), price_plan(gold, name="gold")])
    subscribe(usage=usage)
    offer = read_offer(subscription="sub-01-orders", effective_from="2026-10-16T00:00:00+08:00", price_plan="gold",
                       reason="Renewed for a year at gold.", by="ann")  # fmt: skip
    add_offer(warehouse, offer, OCTOBER.window.start)
    close_period(warehouse, OCTOBER, DUE)
    for start in ("2026-10-20T00:00:00+08:00", "2026-10-16T00:00:00+08:00"):
        with pytest.raises(ConflictError, match="Price plan gold has a new version"):
            publish_price_plans(warehouse, [price_plan(gold, version(start, **FEE), name="gold")])
    november = version("2026-11-01T00:00:00+08:00", **FEE)
    assert publish_price_plans(warehouse, [price_plan(gold, november, name="gold")])[0].new_version_count == 1


def test_a_refund_carries_only_the_difference_that_was_asked_for(
    owned_warehouse: Engine, prices: Engine, subscribe: Callable[..., int]
) -> None:
    """Whatever got past the guards: here a version, by a superuser who put them aside."""
    subscribe(usage=(36_000,) * 744)
    close_period(prices, OCTOBER, DUE)
    with owned_warehouse.begin() as owner:
        owner.execute(text("ALTER TABLE billing.price_plan_versions DISABLE TRIGGER guard_new_version"))
        owner.execute(
            text("""
            INSERT INTO billing.price_plan_versions (plan_key, effective_from, charge_every, rounding_digits,
                rounding_mode, model, source)
            SELECT plan_key, '2026-10-16T00:00:00+08:00', charge_every, rounding_digits, rounding_mode, model, source
            FROM billing.price_plan_versions WHERE version_key = 1
            """)
        )
        owner.execute(text("ALTER TABLE billing.price_plan_versions ENABLE ALWAYS TRIGGER guard_new_version"))
    refund_one(prices)
    assert documents(prices)[1] == (f"CN-{BILL}-1", "-1.00")


def test_a_refusal_of_the_database_is_a_sentence_for_people(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(36_000,))
    close_period(prices, OCTOBER, DUE)
    with prices.connect() as connection, pytest.raises(ConflictError) as refusal:
        connection.execute(text("UPDATE billing.bills SET total = 0"))
    assert str(refusal.value) == (
        f"Bill {BILL} is issued and never changes. Correct it with an adjustment or a credit note."
    )
    assert isinstance(refusal.value, DBAPIError)


def test_a_licence_that_lapsed_renews_where_the_last_issued_bill_ends(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    """A term that started in the issued month would cover usage and be on no bill."""
    november = OCTOBER.next
    licence = {"price_per_aku_month": "620.00", "overage_price": "2.00"}
    publish_price_plans(warehouse, [price_plan(version(price="0", licence=licence), name="prepaid")])
    start = OCTOBER.window.start - 21 * DAY
    key = subscribe("big", (36_000,) * (61 * 24), payment="prepaid", price_plan="prepaid", started_at=start)
    with warehouse.begin() as connection:
        insert(connection, "core.licences", subscription_key=key, term_start=start, term_end=start + 30 * DAY,
               term_months=1, capacity_aku=10, price=Decimal("6200.00"), currency="CNY",
               auto_renew=False)  # fmt: skip
        close_hours = text("""
            INSERT INTO metering.environment_hours (hour_start, environment_key, state, revision, closed_at)
            SELECT hour, :environment, 'closed', 1, hour
            FROM generate_series(CAST(:start AS timestamptz), :end - interval '1 hour', interval '1 hour') AS hour
            """)
        hours = {"environment": environment_of(connection, key), "start": november.window.start}
        connection.execute(close_hours, hours | {"end": november.window.end})
    close_period(warehouse, OCTOBER, DUE)
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.licences SET auto_renew = TRUE"))
    close_period(warehouse, november, november.window.end + timedelta(hours=6))
    with warehouse.connect() as connection:
        terms = connection.execute(text("SELECT term_start, term_end FROM core.licences ORDER BY 1")).all()
        kinds = connection.execute(
            text("""
            SELECT b.period, l.kind, l.amount FROM billing.bill_lines AS l JOIN billing.bills AS b USING (bill_key)
            ORDER BY l.bill_key, l.line_no
            """)
        ).all()
    assert terms[1:] == [(november.window.start, november.window.end)]
    assert [(period, kind, f"{amount:.2f}") for period, kind, amount in kinds] == [
        ("2026-10", "covered", "0.00"),
        ("2026-10", "overage", "10560.00"),
        ("2026-11", "licence", "6200.00"),
        ("2026-11", "covered", "0.00"),
    ]
    assert verify_bills(warehouse).differences == []
