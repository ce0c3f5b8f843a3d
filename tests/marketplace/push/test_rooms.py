"""What the marketplaces' rooms answer, as the real ones do, and the one outcome that each answer has in the ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import get_session
from pydantic import SecretStr

from include.aws.access import AwsAccess
from include.marketplace.push.calling import call
from include.marketplace.push.channels.aws import wire
from include.marketplace.push.channels.aws.sender import Aws
from include.marketplace.push.senders import PushRecord
from tests.support.builders import rows
from tests.support.cloud import Cloud, says
from tests.support.marketplace.outsides import AWS, CHINA, INTERNATIONAL, Outside
from tests.support.marketplace.pushing import AT, HOUR, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle

MINUTE = timedelta(minutes=1)


@pytest.fixture
def sandbox_of(warehouse: Engine, sandbox: SandboxHandle) -> Callable[[Outside], Vendor]:
    """A vendor at a marketplace, without subscriptions."""
    return lambda outside: Vendor(warehouse, sandbox, outside.access(sandbox), outside=outside, metered_since=AT)


@pytest.fixture
def seller(sandbox_of: Callable[[Outside], Vendor]) -> Vendor:
    """A seller at AWS with one subscription and an hour of usage."""
    made = sandbox_of(AWS)
    made.subscribe()
    made.use(AT, 3600)
    return made


#: Every error in botocore's model of BatchMeterUsage, and what it means for a record that was alone in its request.
MEANINGS = {
    "InternalServiceErrorException": ("unknown", "no_answer"),
    "InvalidProductCodeException": ("refused", "refused"),
    "InvalidUsageDimensionException": ("refused", "refused"),
    "InvalidTagException": ("refused", "refused"),
    "InvalidUsageAllocationsException": ("refused", "refused"),
    "InvalidCustomerIdentifierException": ("refused", "refused"),
    "TimestampOutOfBoundsException": ("refused", "out_of_time"),
    "ThrottlingException": ("pending", "throttled"),
    "DisabledApiException": ("not_sent", "no_access"),
    "InvalidLicenseException": ("refused", "refused"),
}
VERDICTS = {
    "Success": "accepted",
    "CustomerNotSubscribed": "not_subscribed",
    "DuplicateRecord": "duplicate_different",
}


def model() -> Any:
    """BatchMeterUsage as botocore knows it."""
    return get_session().get_service_model("meteringmarketplace").operation_model("BatchMeterUsage")


def test_every_error_and_every_status_of_botocores_model_has_one_outcome(cloud: Cloud) -> None:
    assert {shape.name for shape in model().error_shapes} == set(MEANINGS)
    record = PushRecord(1, "123456789012", "prod", AT, 7, AT, AT + HOUR, "aku_seconds", "")
    sender = Aws(AwsAccess("AKIATEST", SecretStr("secret"), endpoint=f"127.0.0.1:{cloud.port}", protocol="http"))
    for code, meaning in MEANINGS.items():
        cloud.answers = [says(400, __type=code, message="?")]
        (booking,) = call(sender, wire.encode([record]), 1).bookings
        assert (booking.outcome, booking.reason, booking.their_code) == (*meaning, code)
    result = model().output_shape.members["Results"].member
    assert set(result.members["Status"].enum) == set(VERDICTS)
    request = json.loads(wire.encode([record]))
    for status, word in VERDICTS.items():
        answer = {"Results": [{"UsageRecord": request["UsageRecords"][0], "Status": status}]}
        assert [verdict.word for verdict in wire.read(request, answer)] == [word]


def end_agreement(seller: Vendor, *, ended_at: datetime | None = None, started_at: datetime | None = None) -> None:
    """Change when the first subscription's agreement began and ended."""
    account_id, _, licence = seller.instances[0].partition("/")
    wanted = {"account_id": account_id, "license_arn": licence}
    bounds = {"started_at": started_at, "ended_at": ended_at}
    wanted |= {name: at.isoformat() for name, at in bounds.items() if at is not None}
    seller.sandbox.admin.post("/aws/agreements", json=wanted).raise_for_status()


