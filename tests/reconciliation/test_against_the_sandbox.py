"""The Marketplace's bill over the real SDK: computed by the sandbox on its own, fetched, stored, compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from include.alibaba.access import CloudAccess
from include.alibaba.bss import Bss
from include.alibaba.computenest import ComputeNest, CreateRequest
from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.billing_cycles import CYCLE_ZONE, final_at, last_ended_cycle
from include.domain.errors import ConfigurationError
from include.domain.money import Decimal, round_amount
from include.reconciliation.charges import fetch_charges
from include.reconciliation.compare import list_verdicts, reconcile_period
from tests.support.builders import make_bill, make_buyer, make_instance, make_subscription, make_usage

#: The sandbox lives by the clock and keeps 18 months, so the test takes the last month that ended.
CYCLE = last_ended_cycle(datetime.now(UTC))
AT = final_at(CYCLE)
BUYER, OTHER = "1100000000000001", "1100000000000002"


def access_of(sandbox, account):
    return CloudAccess(
        account.account_id,
        account.access_key_id,
        SecretStr(account.access_key_secret),
        endpoint=sandbox.endpoint,
        protocol="http",
    )


def environment_of(sandbox, service_instance_id):
    known = sandbox.admin.get("/service-instances").json()
    return next(one["environment_id"] for one in known if one["service_instance_id"] == service_instance_id)


@pytest.fixture
def buyer(sandbox):
    return access_of(sandbox, sandbox.account("buyer", account_id=BUYER))


@pytest.fixture
def ordered(sandbox, buyer):
    """A service instance whose Kafka instance lived, and changed size, within the last month."""
    sandbox.account("vendor")
    made = ComputeNest(buyer).create_service_instance(
        CreateRequest(
            service_id="service-automq-byoc",
            name="orders",
            parameters={"RegionId": "cn-hangzhou", "EnvironmentName": "orders", "VpcId": "vpc-1", "Department": ""},
            specification_code="cmgj-automq-byoc-postpay",
        ),
        client_token="token-1",
    )
    start = CYCLE.window.start + timedelta(days=3)
    sandbox.life(
        made.service_instance_id,
        since=start.isoformat(),
        script=[
            {"at": 600, "instance": "kafka-1", "do": "create", "aku": 7},
            {"at": 40_000, "instance": "kafka-1", "do": "resize", "aku": 11},
            {"at": 90_000, "instance": "kafka-1", "do": "delete"},
        ],
    )
    return made


@pytest.fixture
def used(warehouse, sandbox, ordered):
    """The subscription in the warehouse, with the usage of that life by hour; its key and the hours."""
    truth = environment_of(sandbox, ordered.service_instance_id)
    rows = sandbox.usage(truth, CYCLE.window.start.isoformat(), CYCLE.window.end.isoformat())
    hours = {datetime.fromisoformat(row["hour"]): row["aku_seconds"] for row in rows}
    with warehouse.begin() as connection:
        make_buyer(connection, OTHER)
        key = make_subscription(
            connection,
            make_buyer(connection, BUYER),
            marketplace_instance_id=ordered.marketplace_instance_id,
            started_at=CYCLE.window.start - timedelta(days=30),
        )
        make_subscription(connection, OTHER, started_at=CYCLE.window.start - timedelta(days=30))
        instance = make_instance(connection, key)
        for hour, aku_seconds in sorted(hours.items()):
            make_usage(connection, instance, hour, [aku_seconds])
    return key, hours


@pytest.fixture
def billed(warehouse, used):
    """Our own issued bill: every hour priced at 1.20 and truncated; its total."""
    key, hours = used
    total = sum((round_amount(Decimal(n) * Decimal("1.20") / 3600, 2, "down") for n in hours.values()), Decimal(0))
    with warehouse.begin() as connection:
        make_bill(connection, key, CYCLE.name, str(total), aku_seconds=sum(hours.values()))
    assert total > 0
    return total


def bills_of(buyer):
    def open_bills(account_id):
        if account_id == BUYER:
            return Bss(buyer)
        raise ConfigurationError(f"The Airflow connection alibaba_buyer_{account_id} is missing. Add it.")

    return open_bills


def test_two_independent_computations_agree_to_the_cent_and_the_bill_is_reconciled(warehouse, sandbox, buyer, billed):
    assert CYCLE.zone_name == CYCLE_ZONE
    done = fetch_charges(warehouse, CYCLE.name, AT, bills_of(buyer))
    assert list(done.failures) == [OTHER]
    with warehouse.connect() as connection:
        amounts = connection.execute(text("SELECT amount FROM reconciliation.marketplace_charges")).scalars().all()
    assert amounts == [billed]
    assert len(reconcile_period(warehouse, CYCLE.name, AT).reconciled) == 1
    assert sandbox.requests()["refused"] == 0


def test_our_rating_and_the_marketplaces_agree_to_the_cent(warehouse, buyer, used):
    publish_price_plans(warehouse, catalog_price_plans())
    close_period(warehouse, CYCLE, AT)
    fetch_charges(warehouse, CYCLE.name, AT, bills_of(buyer))
    reconcile_period(warehouse, CYCLE.name, AT)
    ours = [row for row in list_verdicts(warehouse) if row.marketplace_amount is not None]
    assert [(row.verdict, row.difference, row.is_final) for row in ours] == [("agrees", 0, True)]
    assert ours[0].our_amount > 0


def test_a_buyer_that_may_not_read_its_bills_is_written_down_with_what_to_do(warehouse, sandbox, buyer, billed):
    sandbox.account("buyer", account_id=BUYER, denied_actions=["bssapi:DescribeInstanceBill"])
    failures = fetch_charges(warehouse, CYCLE.name, AT, bills_of(buyer)).failures
    assert "DescribeInstanceBill" in failures[BUYER]
    assert reconcile_period(warehouse, CYCLE.name, AT).verdicts == {}


def test_a_wrong_secret_is_written_down_and_never_shown(warehouse, buyer, billed):
    wrong = CloudAccess(
        BUYER, buyer.access_key_id, SecretStr("not-the-secret"), endpoint=buyer.endpoint, protocol="http"
    )
    failures = fetch_charges(warehouse, CYCLE.name, AT, bills_of(wrong)).failures
    assert BUYER in failures
    assert "not-the-secret" not in failures[BUYER]
