"""Private offers: what is entered, what is refused and in which words."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.prices.offers import add_offer, list_offers, read_offer
from include.billing.prices.plans import publish_price_plans
from include.domain.errors import ConflictError, InvalidInputError
from include.domain.money import Decimal
from tests.support.billing.october import DUE, OCTOBER, price_plan, version
from tests.support.builders import insert

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

NOW = OCTOBER.window.start + timedelta(days=3)
FORM = {
    "subscription": "sub-01-orders",
    "effective_from": "2026-10-16T00:00:00+08:00",
    "discount_percent": "12.5",
    "reason": "Agreed with the buyer on the phone.",
    "by": "anna",
}


def offer(warehouse: Engine, at: Any = NOW, **fields: Any) -> Any:
    return add_offer(warehouse, read_offer(**{**FORM, **fields}), at)


def entered(warehouse: Engine) -> list[Any]:
    return [
        (row.subscription_id, row.price_plan, row.discount_percent and f"{row.discount_percent:f}", row.entered_by)
        for row in list_offers(warehouse)
    ]


def test_an_offer_is_entered_with_who_and_why(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe()
    assert offer(prices).is_new
    [row] = list_offers(prices, "sub-01-orders")
    assert (row.effective_from, row.effective_until) == (OCTOBER.window.start + timedelta(days=15), None)
    assert (row.reason, row.entered_by, row.entered_at) == (FORM["reason"], "anna", NOW)
    assert list_offers(prices, "sub-01-other") == []


def test_the_same_offer_of_the_same_run_is_entered_once_also_at_once(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    subscribe()
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: offer(prices), range(4)))
    assert len({one.offer_key for one in made}) == 1
    assert sum(one.is_new for one in made) == 1
    offer(prices, discount_percent="20")
    assert not offer(prices).is_new, "a late retry does not undo what was entered since"
    assert len(entered(prices)) == 2
    assert offer(prices, NOW + timedelta(days=1)).is_new, "asked again it counts again"


def test_an_offer_is_entered_after_all_others_whatever_its_run_says(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    subscribe()
    offer(prices)
    offer(prices, NOW - timedelta(days=1), discount_percent="20")
    first, second = list_offers(prices)
    assert (str(second.discount_percent), second.entered_at > first.entered_at) == ("20", True)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"subscription": None}, "Subscription is missing"),
        ({"subscription": "x" * 201}, "longer than 200 characters"),
        ({"subscription": "'; DROP TABLE billing.bills; --"}, "does not exist"),
        ({"reason": None}, "Reason is '': it has 0 characters, not 10 to 500"),
        ({"reason": "x" * 501}, "has 501 characters, not 10 to 500"),
        ({"reason": "agreed\x00 by phone"}, "characters that cannot be seen"),
        ({"reason": "agreed \u202eenohp yb"}, "characters that cannot be seen"),
        ({"by": " "}, "Person is missing"),
        ({"effective_from": None}, "From is missing"),
        ({"effective_from": "2026-10-16"}, "has no time zone"),
        ({"effective_from": "next month"}, "is not an ISO 8601 time"),
        ({"effective_until": "2026-10-16T00:00:00+08:00"}, "does not end after it starts"),
        ({"discount_percent": None}, "gives neither a plan nor a discount"),
        ({"discount_percent": "100.1"}, "must be from 0 to 100, or amounts would grow or turn negative"),
        ({"discount_percent": "-1"}, "must be from 0 to 100"),
        ({"discount_percent": "ten"}, "must be a decimal number"),
        ({"discount_percent": "0." + "1" * 13}, "at most 12 places"),
        ({"price_plan": "gold"}, "Price plan is 'gold': it is not published"),
        ({"price_plan": "dollars"}, "has the currency USD, not CNY"),
        ({"price_plan": "elsewhere"}, "has months of UTC, not of Asia/Shanghai"),
        ({"price_plan": "later"}, "has no version in force at 2026-10-15T16:00:00+00:00"),
        ({"price_plan": "automq-byoc-prepaid"}, "sells licences, which a pay-as-you-go subscription does not have"),
    ],
)
def test_an_offer_that_breaks_a_rule_is_refused_in_words(
    prices: Engine, subscribe: Callable[..., int], fields: dict[str, Any], sentence: str
) -> None:
    subscribe()
    publish_price_plans(
        prices,
        [
            price_plan(name="dollars", currency="USD"),
            price_plan(name="elsewhere", time_zone="UTC"),
            price_plan(version("2026-11-01T00:00:00+08:00"), name="later"),
        ],
    )
    with pytest.raises(InvalidInputError, match=re.escape(sentence)):
        offer(prices, **fields)
    assert entered(prices) == []


@pytest.mark.parametrize(
    ("until", "auto_renew", "rule"),
    [
        (OCTOBER.window.end, False, "there is one until 2026-10-31T16:00:00+00:00. Name a plan"),
        (OCTOBER.window.start, True, "there is one until 2026-09-30T16:00:00+00:00, and renews by itself"),
    ],
)
def test_a_licensed_subscription_keeps_to_plans_with_licences(
    prices: Engine, subscribe: Callable[..., int], until: datetime, auto_renew: Any, rule: str
) -> None:
    key = subscribe(payment="prepaid", price_plan="automq-byoc-prepaid")
    with prices.begin() as connection:
        insert(
            connection,
            "core.licences",
            subscription_key=key,
            term_start=OCTOBER.previous.window.start,
            term_end=until,
            term_months=1,
            capacity_aku=12,
            price=Decimal("7440.00"),
            currency="CNY",
            auto_renew=auto_renew,
        )
    with pytest.raises(InvalidInputError, match=re.escape(rule)):
        offer(prices, price_plan="automq-byoc-payg")


def test_a_subscription_that_ended_is_offered_nothing(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(state="released", ended_at=OCTOBER.window.start + timedelta(days=2))
    with pytest.raises(ConflictError, match="is released: there is nothing to offer from 2026-10-15T16:00:00"):
        offer(prices)


def test_an_offer_never_reaches_into_an_issued_bill(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(3600,))
    close_period(prices, OCTOBER, DUE)
    with pytest.raises(ConflictError, match="reaches into bill 2026-10-sub-01-orders, which is issued") as refused:
        offer(prices)
    assert "Start it at 2026-10-31T16:00:00+00:00 or later" in str(refused.value)
    assert offer(prices, effective_from="2026-11-01T00:00:00+08:00").is_new
    [row] = list_offers(prices)
    assert row.entered_at > DUE, "or the issued bill would seem to have been drafted with it"


def test_offers_are_entered_and_never_changed(owned_warehouse: Engine, prices: Engine) -> None:
    for change in ("UPDATE billing.private_offers SET reason = ''", "DELETE FROM billing.private_offers"):
        with pytest.raises(Exception, match="is written once and never changes"), owned_warehouse.begin() as connection:
            connection.execute(text(change))