def other_quantity_first(seller: Vendor) -> None:
    """AWS has another quantity of the hour already."""
    sender, item = seller.outside.sender(seller.access), seller.outside.item
    record = PushRecord(
        0, seller.instances[0], item.product_code, AT, 3599, AT, AT + HOUR, item.dimension, item.item_key
    )
    sender.send(sender.encode([record]))


def refused(code: str) -> Callable[[Vendor], None]:
    """The metering service refuses with this code."""
    return lambda seller: seller.fault("refuse", code=code)


def with_licence(licence: str) -> Callable[[Vendor], None]:
    """The subscription is said to have this licence."""
    return lambda seller: seller.rename(seller.instances[0], f"{seller.instances[0].partition('/')[0]}{licence}")


def of_product(**changes: Any) -> Callable[[Vendor], None]:
    """What is reported is of another dimension or product."""

    def change(seller: Vendor) -> None:
        item = seller.outside.item._replace(**changes)
        seller.outside = type("Other", (type(seller.outside),), {"item": item})()

    return change


def denied(seller: Vendor) -> None:
    """The key's user may not report usage."""
    account = seller.sandbox.account("vendor", site="aws", denied_actions=["BatchMeterUsage"])
    key, secret = account.access_key_id, SecretStr(account.access_key_secret)
    seller.access = replace(seller.access, access_key_id=key, access_key_secret=secret)


def clock_ahead(seller: Vendor, by: timedelta) -> None:
    """AWS's clock is ahead of ours; signatures are still in time."""
    ahead = seller.now + by - datetime.now(UTC)
    seller.sandbox.settings(push_clock_ahead_seconds=int(ahead.total_seconds()))


@pytest.mark.parametrize(
    ("happens", "ledger"),
    [
        (lambda _: None, ("accepted", None, None)),
        (other_quantity_first, ("duplicate_different", "duplicate_different", "DuplicateRecord")),
        (
            lambda seller: end_agreement(seller, ended_at=AT + MINUTE),
            ("refused", "not_subscribed", "CustomerNotSubscribed"),
        ),
        (lambda seller: end_agreement(seller, ended_at=AT + 6 * MINUTE), ("accepted", None, None)),
        (lambda seller: end_agreement(seller, ended_at=AT), ("refused", "refused", "InvalidLicenseException")),
        (lambda seller: end_agreement(seller, started_at=AT + 59 * MINUTE), ("accepted", None, None)),
        (lambda seller: end_agreement(seller, started_at=AT + HOUR), ("refused", "refused", "InvalidLicenseException")),
        (with_licence("/arn:aws:license-manager::1:license/l-9"), ("refused", "refused", "InvalidLicenseException")),
        (with_licence(""), ("refused", "not_subscribed", "CustomerNotSubscribed")),
        (of_product(dimension="requests"), ("refused", "refused", "InvalidUsageDimensionException")),
        (lambda seller: seller.fault("throttle"), ("pending", "throttled", "ThrottlingException")),
        (lambda seller: seller.fault("unprocessed"), ("pending", "unprocessed", None)),
        (lambda seller: seller.fault("server_error"), ("unknown", "no_answer", "InternalServiceErrorException")),
        (lambda seller: seller.fault("unavailable"), ("unknown", "no_answer", "ServiceUnavailable")),
        (refused("DisabledApiException"), ("not_sent", "no_access", "DisabledApiException")),
        (refused("InvalidTagException"), ("refused", "refused", "InvalidTagException")),
        (refused("SomethingNew"), ("unknown", "refusal_unknown", "SomethingNew")),
        (denied, ("not_sent", "no_access", "AccessDeniedException")),
        (lambda seller: clock_ahead(seller, 24 * HOUR), ("refused", "out_of_time", "TimestampOutOfBoundsException")),
        (lambda seller: clock_ahead(seller, -2 * HOUR), ("refused", "out_of_time", "TimestampOutOfBoundsException")),
    ],
)
def test_each_answer_of_aws_has_one_outcome(
    happens: Callable[[Vendor], None], ledger: tuple[str | None, ...], seller: Vendor
) -> None:
    happens(seller)
    seller.push(minutes=0)
    (found,) = rows(seller.warehouse, "SELECT outcome, reason, their_code FROM marketplace.push_records")
    assert found == ledger
    seller.assert_nothing_is_twice_or_lost()


