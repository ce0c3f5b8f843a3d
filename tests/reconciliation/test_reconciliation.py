from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.domain.billing_cycles import billing_cycle, final_at
from include.domain.errors import ConfigurationError
from include.domain.money import Decimal
from include.domain.words.reconciliation import VERDICTS
from include.reconciliation.charges import fetch_charges
from include.reconciliation.compare import find_cycles, reconcile_period
from include.reconciliation.report import OpenPointsError, report_open_points
from tests.support.builders import make_bill, make_buyer, make_instance, make_subscription, make_usage
from tests.support.paper_bills import BillsOnPaper, Charge

PERIOD = "2026-10"
FINAL = final_at(billing_cycle(PERIOD))
BUYER = "1100000000000001"
INSTANCE = "mp-01-orders"
START = billing_cycle(PERIOD).window.start


@pytest.fixture
def subscription(warehouse):
    """A subscription with ten hours of usage in the period, and hours around it that do not belong to it."""
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection, BUYER))
        instances = [make_instance(connection, key, f"kf-{n}") for n in (1, 2)]
        for instance in instances:
            make_usage(connection, instance, START - timedelta(hours=2), [3600] * 12 + [0, 0])
        make_usage(connection, instances[0], billing_cycle(PERIOD).window.end, [3600] * 5)
    return key


def bill(warehouse, key, total, **columns):
    with warehouse.begin() as connection:
        return make_bill(connection, key, PERIOD, total, **columns)


def reconcile(warehouse, *charges, at=FINAL):
    fetch_charges(warehouse, PERIOD, at, lambda _account_id: BillsOnPaper(charges))
    return reconcile_period(warehouse, PERIOD, at)


def verdict(warehouse):
    with warehouse.connect() as connection:
        return connection.execute(text("SELECT * FROM reconciliation.verdicts")).mappings().one()


def bill_state(warehouse):
    with warehouse.connect() as connection:
        return tuple(connection.execute(text("SELECT state, reconciled_at FROM billing.bills")).one())


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("12.34", "12.34", "agrees"),
        ("12.34", "12.340000", "agrees"),
        ("0", None, "agrees"),
        ("0", "0", "agrees"),
        ("12.34", "12.35", "differs_by_rounding"),
        ("12.34", "12.25", "differs_by_rounding"),  # 0.09 < 0.01 × 10 hours
        ("12.34", "12.24", "differs"),  # 0.10 is not below it
        ("12.34", "12.44", "differs"),
        ("12.34", "0", "differs"),
        ("12.34", None, "missing_there"),
        (None, "12.34", "missing_here"),
        (None, "0", "agrees"),
    ],
)
def test_verdicts(warehouse, subscription, ours, theirs, expected):
    if ours is not None:
        bill(warehouse, subscription, ours)
    charges = [Charge(INSTANCE, theirs)] if theirs is not None else []
    assert reconcile(warehouse, *charges).verdicts == {expected: 1}
    row = verdict(warehouse)
    assert row["verdict"] == expected
    assert row["difference"] == Decimal(theirs or 0) - Decimal(ours or 0)
    assert row["hours_charged"] == (10 if ours is not None else 0)
    assert VERDICTS[expected].names() <= set(row["facts"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cents=st.integers(0, 2_000), theirs=st.integers(0, 2_000), hours=st.integers(0, 40))
def test_rounding_explains_less_than_a_cent_an_hour_and_nothing_more(warehouse, cents, theirs, hours):
    with warehouse.begin() as connection:
        for table in (
            "reconciliation.findings",
            "reconciliation.verdicts",
            "reconciliation.marketplace_fetches",
            "reconciliation.marketplace_charges",
        ):
            connection.execute(text(f"DELETE FROM {table}"))
        for table in (
            "billing.bill_lines",
            "billing.bills",
            "metering.usage",
            "metering.instances",
            "core.environments",
        ):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("DELETE FROM core.subscriptions"))
        connection.execute(text("DELETE FROM core.buyers"))
        key = make_subscription(connection, make_buyer(connection, BUYER))
        make_usage(connection, make_instance(connection, key), START, [3600] * hours) if hours else None
        make_bill(connection, key, PERIOD, str(Decimal(cents) / 100), state="draft")
    reconcile(warehouse, Charge(INSTANCE, str(Decimal(theirs) / 100)))
    difference = theirs - cents
    expected = "agrees" if difference == 0 else "differs_by_rounding" if abs(difference) < hours else "differs"
    assert verdict(warehouse)["verdict"] == expected


def test_all_kinds_of_items_count_refunds_too(warehouse, subscription):
    bill(warehouse, subscription, "10.00")
    reconcile(warehouse, Charge(INSTANCE, "12.00"), Charge(INSTANCE, "-2.00", "Refund"))
    assert verdict(warehouse)["verdict"] == "agrees"


