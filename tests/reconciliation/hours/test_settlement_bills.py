"""The Marketplace's bill by hour over the real SDK: what the sandbox charges on its own, against our rated hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from include.alibaba.access import CloudAccess
from include.alibaba.bss import Bss
from include.alibaba.computenest import ComputeNest, CreateRequest
from include.billing.bills.close import close_period
from include.billing.evidence.hour_amounts import create_hour_amounts
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.billing_cycles import final_at, last_ended_cycle
from include.domain.errors import RetriableError
from include.domain.money import Decimal
from include.reconciliation.charges import fetch_charges
from include.reconciliation.compare import list_verdicts, reconcile_period
from include.reconciliation.hours.fetch import fetch_hourly_charges
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from include.reconciliation.compare import Verdict
    from tests.support.sandbox import SandboxHandle

#: The sandbox lives by the clock and keeps 18 months, so the test takes the last month that ended.
CYCLE = last_ended_cycle(datetime.now(UTC))
AT = final_at(CYCLE)
START = CYCLE.window.start + timedelta(days=3)
HOUR = timedelta(hours=1)
#: More hours than a page holds.
HOURS = 310
BUYER, OTHER = "1100000000000001", "1100000000000002"


class Sold(NamedTuple):
    """A subscription here and there."""

    key: int
    marketplace_instance_id: str
    buyer: CloudAccess


@pytest.fixture
def sold(warehouse: Engine, sandbox: SandboxHandle) -> Sold:
    """310 hours of 6 AKU (7.20 each) on both sides, from START on."""
    sandbox.account("vendor")
    account = sandbox.account("buyer", account_id=BUYER)
    secret = SecretStr(account.access_key_secret)
    buyer = CloudAccess(BUYER, account.access_key_id, secret, endpoint=sandbox.endpoint, protocol="http")
    parameters = {"RegionId": "cn-hangzhou", "EnvironmentName": "orders", "VpcId": "vpc-1", "Department": ""}
    request = CreateRequest(
        service_id="service-automq-byoc",
        name="orders",
        parameters=parameters,
        specification_code="cmgj-automq-byoc-postpay",
    )
    made = ComputeNest(buyer).create_service_instance(request, client_token="token-1")
    script = [
        {"at": 0, "instance": "kafka-1", "do": "create", "aku": 6},
        {"at": HOURS * 3600, "instance": "kafka-1", "do": "delete"},
    ]
    sandbox.life(made.service_instance_id, since=START.isoformat(), script=script)
    publish_price_plans(warehouse, catalog_price_plans())
    known = sandbox.admin.get("/service-instances").json()[0]
    with warehouse.begin() as connection:
        key = make_subscription(
            connection,
            make_buyer(connection, BUYER),
            marketplace_instance_id=known["marketplace_instance_id"],
            order_id=known["order_id"],
            started_at=CYCLE.window.start - timedelta(days=30),
        )
        make_usage(connection, make_instance(connection, key), START, [21600] * HOURS)
    return Sold(key, known["marketplace_instance_id"], buyer)


def at(hour: int) -> str:
    return (START + hour * HOUR).isoformat()


def change_usage(warehouse: Engine, hour: int, aku_seconds: int, peak_aku: int) -> None:
    facts = {"hour": START + hour * HOUR, "aku_seconds": aku_seconds, "peak": peak_aku}
    with warehouse.begin() as connection:
        for table in ("usage", "subscription_hours"):
            connection.execute(
                text(
                    f"UPDATE metering.{table} SET aku_seconds = :aku_seconds, peak_aku = :peak WHERE hour_start = :hour"
                ),
                facts,
            )


def reconcile(warehouse: Engine, bills_of: Callable[[str], Bss]) -> tuple[Verdict, list[tuple[int, str, str | None]]]:
    """The verdict on the month, and on its hours that do not agree."""
    close_period(warehouse, CYCLE, AT)
    fetch_charges(warehouse, CYCLE.name, AT, bills_of)
    fetch_hourly_charges(warehouse, CYCLE.name, AT, bills_of)
    reconcile_period(warehouse, CYCLE.name, AT, our_hours=create_hour_amounts)
    (month,) = [each for each in list_verdicts(warehouse) if each.marketplace_amount is not None]
    with warehouse.connect() as connection:
        query = "SELECT hour_start, verdict, hypothesis FROM reconciliation.hour_verdicts ORDER BY hour_start"
        rows = connection.execute(text(query)).all()
    return month, [(int((row.hour_start - START) / HOUR), row.verdict, row.hypothesis) for row in rows]


def test_a_month_agrees_hour_by_hour(warehouse: Engine, sold: Sold) -> None:
    month, hours = reconcile(warehouse, lambda _: Bss(sold.buyer))
    assert (month.verdict, hours) == ("agrees", [])
    assert month.sentence.endswith("as our bill does. 310 hours agree.")
    assert month.facts["hours_charged"] == HOURS


def test_what_happened_in_single_hours_explains_the_month(
    warehouse: Engine, sandbox: SandboxHandle, sold: Sold
) -> None:
    change_usage(warehouse, 10, aku_seconds=14400, peak_aku=6)
    change_usage(warehouse, 15, aku_seconds=14400, peak_aku=6)
    with warehouse.begin() as connection:
        make_usage(connection, make_instance(connection, sold.key, "kafka-2"), START + (HOURS + 5) * HOUR, [21600])
    sandbox.enter_on_bill(sold.marketplace_instance_id, at(30), "7.20", "PayAsYouGoBill")
    sandbox.enter_on_bill(sold.marketplace_instance_id, at(40), "-7.20")
    month, hours = reconcile(warehouse, lambda _: Bss(sold.buyer))
    assert hours == [
        (10, "differs", "peak_of_hour"),
        (15, "differs", "peak_of_hour"),
        (30, "differs", "doubled_window"),
        (40, "refund", None),
        (315, "missing_there", "missed_window"),
    ]
    assert (month.verdict, month.difference) == ("differs", Decimal("-2.40")), "less than a cent an hour"
    assert month.sentence.endswith(
        "5 of 311 hours differ: 2 at the hour's peak, 1 twice ours, 1 not charged there, 1 given back."
    )


def test_hours_in_another_currency_are_not_subtracted(warehouse: Engine, sandbox: SandboxHandle, sold: Sold) -> None:
    sandbox.settings(currency="USD")
    month, hours = reconcile(warehouse, lambda _: Bss(sold.buyer))
    assert {hour[1:] for hour in hours} == {("differs", "currency")}
    assert month.sentence.endswith("310 of 310 hours differ: 310 in another currency.")


def test_a_bill_that_changes_between_two_pages_is_noticed_and_read_again(
    warehouse: Engine, sandbox: SandboxHandle, sold: Sold
) -> None:
    items = Bss(sold.buyer).settle_bill(CYCLE.name)
    next(items)
    sandbox.enter_on_bill(sold.marketplace_instance_id, at(1), "-1.00")
    with pytest.raises(RetriableError, match="changed while it was read: 310 items at first, 311 now"):
        list(items)

    class Changing(Bss):
        reads = 0

        def settle_bill(self, billing_cycle: str, *, product_code: str | None = None):
            Changing.reads += 1
            for number, item in enumerate(super().settle_bill(billing_cycle, product_code=product_code)):
                if number == 0 and Changing.reads == 1:
                    sandbox.enter_on_bill(sold.marketplace_instance_id, at(2), "-1.00")
                yield item

    done = fetch_hourly_charges(warehouse, CYCLE.name, AT, lambda _: Changing(sold.buyer))
    assert (done.failures, Changing.reads) == ({}, 2)
    with warehouse.connect() as connection:
        query = "SELECT item, count(*) FROM reconciliation.hourly_charges GROUP BY item ORDER BY item"
        assert [tuple(row) for row in connection.execute(text(query))] == [("PayAsYouGoBill", 310), ("Refund", 2)]


def test_a_buyer_that_refuses_hours_is_compared_by_the_month_and_stops_no_other(
    warehouse: Engine, sandbox: SandboxHandle, sold: Sold
) -> None:
    other = sandbox.account("buyer", account_id=OTHER)
    access = CloudAccess(
        OTHER, other.access_key_id, SecretStr(other.access_key_secret), endpoint=sandbox.endpoint, protocol="http"
    )
    with warehouse.begin() as connection:
        make_subscription(connection, make_buyer(connection, OTHER), started_at=START)
    sandbox.account("buyer", account_id=BUYER, denied_actions=["bssapi:QuerySettleBill"])
    bills = {BUYER: Bss(sold.buyer), OTHER: Bss(access)}
    failures = fetch_hourly_charges(warehouse, CYCLE.name, AT, bills.__getitem__).failures
    assert list(failures) == [BUYER]
    assert "QuerySettleBill" in failures[BUYER]
    month, hours = reconcile(warehouse, bills.__getitem__)
    assert (month.verdict, hours, month.facts["hours_compared"]) == ("agrees", [], None)


def test_an_order_that_is_not_ours_is_of_the_only_subscription_and_of_none_where_there_are_two(
    warehouse: Engine, sold: Sold
) -> None:
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET order_id = 'renewed'"))
    month, hours = reconcile(warehouse, lambda _: Bss(sold.buyer))
    assert (month.facts["hours_compared"], hours) == (HOURS, [])
    with warehouse.begin() as connection:
        make_subscription(connection, BUYER, "second", started_at=START)
    month, hours = reconcile(warehouse, lambda _: Bss(sold.buyer))
    assert (month.facts["hours_compared"], month.verdict) == (None, "agrees")
