"""From order to reconciliation: buyers that lived for a month and a half, each in its own way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from include.domain.errors import ConflictError
from include.domain.money import Decimal
from include.domain.periods import HOUR, floor_to_hour
from include.local.demo_files import write_usage
from include.metering.imports.load import import_usage
from tests.support.office import every_five_minutes, middle_of

if TYPE_CHECKING:
    from include.domain.periods import BillingPeriod
    from tests.support.office import Office

SHOP, BANK, MEDIA = "1650000000000001", "1650000000000002", "1650000000000003"
TRAFFIC = [
    {"file": "ec2_network_in_257a54", "peak_mib_per_second": 240, "instances": 2},
    {"file": "elb_request_count_8c0756", "peak_mib_per_second": 180},
]


def assert_billed_and_reconciled(office: Office, account_id: str, period: BillingPeriod) -> None:
    """The buyer's bills of the period are, added up, what the Marketplace computed on its own, and final."""
    reconciled = [bill for bill in office.bills() if bill.period == period.name]
    assert {bill.state for bill in reconciled} == {"reconciled"}
    total = sum((bill.total for bill in reconciled), Decimal(0))
    assert total == office.marketplace_total(account_id, period) > 0


def test_a_buyer_that_pays_as_it_goes_is_billed_to_the_cent_and_metered_on(
    office: Office, last_month: BillingPeriod
) -> None:
    first_month = last_month.previous
    now = office.clock.at
    office.clock.at = floor_to_hour(now) - 2 * HOUR
    shop = office.onboard(SHOP, began_on=middle_of(first_month).isoformat())
    office.live(shop, shop.started_at, traffic=TRAFFIC)

    history = office.import_history(shop)
    assert (history.rows_rejected, history.rows_loaded) == (0, history.rows_read)
    assert history.rows_read > 3 * 24 * 45

    hours = office.clock.at, office.clock.at + 2 * HOUR
    office.poll_then(shop, every_five_minutes(hours[0], now))
    assert office.poll_now() == 1
    office.clock.at = hours[1]
    assert office.close_hours().closed == 2
    metered = office.rows("""
        SELECT instance_id, hour_start, aku_seconds
        FROM metering.usage INNER JOIN metering.instances USING (instance_key) WHERE usage.source = 'readings'
    """)
    truth = {
        (row["instance_id"], datetime.fromisoformat(row["hour"])): row["aku_seconds"]
        for row in office.truth(shop, *hours)
    }
    assert {(row.instance_id, row.hour_start): row.aku_seconds for row in metered} == truth
    assert len(truth) == 2 * 3

    for period in (first_month, last_month):
        assert office.close(period).issued_count == 1
        assert [(verdict.verdict, verdict.is_final) for verdict in office.reconcile(period)] == [("agrees", True)]
        assert_billed_and_reconciled(office, SHOP, period)
    assert office.sandbox.requests()["refused"] == 0


def test_a_buyer_with_a_licence_pays_for_each_of_two_terms_and_for_no_usage(
    office: Office, last_month: BillingPeriod
) -> None:
    first_month = last_month.previous
    media = office.onboard(
        MEDIA,
        region="cn-hongkong",
        payment="prepaid",
        licence_aku=12,
        licence_term_months=1,
        licence_auto_renew=True,
        began_on=middle_of(first_month).isoformat(),
    )
    steady = [{"at": 0, "instance": "streams", "do": "create", "aku": 8}]
    office.live(media, media.started_at, script=steady, licence_aku=12)
    office.import_history(media, "parquet")
    for period in (first_month, last_month):
        assert office.close(period).issued_count == 1
        assert [verdict.verdict for verdict in office.reconcile(period)] == ["agrees"]
        assert_billed_and_reconciled(office, MEDIA, period)
    assert [bill.total for bill in office.bills()] == [Decimal("7440.00")] * 2
    lines = office.rows("SELECT kind, sum(amount) AS amount FROM billing.bill_lines GROUP BY kind ORDER BY kind")
    assert [tuple(line) for line in lines] == [("covered", Decimal("0.00")), ("licence", Decimal("14880.00"))]
    terms = office.rows("SELECT term_start, term_end FROM core.licences ORDER BY term_start")
    assert terms[0].term_end == terms[1].term_start == middle_of(last_month)


