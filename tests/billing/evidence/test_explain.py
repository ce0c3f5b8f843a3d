"""A bill explains itself: every kind of line by its rules and hours, hours by readings and polls, corrections back."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.bills.drafts import draft_bills
from include.billing.evidence.explain import USAGE_KINDS, explain_bill, explain_document, list_bills
from include.billing.evidence.explain_readings import RULES
from include.billing.evidence.explanation import Depth
from include.billing.evidence.verify import verify_bills
from include.billing.prices.plans import publish_price_plans
from include.cli.bill_text import describe_bill
from include.domain.errors import InvalidInputError
from include.domain.periods import Window
from include.metering.hours.close import close_hours
from tests.support.billing import strategies as draws
from tests.support.billing.corrections import REFUND, close_november, correct
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan, version
from tests.support.billing.rating import often, rate_usage
from tests.support.billing.tampering import named
from tests.support.metering.lives import Environment, at, kafka

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("mode", ["down", "up", "half_up", "half_even"])
def test_the_hours_of_every_line_add_up_to_it(warehouse: Engine, subscribe: Callable[..., int], mode: str) -> None:
    rules: dict[str, Any] = {"rounding": {"digits": 2, "mode": mode}}
    publish_price_plans(
        warehouse, [price_plan(version(**rules), version("2026-10-01T03:00:00+08:00", "0.03", **rules))]
    )
    subscribe(usage=(21_607, 15, 45, 600, 601, 1))
    close_period(warehouse, OCTOBER, DUE)

    explained = explain_bill(warehouse, BILL)

    assert [len(line.hours) for line in explained.lines] == [3, 3]
    assert all(line.hours_agree for line in explained.lines)


def test_an_explanation_goes_down_to_the_instances(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(21_607, 3_601))
    close_period(prices, OCTOBER, DUE)
    text_ = describe_bill(explain_bill(prices, BILL, 1), with_hours=True)
    assert "charged every hour, rounded down to 2 digits" in text_
    assert "2026-10-01 00:00+0800  6.001944 AKU-hours, 7.202333333, rounded 7.20, 0 to 6.001944 of the period" in text_
    assert "kf-orders: 21607 AKU-seconds from readings" in text_
    assert text_.endswith("Total 8.40 CNY")


@often
@given(data=st.data())
def test_whatever_the_plan_and_usage_every_line_is_explained_and_its_hours_lead_to_it(
    rating_warehouse: Engine, data: st.DataObject
) -> None:
    """Hours taken apart one by one, against lines that rating made by its own short cuts."""
    plan, other = data.draw(draws.plans()), data.draw(draws.plans("another"))
    usage, active = data.draw(draws.usages()), data.draw(draws.activities())
    offers, licences = data.draw(draws.offers(other)), data.draw(draws.licences())
    with rating_warehouse.connect() as connection:
        rate_usage(connection, plan, usage, other=other, offers=offers, licences=licences, active=active)
        if draft_bills(connection, OCTOBER, DUE, [1]):
            explained = explain_document(connection, "2026-10-sub-01-orders", depth=Depth.HOURS)
            for line in explained.lines:
                assert line.disagreements == []
                assert line.rules
                assert (sum(hour.aku_seconds for hour in line.hours) == line.row.aku_seconds) or not line.hours
                assert bool(line.hours) == (line.row.kind in USAGE_KINDS and line.row.aku_seconds > 0)
            assert describe_bill(explained, with_hours=True)
        connection.rollback()


def test_each_kind_of_line_says_its_rule(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    graduated = version(
        model="graduated",
        charge_every="period",
        tiers=[
            {"up_to": "2", "unit_price": "1.00", "flat_fee": "0.50"},
            {"up_to": None, "unit_price": "0.80", "flat_fee": "0.30"},
        ],
        included="1",
        maximum_charge="10.00",
        discount_percent="10",
        tax_rate="0.06",
        fees=[{"name": "Platform", "amount": "10.00"}],
    )
    publish_price_plans(warehouse, [price_plan(graduated)])
    subscribe(usage=(3600, 7200, 9000))
    close_period(warehouse, OCTOBER, DUE)
    explained = explain_bill(warehouse, BILL, depth=Depth.LINES)
    said = {(line.row.kind, line.row.tier): " ".join(line.rules) for line in explained.lines}
    assert said == {
        ("included", None): "1 AKU-hours are free in each period, taken before all tiers; 1 AKU-hours of this part's "
        "usage are within them.",
        (
            "usage",
            1,
        ): "The segment counts from 0 AKU-hours to 4.5 AKU-hours, after 1 AKU-hours that are included. Tier 1 is "
        "0 AKU-hours to 2 AKU-hours; 2 AKU-hours of the part lie in it. 2 AKU-hour × 1.00 = 2. Once rounded down to 2 "
        "digits: 2.00.",
        (
            "usage",
            2,
        ): "The segment counts from 0 AKU-hours to 4.5 AKU-hours, after 1 AKU-hours that are included. Tier 2 is "
        "above 2 AKU-hours; 2.5 AKU-hours of the part lie in it. 2.5 AKU-hour × 0.80 = 2. Once rounded down to 2 "
        "digits: 2.00.",
        (
            "flat_fee",
            1,
        ): "Usage reached tier 1, which begins at 0 AKU-hours, in this part: its fee is 0.50, once in the "
        "period. Once rounded down to 2 digits: 0.50.",
        (
            "flat_fee",
            2,
        ): "Usage reached tier 2, which begins at 2 AKU-hours, in this part: its fee is 0.30, once in the "
        "period. Once rounded down to 2 digits: 0.30.",
        ("fee", None): "10.00 × its share of all active seconds (2678400 active ones in this part of 2678400 in the "
        "period: 1) = 10. Once rounded down to 2 digits: 10.00.",
        ("discount", None): "10 % of what this part charges, 14.80 without licences, are 1.48. Once rounded down to 2 "
        "digits: -1.48.",
        (
            "maximum",
            None,
        ): "Charges less discounts without licences, 13.32, exceed the maximum of 10.00 (10.00 × 2678400 "
        "s of 2678400 s). The difference is -3.32, rounded down to 2 digits: -3.32.",
    }
    assert describe_bill(explained).endswith("Tax 6 % on 10.00: 0.60 CNY\nTotal 10.60 CNY")


def test_a_private_offer_and_who_entered_it_are_named(prices: Engine, subscribe: Callable[..., int]) -> None:
    key = subscribe(usage=(3600,))
    with prices.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO billing.private_offers (subscription_key, effective_from, discount_percent, reason, entered_by,
                entered_at) VALUES (:key, :start, 25, 'Three years agreed', 'mei', :start)
            """),
            {"key": key, "start": OCTOBER.window.start},
        )
    close_period(prices, OCTOBER, DUE)
    usage, _ = explain_bill(prices, BILL).lines
    assert usage.rules[0] == (
        "A private offer holds: 25 % discount (entered by mei at 2026-09-30 16:00 UTC: Three years agreed)."
    )