def test_another_currency_is_never_compared(warehouse, subscription):
    bill(warehouse, subscription, "10.00")
    reconcile(warehouse, Charge(INSTANCE, "10.00", currency="USD"))
    row = verdict(warehouse)
    assert row["verdict"] == "differs"
    assert "two currencies cannot be compared" in VERDICTS["differs"].say(row["facts"])
    assert bill_state(warehouse)[0] == "issued"


def test_the_sentence_names_both_amounts_and_what_rounding_explains(warehouse, subscription):
    bill(warehouse, subscription, "12.34")
    reconcile(warehouse, Charge(INSTANCE, "12.30"))
    assert VERDICTS["differs_by_rounding"].say(verdict(warehouse)["facts"]) == (
        "The Marketplace charges 12.30 CNY, 0.04 CNY less than our bill; rounding of 10 charged hours can explain less "
        "than 0.10."
    )


def test_an_issued_bill_that_the_final_bill_confirms_is_reconciled(warehouse, subscription):
    bill(warehouse, subscription, "12.34")
    assert reconcile(warehouse, Charge(INSTANCE, "12.34")).reconciled == ["2026-10-sub-01-orders"]
    assert bill_state(warehouse) == ("reconciled", FINAL)
    again = reconcile(warehouse, Charge(INSTANCE, "12.34"), at=FINAL + timedelta(days=1))
    assert (again.verdicts, again.reconciled) == ({"agrees": 1}, [])
    assert bill_state(warehouse) == ("reconciled", FINAL)
    with warehouse.connect() as connection:
        query = text("SELECT from_state, to_state, who, at FROM billing.bill_events")
        assert connection.execute(query).all() == [("issued", "reconciled", "reconciliation", FINAL)]


def test_before_the_marketplaces_bill_is_final_nothing_is_reconciled(warehouse, subscription):
    bill(warehouse, subscription, "12.34")
    assert reconcile(warehouse, Charge(INSTANCE, "12.34"), at=FINAL - timedelta(seconds=1)).reconciled == []
    assert verdict(warehouse)["is_final"] is False
    assert bill_state(warehouse) == ("issued", None)


def test_a_verdict_is_as_final_as_the_fetch_it_rests_on(warehouse, subscription):
    bill(warehouse, subscription, "12.34")
    reconcile(warehouse, Charge(INSTANCE, "12.34"), at=FINAL - timedelta(hours=1))

    def refused(_account_id):
        raise ConfigurationError("The Airflow connection is missing.")

    fetch_charges(warehouse, PERIOD, FINAL, refused)
    assert reconcile_period(warehouse, PERIOD, FINAL).reconciled == []
    assert verdict(warehouse)["is_final"] is False


@pytest.mark.parametrize("state", ["draft", "held"])
def test_a_bill_that_is_not_issued_gets_a_verdict_and_stays_as_it_is(warehouse, subscription, state):
    bill(warehouse, subscription, "12.34", state=state)
    assert reconcile(warehouse, Charge(INSTANCE, "12.34")).verdicts == {"agrees": 1}
    assert bill_state(warehouse) == (state, None)


@pytest.mark.parametrize("theirs", ["12.30", "0.01"])
def test_a_bill_that_differs_stays_issued(warehouse, subscription, theirs):
    bill(warehouse, subscription, "12.34")
    reconcile(warehouse, Charge(INSTANCE, theirs))
    assert bill_state(warehouse) == ("issued", None)


def test_a_buyer_whose_bill_was_never_got_has_no_verdict(warehouse, subscription):
    bill(warehouse, subscription, "12.34")

    def refused(_account_id):
        raise ConfigurationError("The Airflow connection alibaba_buyer_1100000000000001 is missing.")

    fetch_charges(warehouse, PERIOD, FINAL, refused)
    assert reconcile_period(warehouse, PERIOD, FINAL).verdicts == {}


def test_a_verdict_goes_when_both_sides_are_gone(warehouse, subscription):
    key = bill(warehouse, subscription, "12.34", state="draft")
    reconcile(warehouse)
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE billing.bills SET state = 'void' WHERE bill_key = :key"), {"key": key})
    assert reconcile(warehouse).verdicts == {}
    with warehouse.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM reconciliation.verdicts")).scalar_one() == 0


def test_nothing_of_a_licence_is_explained_by_rounding(warehouse, subscription):
    with warehouse.begin() as connection:
        key = make_bill(connection, subscription, PERIOD, "620.00", state="draft")
        connection.execute(text("UPDATE billing.bill_lines SET kind = 'licence' WHERE bill_key = :key"), {"key": key})
    reconcile(warehouse, Charge(INSTANCE, "620.01", "SubscriptionOrder"))
    assert verdict(warehouse)["verdict"] == "differs"


