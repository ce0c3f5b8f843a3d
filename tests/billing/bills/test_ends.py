"""Bills of subscriptions that ended: in the last second, within the first one, or later than anybody knew."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.bills.completeness import audit_completeness
from include.billing.corrections.correct import correct_bill, list_corrections
from include.billing.corrections.late_ends import list_late_ends
from include.billing.corrections.requests import Correction, read_correction
from include.billing.evidence.verify import verify_bills
from include.billing.prices.plans import publish_price_plans
from include.domain.errors import ConflictError
from include.domain.money import Decimal
from include.domain.periods import HOUR
from include.metering.hours.close import close_due_hours
from include.onboarding.release import release_subscription
from include.operations.audits import audit_issued_bills
from tests.support.billing.documents import late_usage
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan, version
from tests.support.builders import insert, make_instance

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

START = OCTOBER.window.start
FRACTION = timedelta(milliseconds=400)
ID = "sub-01-orders"


@pytest.mark.parametrize(
    "terms",
    [{"fees": [{"name": "Platform", "amount": "99.00"}]}, {"minimum_charge": "300"}, {"maximum_charge": "300"}],
)
@pytest.mark.parametrize(
    ("started", "ended"),
    [
        (START - HOUR, START + FRACTION),
        (START - HOUR, START),
        (START + HOUR, START + HOUR),
        (START + HOUR, START + HOUR + FRACTION),
        (START + HOUR + FRACTION, START + HOUR + 2 * FRACTION),
        (OCTOBER.window.end - FRACTION, OCTOBER.window.end - FRACTION / 2),
    ],
)
def test_a_life_of_no_second_does_not_stop_the_close_and_costs_nothing(
    warehouse: Engine, subscribe: Callable[..., int], terms: dict[str, Any], started: Any, ended: Any
) -> None:
    publish_price_plans(warehouse, [price_plan(version(**terms))])
    subscribe("good", usage=(3600,) * 10)
    subscribe("gone", state="released", started_at=started, metering_started_at=started, ended_at=ended)
    closed = close_period(warehouse, OCTOBER, DUE)
    assert (closed.issued_count, closed.held, closed.missing) == (1, [], [])


def test_a_life_of_one_second_pays_its_share(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    fee = {"name": "Platform", "amount": "2678400.00", "prorate": True}
    publish_price_plans(warehouse, [price_plan(version(fees=[fee]))])
    subscribe("gone", state="released", ended_at=START + timedelta(seconds=1))
    close_period(warehouse, OCTOBER, DUE)
    with warehouse.connect() as connection:
        assert str(connection.scalar(text("SELECT total FROM billing.bills"))) == "1.00"


def test_usage_after_an_end_that_came_late_holds_the_bill_until_it_is_taken_back(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    key = subscribe(usage=(36000,) * 744)
    with prices.begin() as connection:
        connection.execute(
            text("UPDATE core.subscriptions SET state = 'released', ended_at = :at WHERE subscription_key = :key"),
            {"at": START + timedelta(days=19), "key": key},
        )
    (held,) = close_period(prices, OCTOBER, DUE).held
    assert held.finding == "no_usage_after_the_end"
    assert "10,368,000 AKU-seconds in 288 hours lie after the subscription ended" in held.sentence

    close_due_hours(prices, DUE)
    assert close_period(prices, OCTOBER, DUE).held == []
    with prices.connect() as connection:
        assert str(connection.scalar(text("SELECT total FROM billing.bills"))) == "5472.00"


def test_usage_after_an_end_that_came_later_than_the_bill_is_late_usage(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    key = subscribe(usage=(36000,) * 744)
    close_period(prices, OCTOBER, DUE)
    with prices.begin() as connection:
        connection.execute(
            text("UPDATE core.subscriptions SET state = 'released', ended_at = :at WHERE subscription_key = :key"),
            {"at": START + timedelta(days=19), "key": key},
        )
    close_due_hours(prices, DUE)
    with prices.connect() as connection:
        pending = connection.execute(
            text("SELECT count(*), sum(aku_seconds_before - aku_seconds_after) FROM billing.late_usage")
        ).one()
        kept = connection.scalar(text("SELECT sum(aku_seconds) FROM metering.usage"))
    assert (tuple(pending), kept) == ((288, 288 * 36000), 744 * 36000)


def test_history_after_an_end_that_came_late_is_taken_back_though_metering_began_later(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    """Both where the month is open, and where its bill is issued."""
    subscribe("billed", usage=(36000,) * 744, metering_started_at=OCTOBER.window.end)
    close_period(prices, OCTOBER, DUE)
    subscribe("open", usage=(36000,) * 744, metering_started_at=OCTOBER.window.end)
    for name in ("billed", "open"):
        release_subscription(
            prices, f"sub-01-{name}", START + timedelta(days=19), "ann", "Released by the buyer on the 20th.", DUE
        )
    close_due_hours(prices, DUE)
    assert [(row.bill_id, row.delivery) for row in list_corrections(prices)] == [("2026-10-sub-01-billed", None)]
    assert close_period(prices, OCTOBER, DUE).held == []
    with prices.connect() as connection:
        bill = text("SELECT total FROM billing.bills WHERE bill_id = '2026-10-sub-01-open'")
        assert str(connection.scalar(bill)) == "5472.00"


def test_late_usage_after_an_end_that_came_later_still_is_taken_back_where_nothing_was_billed(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    """Its hour has no usage of its own: all that is known of it came from a file once the bill was out."""
    key = subscribe(metering_started_at=None)
    with prices.begin() as connection:
        make_instance(connection, key, "kf-late")
        connection.execute(text("DELETE FROM metering.environment_hours"))
    close_period(prices, OCTOBER, DUE)
    late_usage(prices, "kf-late", START + timedelta(days=20), 132, DUE)
    release_subscription(prices, "sub-01-orders", START + timedelta(days=1), "ann", "Released on the 2nd.", DUE)
    assert "usage_after_the_end" in {found.finding for found in audit_completeness(prices)}
    close_due_hours(prices, DUE)
    with prices.connect() as connection:
        assert connection.scalars(text("SELECT state FROM billing.late_usage")).all() == ["withdrawn"]
    assert audit_completeness(prices) == []


def test_late_usage_of_a_subscription_whose_last_bill_is_out_needs_a_note_and_says_so_every_day(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    subscribe(usage=(36000,) * 744)
    close_period(prices, OCTOBER, DUE)
    assert [row.delivery for row in list_corrections(prices)] == []
    released = release_subscription(
        prices, ID, START + timedelta(days=19), "ann", "Released by the buyer on the 20th.", DUE
    )
    assert released.issued_bills == [BILL]
    close_due_hours(prices, DUE)

    assert [(row.bill_id, row.delivery) for row in list_corrections(prices)] == [(BILL, None)]
    assert [(broken.bill_id, broken.claim) for broken in audit_issued_bills(prices, DUE)] == [
        (BILL, "late_usage_has_a_next_bill")
    ]
    assert [one.finding for one in audit_completeness(prices)] == ["late_usage_without_next_bill"]
    with pytest.raises(ConflictError, match="has no next bill"):
        correct_bill(prices, asked("next_bill"), DUE)
    assert verify_bills(prices).differences == [], "the bill is as it was issued, whatever became known since"
    note = correct_bill(prices, asked("note"), DUE)
    assert verify_bills(prices).differences == []
    assert (str(note.total), list_corrections(prices, "pending")) == ("-3456.00", [])
    assert (audit_issued_bills(prices, DUE), audit_completeness(prices)) == ([], [])


def test_an_end_within_an_issued_bill_gives_back_fees_where_nothing_was_used_after_it(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    fee = {"name": "Platform", "amount": "31.00", "prorate": True}
    publish_price_plans(warehouse, [price_plan(version(fees=[fee]))])
    subscribe(usage=(3600,))
    close_period(warehouse, OCTOBER, DUE)
    release_subscription(warehouse, ID, START + timedelta(days=19), "ann", "Released by the buyer on the 20th.", DUE)
    close_due_hours(warehouse, DUE)
    assert verify_bills(warehouse).differences == []
    [late] = list_late_ends(warehouse)
    assert (late.bill_id, str(late.amount), list_corrections(warehouse)) == (BILL, "-12.00", [])
    assert "A note would come to -12.00 CNY, tax included" in str(late)
    assert str(correct_bill(warehouse, asked("note"), DUE).total) == "-12.00"
    assert (verify_bills(warehouse).differences, list_late_ends(warehouse)) == ([], [])


def test_an_end_within_an_issued_bill_that_changes_no_amount_is_not_named(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    subscribe(usage=(3600,))
    close_period(prices, OCTOBER, DUE)
    release_subscription(prices, ID, START + timedelta(days=19), "ann", "Released by the buyer on the 20th.", DUE)
    close_due_hours(prices, DUE)
    assert list_late_ends(prices) == []


def test_a_bill_of_a_month_after_an_end_that_came_late_is_given_back_whole(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    """Where the subscription used something in it, and where it did not."""
    publish_price_plans(warehouse, [price_plan(version(fees=[{"name": "Platform", "amount": "31.00"}]))])
    subscribe("used", usage=(3600,))
    subscribe("idle")
    close_period(warehouse, OCTOBER, DUE)
    for name in ("used", "idle"):
        release_subscription(warehouse, f"sub-01-{name}", START - HOUR, "ann", "Released by the buyer before.", DUE)
    close_due_hours(warehouse, DUE)
    with warehouse.connect() as connection:
        billed = connection.execute(
            text("""
            SELECT b.bill_id, s.subscription_id, b.total
            FROM billing.bills AS b INNER JOIN core.subscriptions AS s USING (subscription_key)
            """)
        ).all()
    for bill_id, subscription_id, total in billed:
        note = correct_bill(warehouse, asked("note", subscription=subscription_id, bill=bill_id), DUE)
        assert note.total == -total
    assert (audit_issued_bills(warehouse, DUE), audit_completeness(warehouse)) == ([], [])


def test_a_licence_term_that_would_start_after_the_end_is_on_no_bill(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    key = subscribe(
        payment="prepaid", price_plan="automq-byoc-prepaid", state="released", ended_at=START + timedelta(days=19)
    )
    with prices.begin() as connection:
        for first, last in ((0, 19), (19, 31)):
            insert(
                connection,
                "core.licences",
                subscription_key=key,
                term_start=START + timedelta(days=first),
                term_end=START + timedelta(days=last),
                term_months=1,
                capacity_aku=10,
                price=Decimal("6200.00"),
                currency="CNY",
                auto_renew=True,
            )
    close_period(prices, OCTOBER, DUE)
    with prices.connect() as connection:
        assert str(connection.scalar(text("SELECT total FROM billing.bills"))) == "6200.00"


def asked(delivery: str, subscription: str = ID, bill: str = BILL) -> Correction:
    """A person's request to correct October for what came late."""
    return read_correction(
        subscription=subscription,
        bill=bill,
        cause="late_usage",
        delivery=delivery,
        reason="The subscription ended on the 20th.",
        by="ann",
        origin=f"a run for {bill}",
    )