def test_usage_that_changed_after_the_issue_is_said(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(21_607,))
    close_period(prices, OCTOBER, DUE)
    with prices.begin() as connection:
        connection.execute(text("UPDATE metering.usage SET aku_seconds = 1"))
    assert "The instances of 2026-09-30T16:00Z no longer add up to the hour: 1 AKU-seconds instead of 21607." in (
        describe_bill(explain_bill(prices, BILL), with_hours=True)
    )
    with prices.begin() as connection:
        connection.execute(text("UPDATE metering.subscription_hours SET aku_seconds = 1"))
    disagreements = explain_bill(prices, BILL).lines[0].disagreements
    assert "Rated again, its amount is 0.00 instead of 7.20." in disagreements
    assert "Its hours no longer add up to it: 1 AKU-seconds instead of 21607." in disagreements


@pytest.mark.parametrize(
    ("bill", "line", "sentence"), [("no-bill", None, "does not exist"), (BILL, 9, "is not a line")]
)
def test_an_unknown_bill_or_line_is_named(
    prices: Engine, subscribe: Callable[..., int], bill: str, line: int | None, sentence: str
) -> None:
    subscribe()
    close_period(prices, OCTOBER, DUE)
    with pytest.raises(InvalidInputError, match=sentence):
        explain_bill(prices, bill, line)


def test_readings_are_explained_for_one_hour(prices: Engine) -> None:
    with pytest.raises(InvalidInputError, match="Hour is needed for polls"):
        explain_bill(prices, BILL, depth=Depth.POLLS)