def test_a_charge_for_an_unknown_instance_is_reported(warehouse, subscription):
    bill(warehouse, subscription, "12.34")
    done = reconcile(warehouse, Charge(INSTANCE, "12.34"), Charge("mp-stranger", "5.00"))
    [point] = done.open_points
    assert point.startswith(f"{PERIOD}, buyer {BUYER}: The Marketplace charges 5.00 CNY for mp-stranger, which belongs")
    with pytest.raises(OpenPointsError, match="mp-stranger"):
        report_open_points({PERIOD: {}}, done.open_points)


def test_what_the_final_bill_does_not_confirm_needs_a_person(warehouse, subscription):
    bill(warehouse, subscription, "12.34")
    assert reconcile(warehouse, at=FINAL - timedelta(seconds=1)).open_points == [], "the Marketplace may still add it"
    [missing] = reconcile(warehouse).open_points
    assert missing.startswith(
        "2026-10, orders (sub-01-orders): Our bill is 12.34 CNY, and the Marketplace charges noth"
    )
    [other] = reconcile(warehouse, Charge(INSTANCE, "5.00"), at=FINAL + timedelta(days=1)).open_points
    assert "The Marketplace charges 5.00 CNY, 7.34 CNY less than our bill" in other
    assert reconcile(warehouse, Charge(INSTANCE, "12.34"), at=FINAL + timedelta(days=2)).open_points == []


def test_a_long_report_names_the_first_and_says_how_many_follow():
    with pytest.raises(OpenPointsError, match=r"^25 point\(s\) .* p0 p1 .* p19 And 5 more: see `akubill"):
        report_open_points({}, [f"p{number}" for number in range(25)])


def test_the_report_names_every_buyer_that_could_not_be_asked():
    with pytest.raises(OpenPointsError, match=r"buyer 42 for 2026-10 .* Add it under Admin"):
        report_open_points({PERIOD: {"42": "It is missing. Add it under Admin."}}, [])
    report_open_points({PERIOD: {}}, [])


def test_a_run_takes_the_last_month_and_all_that_wait_for_confirmation(warehouse, subscription):
    with warehouse.begin() as connection:
        make_bill(connection, subscription, "2026-07", "1.00")
        make_bill(connection, subscription, "2026-08", "1.00", state="reconciled")
        make_bill(connection, subscription, "2026-09", "1.00", state="draft")
    at = datetime(2026, 11, 24, 5, tzinfo=UTC)
    assert find_cycles(warehouse, at) == ["2026-07", "2026-10"]
    assert find_cycles(warehouse, at + timedelta(days=600)) == ["2028-06"]
    assert find_cycles(warehouse, at, "2026-08") == ["2026-08"]


def test_runs_at_the_same_time_reconcile_once_and_leave_one_verdict(warehouse, subscription):
    bill(warehouse, subscription, "12.34")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: reconcile(warehouse, Charge(INSTANCE, "12.34")), range(4)))
    assert sum(len(one.reconciled) for one in done) == 1
    assert verdict(warehouse)["verdict"] == "agrees"


def test_a_verdict_that_changes_after_settling_is_shown_and_the_bill_stays_reconciled(warehouse, subscription):
    bill(warehouse, subscription, "12.34")
    reconcile(warehouse, Charge(INSTANCE, "12.34"))
    reconcile(warehouse, Charge(INSTANCE, "12.34"), Charge(INSTANCE, "-5.00", "Refund"), at=FINAL + timedelta(days=9))
    assert verdict(warehouse)["verdict"] == "differs"
    assert bill_state(warehouse) == ("reconciled", FINAL)


def test_lines_that_correct_another_month_are_not_held_against_the_marketplace(warehouse, subscription):
    with warehouse.begin() as connection:
        earlier = make_bill(connection, subscription, "2026-09", "5.00")
        key = make_bill(connection, subscription, PERIOD, "20.00", state="draft")
        connection.execute(
            text("""
            INSERT INTO billing.bill_lines (bill_key, line_no, kind, tier, description, line_start, line_end,
                aku_seconds, metered_aku_seconds, quantity, unit, unit_price, exact_amount, amount, corrects_bill_key)
            SELECT bill_key, 2, kind, tier, description, line_start, line_end, 0, 0, -1, unit, 1.20, -1.20, -1.20,
                :earlier
            FROM billing.bill_lines WHERE bill_key = :key
            """),
            {"earlier": earlier, "key": key},
        )
    reconcile(warehouse, Charge(INSTANCE, "20.00"))
    assert (verdict(warehouse)["verdict"], verdict(warehouse)["our_amount"]) == ("agrees", Decimal("20.00"))