def test_two_departments_of_a_buyer_have_each_their_environment_and_their_bill(
    office: Office, last_month: BillingPeriod
) -> None:
    began_on = middle_of(last_month).isoformat()
    wish = {"region": "ap-southeast-1", "network": "vpc-bank", "began_on": began_on}
    payments = office.onboard(BANK, environment_name="payments", department="Payments", **wish)
    fraud = office.onboard(BANK, environment_name="fraud", department="Fraud", **wish)
    office.live(payments, payments.started_at, random={"seed": 7, "instances": 2, "changes_per_day": 3})
    office.live(fraud, fraud.started_at, random={"seed": 8, "instances": 1})
    for subscription, form in ((payments, "jsonl"), (fraud, "csv")):
        assert office.import_history(subscription, form).rows_rejected == 0
    assert office.close(last_month).issued_count == 2
    assert [verdict.verdict for verdict in office.reconcile(last_month)] == ["agrees", "agrees"]
    assert_billed_and_reconciled(office, BANK, last_month)
    assert len({bill.total for bill in office.bills()}) == 2
    with pytest.raises(Exception, match="another network or another department"):
        office.onboard(BANK, environment_name="more", department="Fraud", **wish)


def test_the_same_order_twice_gives_one_environment_and_one_bill(office: Office, last_month: BillingPeriod) -> None:
    wish = {
        "first_instance_name": "orders-kafka",
        "first_instance_aku": 6,
        "began_on": middle_of(last_month).isoformat(),
    }
    first = office.onboard(SHOP, **wish)
    office.clock.wait(3600)
    assert office.onboard(SHOP, order_id=first.order_id, **wish) == first
    with pytest.raises(Exception, match=f"Order {first.order_id} belongs to subscription {first.subscription_id}"):
        office.onboard(SHOP, environment_name="another", network="vpc-another", order_id=first.order_id)
    [environment] = office.rows("SELECT environment_id FROM core.environments")
    assert environment.environment_id == first.environment_id
    assert len(office.sandbox.admin.get("/service-instances").json()) == 1
    office.live(first, first.started_at, script=[{"at": 0, "instance": "old", "do": "create", "aku": 3}])
    office.import_history(first)
    assert office.close(last_month).issued_count == 1
    with pytest.raises(ConflictError, match="all its 1 bills are issued"):
        office.close(last_month)
    office.reconcile(last_month)
    assert_billed_and_reconciled(office, SHOP, last_month)


def test_an_import_in_two_halves_bills_as_much_as_one(office: Office, last_month: BillingPeriod) -> None:
    """A file that grew, sent again whole: what was imported before is unchanged, the rest is loaded."""
    shop = office.onboard(SHOP, began_on=middle_of(last_month).isoformat())
    office.live(shop, shop.started_at, random={"seed": 3, "instances": 2})
    whole = office.folder / "orders.csv"
    office.clock.at = last_month.window.end
    half = office.clock.at - timedelta(days=7)
    write_usage(whole, shop.subscription_id, office.truth(shop, shop.started_at, half), half)
    first = import_usage(office.warehouse, whole, office.clock.at)
    write_usage(whole, shop.subscription_id, office.truth(shop, shop.started_at, office.clock.at), office.clock.at)
    second = import_usage(office.warehouse, whole, office.clock.at)
    assert second.rows_unchanged == first.rows_loaded > 0
    office.close(last_month)
    office.reconcile(last_month)
    assert_billed_and_reconciled(office, SHOP, last_month)