def test_bills_are_listed_by_period(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe()
    close_period(prices, OCTOBER, DUE)
    assert [bill.bill_id for bill in list_bills(prices, "2026-10")] == [BILL]
    assert list_bills(prices, "2026-09") == []
    assert len(list_bills(prices)) == 1


#: Minutes after noon at which October ends in Shanghai, and three hours before.
END = int((OCTOBER.window.end - at(0)) / timedelta(minutes=1))
START = END - 180


def polled(orders: Environment, minute: int, *instances: dict[str, Any]) -> Any:
    """A poll with the listing as it came, as collecting makes it."""
    pages = [{"list": list(instances), "total": len(instances)}]
    return replace(orders.poll(minute, *instances), payload=zlib.compress(json.dumps(pages).encode()))


@pytest.fixture
def metered(warehouse: Engine) -> Environment:
    """6 AKU, and 10 from half past one on, in the last three hours of October, on an issued bill."""
    publish_price_plans(warehouse, [price_plan()])
    orders = Environment(warehouse, metered_from=at(START), started_at=at(START))
    orders.tell(
        *(
            polled(orders, START + n, kafka(10, m=START + 93) if n >= 93 else kafka(6))
            for n in range(0, 190, 10)
        )
    )  # fmt: skip
    close_hours(warehouse, Window(at(START), at(END)), at(START + 187))
    assert close_period(warehouse, OCTOBER, at(END + 600)).issued_count == 1
    return orders


def test_an_hour_is_explained_down_to_the_polls_that_bound_it(metered: Environment) -> None:
    bill = list_bills(metered.warehouse)[0].bill_id
    lines = describe_bill(
        explain_bill(metered.warehouse, bill, 1, depth=Depth.POLLS, hour=at(START + 60)), with_hours=True
    ).splitlines()
    start = at(START + 60)
    assert (
        f"      kf-1: {start:%H}:00:00 to {start:%H}:30:00 UTC 6 AKU = 10800 AKU-seconds, measured (answers of "
        f"{start:%H}:00:00 and {start:%H}:30:00, 3 intervals: both answers say the same, and nothing was modified "
        "between them)"
    ) in lines
    changed = next(n for n, line in enumerate(lines) if "the size changed at the instant" in line)
    assert f"{start:%H}:30:00 to {start:%H}:33:00 UTC 6 AKU = 1080 AKU-seconds, measured" in lines[changed]
    before, after = (json.loads(line.partition("instance(s): ")[2]) for line in lines[changed - 1 : changed + 2 : 2])
    assert (before["spec"], after["spec"]) == ({"reservedAku": 6}, {"reservedAku": 10})
    assert sum("the size changed" in line for line in lines) == 2, "before and after the change"
    assert not any("no longer" in line or "Rated again" in line for line in lines)


def test_polls_that_retention_dropped_are_said_to_be_gone(metered: Environment) -> None:
    with metered.warehouse.begin() as connection:
        month = OCTOBER.window.end.replace(day=1, hour=0)
        connection.execute(
            text("INSERT INTO metering.dropped_months VALUES (:start, :end, :end, :at)"),
            {"start": month, "end": month + timedelta(days=31), "at": datetime(2027, 12, 1, tzinfo=UTC)},
        )
    bill = list_bills(metered.warehouse)[0].bill_id
    lines = describe_bill(explain_bill(metered.warehouse, bill, 1, depth=Depth.POLLS, hour=at(START)), with_hours=True)
    assert "The polls of this hour were dropped at 2027-12-01 after their retention; its usage stays." in lines


def test_a_correction_of_a_correction_is_explained_back_to_the_bill_and_down_to_a_poll(metered: Environment) -> None:
    warehouse = metered.warehouse
    [bill] = list_bills(warehouse)
    form = {"subscription": bill.subscription_id, "bill": bill.bill_id}
    for number, (minute, aku) in enumerate([(23, 16), (43, 26)], start=1):
        # Late polls that show more AKU for four minutes.
        metered.tell(
            polled(metered, START + minute, kafka(aku, m=START + minute - 2)),
            polled(metered, START + minute + 4, kafka(6, m=START + minute + 2)),
        )
        close_hours(warehouse, Window(at(START), at(START + 60)), at(END + 700 + number))
        correct(warehouse, at(END + 800 + number), reason=f"Late answers, number {number}", origin=f"{number}", **form)
    correct(warehouse, at(END + 900), origin="3", **form, **REFUND)
    first, second, refund = (f"{kind}-{bill.bill_id}-{n}" for n, kind in ((1, "DN"), (2, "DN"), (3, "CN")))

    (line,) = explain_bill(warehouse, second, depth=Depth.POLLS, hour=at(START)).lines
    assert line.correction is not None
    assert [(step.bill_id, step.line_no) for step in line.correction.chain] == [(first, 1), (bill.bill_id, 1)]
    (hour,) = line.correction.late_hours
    assert hour.aku_seconds_after - hour.aku_seconds_before == 20 * 240
    assert hour.readings is not None
    assert hour.readings.notes == [], "readings lead to what is known now"
    sizes = {span.aku for span in hour.readings.spans}
    assert sizes == {6, 16, 26}
    listed = {
        poll.instance["spec"]["reservedAku"] for each in hour.readings.spans for poll in each.polls if poll.instance
    }
    assert listed == sizes

    lines = describe_bill(explain_bill(warehouse, second, depth=Depth.POLLS, hour=at(START)), with_hours=True)
    assert "Because: Late answers, number 2; asked for by anna, cause late_usage." in lines
    assert f"corrects {first} line 1" in lines
    assert f"corrects {bill.bill_id} line 1" in lines
    given_back = describe_bill(explain_bill(warehouse, refund), with_hours=True)
    assert "It gives back part of what was billed." in given_back
    assert given_back.startswith(f"Credit note {refund}")
    assert verify_bills(warehouse).differences == []


def test_corrections_on_the_next_bill_are_verified_and_explained_with_it(metered: Environment) -> None:
    warehouse = metered.warehouse
    [bill] = list_bills(warehouse)
    metered.tell(
        polled(metered, START + 23, kafka(16, m=START + 21)), polled(metered, START + 27, kafka(6, m=START + 25))
    )
    close_hours(warehouse, Window(at(START), at(START + 60)), at(END + 700))
    close_november(warehouse)
    november = f"2026-11-{bill.subscription_id}"
    assert verify_bills(warehouse).differences == []
    own, correction = explain_bill(warehouse, november, depth=Depth.HOURS).lines
    assert (own.correction, own.disagreements, own.hours) == (None, [], [])
    assert correction.correction is not None
    assert [step.bill_id for step in correction.correction.chain] == [bill.bill_id]
    assert len(correction.correction.late_hours) == 1
    with warehouse.begin() as connection:
        connection.execute(text("RESET ROLE"))
        connection.execute(text("ALTER TABLE billing.late_usage DISABLE TRIGGER guard_applied_late_usage"))
        connection.execute(text("UPDATE billing.late_usage SET aku_seconds_after = 1"))
    assert named(verify_bills(warehouse)) == {november: {"adjustments"}}


def test_every_rule_has_words() -> None:
    assert set(RULES) == {
        "steady", "touched", "changed", "inconsistent", "appeared", "first", "rejected", "carried", "held",
    }  # fmt: skip


def test_a_share_of_a_fee_names_the_whole_that_was_rounded(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    fee = {"fees": [{"name": "Platform", "amount": "100.00"}]}
    days = ("2024-01-01T00:00:00+08:00", "2026-10-12T00:00:00+08:00", "2026-10-22T00:00:00+08:00")
    publish_price_plans(warehouse, [price_plan(*(version(day, f"1.{n}", **fee) for n, day in enumerate(days)))])
    subscribe(usage=(3600,))
    close_period(warehouse, OCTOBER, DUE)
    explained = explain_bill(warehouse, BILL, depth=Depth.LINES)
    assert [line.rules[-1] for line in explained.lines if line.row.kind == "fee"] == [
        "Its 3 parts in the period are rounded once, in all 100.00; they get their shares by largest remainder, this "
        f"one {share}."
        for share in ("35.48", "32.26", "32.26")
    ]


def test_an_odd_number_of_packages_at_a_price_without_digits_to_round_is_explained_as_billed(
    warehouse: Engine, subscribe: Callable[..., int]
) -> None:
    terms: dict[str, Any] = {
        "model": "package",
        "package_size": "1",
        "rounding": {"digits": 2, "mode": "half_even"},
    }
    tiers = [{"up_to": None, "unit_price": "0.01", "flat_fee": "0"}]
    publish_price_plans(warehouse, [price_plan(version(charge_every="hour", tiers=tiers, **terms))])
    subscribe(usage=(3 * 3600,))
    close_period(warehouse, OCTOBER, DUE)
    with warehouse.connect() as connection:
        [line] = explain_document(connection, BILL, depth=Depth.HOURS).lines
    assert (f"{line.row.amount:f}", [f"{hour.amount:f}" for hour in line.hours]) == ("0.03", ["0.03"])
    assert line.disagreements == []
