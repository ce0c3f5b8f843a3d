from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.bills.previews import draft_running
from include.billing.prices.offers import add_offer, read_offer
from include.billing.prices.plans import publish_price_plans
from include.domain.money import Decimal
from include.domain.periods import BillingPeriod
from tests.support.billing.documents import bills_of, lines_of
from tests.support.billing.october import DUE, OCTOBER, price_plan, version
from tests.support.builders import insert

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

SHANGHAI = ZoneInfo("Asia/Shanghai")


def license_it(warehouse: Engine, subscription: int, start: datetime, end: datetime, **columns: Any) -> None:
    licence: dict[str, Any] = {
        "subscription_key": subscription,
        "term_start": start,
        "term_end": end,
        "term_months": 1,
        "capacity_aku": 12,
        "price": Decimal("7440.00"),
        "currency": "CNY",
        "auto_renew": True,
    } | columns
    with warehouse.begin() as connection:
        insert(connection, "core.licences", **licence)


def terms_of(warehouse: Engine) -> list[str]:
    with warehouse.connect() as connection:
        starts = connection.scalars(text("SELECT term_start FROM core.licences ORDER BY term_start"))
        return [f"{start.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for start in starts]


def local(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=SHANGHAI)


@pytest.fixture
def prepaid(subscribe: Callable[..., int]) -> int:
    return subscribe("prepaid", usage=(36_000,), payment="prepaid", price_plan="automq-byoc-prepaid")


def test_a_licence_renews_into_the_period_and_its_usage_is_shown_at_zero(prices: Engine, prepaid: int) -> None:
    license_it(prices, prepaid, local("2026-08-17T12:20"), local("2026-09-17T12:20"))

    closed = close_period(prices, OCTOBER, DUE)

    assert closed.issued_count == 1
    assert terms_of(prices) == ["2026-08-17 12:20", "2026-09-17 12:20", "2026-10-17 12:20"]
    licence, covered = lines_of(prices)
    assert (licence.kind, str(licence.quantity), licence.unit) == ("licence", "12", "AKU-month")
    assert (str(licence.unit_price), str(licence.amount)) == ("620.00", "7440.00")
    assert (covered.kind, str(covered.quantity), str(covered.amount)) == ("covered", "10.000000", "0.00")
    assert str(bills_of(prices)[0].total) == "7440.00"


def test_terms_that_began_on_the_31st_come_back_to_it(prices: Engine, prepaid: int) -> None:
    license_it(prices, prepaid, local("2026-01-31"), local("2026-02-28"))
    close_period(prices, BillingPeriod("2026-04", "Asia/Shanghai"), DUE)
    assert terms_of(prices) == ["2026-01-31 00:00", "2026-02-28 00:00", "2026-03-31 00:00", "2026-04-30 00:00"]


def test_closing_a_later_period_first_and_again_makes_each_term_once(prices: Engine, prepaid: int) -> None:
    license_it(prices, prepaid, local("2026-08-17"), local("2026-09-17"))
    close_period(prices, OCTOBER, DUE)
    close_period(prices, OCTOBER.previous, DUE)
    assert terms_of(prices) == ["2026-08-17 00:00", "2026-09-17 00:00", "2026-10-17 00:00"]
    assert [str(bill.total) for bill in bills_of(prices)] == ["7440.00", "7440.00"]


def test_a_licence_that_does_not_renew_leaves_usage_after_it_unlicensed_and_the_bill_held(
    prices: Engine, prepaid: int
) -> None:
    license_it(prices, prepaid, local("2026-08-01"), local("2026-09-01"), auto_renew=False)
    (held,) = close_period(prices, OCTOBER, DUE).held
    assert held.finding == "prepaid_usage_is_licensed"


def test_a_released_subscription_renews_no_more(prices: Engine, prepaid: int) -> None:
    license_it(prices, prepaid, local("2026-08-17"), local("2026-09-17"))
    with prices.begin() as connection:
        query = "UPDATE core.subscriptions SET state = 'released', ended_at = :at"
        connection.execute(text(query), {"at": local("2026-10-17")})
    close_period(prices, OCTOBER, DUE)
    assert terms_of(prices) == ["2026-08-17 00:00", "2026-09-17 00:00"]


def test_a_licence_sold_at_another_price_than_the_plans_holds_the_bill(prices: Engine, prepaid: int) -> None:
    license_it(prices, prepaid, local("2026-10-01"), local("2026-11-01"), price=Decimal("7000.00"))
    (held,) = close_period(prices, OCTOBER, DUE).held
    assert held.finding == "licence_prices_match_the_plan"
    assert "was sold for 7,000.00 CNY, the price plan says 7,440.00 CNY" in held.sentence


def test_a_term_of_a_year_is_one_line_in_its_first_month(prices: Engine, prepaid: int) -> None:
    license_it(prices, prepaid, local("2026-10-01"), local("2027-10-01"), term_months=12, price=Decimal("89280.00"))
    close_period(prices, OCTOBER, DUE)
    assert [str(line.quantity) for line in lines_of(prices)] == ["144", "10.000000"]


def test_a_licence_expires_on_the_17th_at_12_20_and_pay_as_you_go_follows(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    expiry = local("2026-10-17T12:20")
    key = subscribe(
        usage=(36_000, 36_000, 36_000),
        start=local("2026-10-17T11:00"),
        payment="prepaid",
        price_plan="automq-byoc-prepaid",
    )
    license_it(prices, key, local("2026-09-17T12:20"), expiry, auto_renew=False)
    offered = read_offer(
        subscription="sub-01-orders",
        effective_from=expiry.isoformat(),
        price_plan="automq-byoc-payg",
        reason="The buyer goes on without a licence.",
        by="fang",
    )
    add_offer(prices, offered, expiry)

    assert close_period(prices, OCTOBER, DUE).issued_count == 1

    # 10 AKU: an hour and 20 minutes of 12 AKU cover 36,000 and 14,400 AKU-seconds; 6 and 10 AKU-hours are left.
    assert [(line.kind, line.aku_seconds, str(line.amount)) for line in lines_of(prices)] == [
        ("covered", 50_400, "0.00"),
        ("usage", 57_600, "19.20"),
    ]


def test_each_of_two_licences_renews_by_itself(prices: Engine, prepaid: int) -> None:
    license_it(prices, prepaid, local("2026-09-01"), local("2026-10-01"), capacity_aku=8, price=Decimal("4960.00"))
    license_it(prices, prepaid, local("2026-09-15"), local("2026-10-15"), capacity_aku=2, price=Decimal("1240.00"))

    assert close_period(prices, OCTOBER, DUE).issued_count == 1

    assert terms_of(prices) == ["2026-09-01 00:00", "2026-09-15 00:00", "2026-10-01 00:00", "2026-10-15 00:00"]
    assert [(line.kind, str(line.amount)) for line in lines_of(prices)] == [
        ("licence", "4960.00"),
        ("licence", "1240.00"),
        ("covered", "0.00"),
    ]


def test_two_licences_of_one_term_and_capacity_both_renew_once(prices: Engine, prepaid: int) -> None:
    for _ in range(2):
        license_it(prices, prepaid, local("2026-09-01"), local("2026-10-01"), capacity_aku=5, price=Decimal("3100.00"))
    for _ in range(2):
        close_period(prices, OCTOBER.next, OCTOBER.next.window.end)
    assert terms_of(prices) == [
        f"2026-{month} 00:00" for month in ("09-01", "09-01", "10-01", "10-01", "11-01", "11-01")
    ]


def test_a_term_entered_by_hand_where_another_ends_is_its_renewal(prices: Engine, prepaid: int) -> None:
    license_it(prices, prepaid, local("2026-08-31"), local("2026-09-30"))
    license_it(prices, prepaid, local("2026-09-30"), local("2026-10-31"))
    close_period(prices, OCTOBER, DUE)
    assert terms_of(prices) == ["2026-08-31 00:00", "2026-09-30 00:00", "2026-10-31 00:00"]


def test_a_term_longer_than_its_months_renews_from_its_end(prices: Engine, prepaid: int) -> None:
    license_it(prices, prepaid, local("2026-01-01"), local("2026-10-10"))
    close_period(prices, OCTOBER, DUE)
    assert terms_of(prices) == ["2026-01-01 00:00", "2026-10-10 00:00"]


def test_a_renewal_under_a_private_offer_costs_what_the_offer_says(prices: Engine, prepaid: int) -> None:
    gold = price_plan(version(price="0", licence={"price_per_aku_month": "500.00"}), name="gold")
    publish_price_plans(prices, [gold])
    license_it(prices, prepaid, local("2026-09-01"), local("2026-10-01"))
    offered = read_offer(
        subscription="sub-01-prepaid",
        effective_from="2026-10-01T00:00:00+08:00",
        price_plan="gold",
        reason="Renewed for a year at gold.",
        by="ann",
    )
    add_offer(prices, offered, local("2026-09-20"))
    assert close_period(prices, OCTOBER, DUE).held == []
    assert [str(line.amount) for line in lines_of(prices)] == ["6000.00", "0.00"]


def test_a_running_draft_renews_as_the_close_will(prices: Engine, prepaid: int) -> None:
    license_it(prices, prepaid, local("2026-09-10"), local("2026-10-10"))
    license_it(prices, prepaid, local("2026-09-25"), local("2026-10-25"), capacity_aku=1, price=Decimal("620.00"))

    (draft,) = draft_running(prices, OCTOBER, local("2026-10-20"))

    assert (str(draft.total), str(draft.forecast_total)) == ("7440.00", "8060.00"), "the second term is still to come"
    assert terms_of(prices) == ["2026-09-10 00:00", "2026-09-25 00:00", "2026-10-10 00:00"]
    close_period(prices, OCTOBER, DUE)
    assert str(bills_of(prices)[0].total) == "8060.00"


def test_licences_that_start_together_are_listed_by_their_end(prices: Engine, prepaid: int) -> None:
    start, later, earlier = local("2026-10-05"), local("2026-12-05"), local("2026-11-05")
    license_it(prices, prepaid, start, later, term_months=2, capacity_aku=1, auto_renew=False)
    license_it(prices, prepaid, start, earlier, term_months=1, capacity_aku=20, auto_renew=False)
    close_period(prices, OCTOBER, DUE)
    assert [str(line.quantity) for line in lines_of(prices) if line.kind == "licence"] == ["20", "2"]


@pytest.mark.parametrize("capacities", [(4, 2), (2, 4)])
def test_licences_of_one_start_have_lines_in_the_same_order_whichever_was_sold_first(
    prices: Engine, prepaid: int, capacities: tuple[int, int]
) -> None:
    """Or a bill would not verify: its lines are compared by number."""
    for capacity in capacities:
        license_it(prices, prepaid, local("2026-10-05"), local("2026-11-05"), capacity_aku=capacity)
    close_period(prices, OCTOBER, DUE)
    licences = [line for line in lines_of(prices) if line.kind == "licence"]
    assert [line.description.split(" AKU")[0] for line in licences] == ["Licence for 2", "Licence for 4"]


def test_the_tax_of_licences_is_rounded_as_the_version_of_the_last_one_sold_says(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    """Not as that of the licence whose term ends last: the longer one was sold before the version changed."""
    licence = {"price_per_aku_month": "1.05", "overage_price": None}
    rules: dict[str, Any] = {"price": "0", "licence": licence, "tax_rate": "0.06"}
    later = version("2026-10-16T00:00:00+08:00", **rules, rounding={"digits": 2, "mode": "up"})
    untaxed = version("2026-10-26T00:00:00+08:00", **rules | {"tax_rate": "0"})  # has the line of no usage
    publish_price_plans(warehouse, [price_plan(version(**rules), later, untaxed, name="automq-byoc-prepaid")])
    key = subscribe("prepaid", payment="prepaid", price_plan="automq-byoc-prepaid")
    license_it(
        warehouse, key, local("2026-10-05"), local("2026-12-05"), term_months=2, capacity_aku=1, auto_renew=False
    )
    license_it(warehouse, key, local("2026-10-20"), local("2026-11-20"), capacity_aku=1, auto_renew=False)
    close_period(warehouse, OCTOBER, DUE)
    with warehouse.connect() as connection:
        (tax,) = connection.execute(text("SELECT base, amount FROM billing.bill_taxes")).all()
    assert (str(tax.base), str(tax.amount)) == ("3.15", "0.19")  # 0.189, up; the first version would cut it to 0.18