def test_a_product_that_aws_does_not_know_is_refused(seller: Vendor) -> None:
    seller.rename(seller.instances[0], "123456789012")
    of_product(product_code="prod-unknown")(seller)
    seller.push(minutes=0)
    assert rows(seller.warehouse, "SELECT outcome, their_code FROM marketplace.push_records") == [
        ("refused", "InvalidProductCodeException")
    ]


def test_of_a_request_with_one_hour_that_is_too_old_the_others_go(sandbox_of: Callable[[Outside], Vendor]) -> None:
    seller = sandbox_of(AWS)
    seller.subscribe(3)
    seller.use(AT, 1, 2, 3)
    seller.use(AT + HOUR, 4, 5, 6)
    seller.wait_until(AT + 24 * HOUR - 10 * MINUTE)
    clock_ahead(seller, 15 * MINUTE)
    seller.push()
    late = [("refused", "out_of_time", "TimestampOutOfBoundsException")] * 3
    records = "SELECT outcome, reason, their_code FROM marketplace.push_records WHERE quantity > 0 ORDER BY quantity"
    assert rows(seller.warehouse, records) == late + [("accepted", None, None)] * 3
    seller.assert_nothing_is_twice_or_lost()


def test_an_hour_of_last_month_is_too_late_at_six_on_the_first(sandbox_of: Callable[[Outside], Vendor]) -> None:
    seller = sandbox_of(AWS)
    last_hour = datetime(2026, 10, 31, 23, tzinfo=UTC)
    seller.metered_since, seller.now = last_hour, datetime(2026, 11, 1, 5, 50, tzinfo=UTC)
    seller.subscribe(2)
    seller.use(last_hour, 3600, 7200)
    clock_ahead(seller, 11 * MINUTE)
    seller.push()
    assert seller.ledger() == [("refused", "out_of_time")] * 2


@pytest.mark.parametrize("outside", [CHINA, INTERNATIONAL])
def test_a_refusal_that_alibaba_does_not_document_settles_nothing(
    outside: Outside, sandbox_of: Callable[[Outside], Vendor]
) -> None:
    """Its clock is ahead, so the hour is too late there: the code for it is not public."""
    seller = sandbox_of(outside)
    seller.subscribe()
    seller.use(AT, 3600)
    clock_ahead(seller, 54 * MINUTE)
    seller.push()
    found = rows(seller.warehouse, "SELECT outcome, reason, their_code FROM marketplace.push_records")
    assert found == [("unknown", "refusal_unknown", "MeteringTimeExpired")]
    seller.wait_until(AT + 2 * HOUR)
    seller.push()
    is_asked = outside is INTERNATIONAL
    assert seller.ledger() == [("missed", "asked_absent") if is_asked else ("unknown", "refusal_unknown")]
    assert seller.book() == {}


def test_aws_takes_a_quantity_as_a_number_or_as_decimal_text(seller: Vendor) -> None:
    account_id, _, licence = seller.instances[0].partition("/")
    record = {"Timestamp": f"{AT:%Y-%m-%dT%H:%M:%SZ}", "CustomerAWSAccountId": account_id, "LicenseArn": licence}
    record["Dimension"] = "aku_seconds"

    def status(**quantity: object) -> Any:
        return seller.outside.sender(seller.access).send(json.dumps({"UsageRecords": [record | quantity]})).said

    assert status(QuantityAsDecimal="3600.00")["results"][0]["status"] == "Success"
    assert status(Quantity=3600)["results"][0]["status"] == "Success"
    assert status(QuantityAsDecimal="3600.0")["results"][0]["status"] == "Success"
    assert status(Quantity=3601)["results"][0]["status"] == "DuplicateRecord"
    assert list(seller.book().values()) == [[3600]]
