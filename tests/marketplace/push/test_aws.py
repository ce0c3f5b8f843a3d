"""The channel aws by its real SDK: who is named how, what odd answers are, and what the marketplace's rules refuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from include.aws.access import AwsAccess
from include.domain.errors import AkubillError, ConfigurationError
from include.marketplace.push.calling import call
from include.marketplace.push.channels.aws import wire
from include.marketplace.push.channels.aws.sender import Aws
from include.marketplace.push.senders import PushRecord
from tests.support.builders import rows
from tests.support.cloud import Cloud, Said, says
from tests.support.marketplace.outsides import AWS
from tests.support.marketplace.pushing import AT as DAY
from tests.support.marketplace.pushing import HOUR, Vendor

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.marketplace.push.answers import Booking
    from tests.support.sandbox import SandboxHandle

AT = datetime(2026, 10, 1, 8, tzinfo=UTC)
LICENCE = "arn:aws:license-manager::294406891311:license/l-1234567890"
RECORD = PushRecord(1, f"123456789012/{LICENCE}", "prod", AT, 7200, AT, AT + timedelta(hours=1), "aku_seconds", "")
ECHO = {"Timestamp": AT.timestamp(), "CustomerAWSAccountId": "123456789012", "LicenseArn": LICENCE}
ECHO |= {"Dimension": "aku_seconds", "Quantity": 7200}


@pytest.fixture
def seller(warehouse: Engine, sandbox: SandboxHandle) -> Vendor:
    return Vendor(warehouse, sandbox, AWS.access(sandbox), outside=AWS, metered_since=DAY)


def access_to(cloud: Cloud) -> AwsAccess:
    return AwsAccess("AKIATEST", SecretStr("secret"), endpoint=f"127.0.0.1:{cloud.port}", protocol="http")


def booked(cloud: Cloud, said: Said, *records: PushRecord) -> list[Booking]:
    cloud.answers = [said]
    sent = records or (RECORD,)
    return call(Aws(access_to(cloud)), wire.encode(sent), len(sent)).bookings


def result(status: str, **changes: Any) -> Said:
    return says(Results=[{"UsageRecord": ECHO | changes, "MeteringRecordId": "m-1", "Status": status}])


def test_an_agreement_is_named_by_account_and_licence_and_an_account_by_its_product() -> None:
    assert json.loads(wire.encode([RECORD])) == {
        "UsageRecords": [
            {
                "Timestamp": "2026-10-01T08:00:00Z",
                "CustomerAWSAccountId": "123456789012",
                "LicenseArn": LICENCE,
                "Dimension": "aku_seconds",
                "Quantity": 7200,
            }
        ]
    }
    without = json.loads(wire.encode([RECORD._replace(marketplace_instance_id="123456789012")]))
    assert (without["ProductCode"], "LicenseArn" in without["UsageRecords"][0]) == ("prod", False)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (result("Success"), "accepted"),
        (result("CustomerNotSubscribed"), "refused"),
        (result("DuplicateRecord"), "duplicate_different"),
        (result("SomethingNew"), "unknown"),
        (result("Success", Quantity=7201), "unknown"),
        (result("Success", Dimension="another"), "unknown"),
        (result("Success", Timestamp=AT.timestamp() + 3600), "unknown"),
        (says(Results=[{"Status": "Success"}]), "unknown"),
        (says(Results=[], UnprocessedRecords=[ECHO]), "pending"),
        (says(Results=[{"UsageRecord": ECHO, "Status": "Success"}], UnprocessedRecords=[ECHO]), "unknown"),
        (says(Results=[]), "unknown"),
        (says(), "unknown"),
        (Said(200, b"<html>Welcome</html>", "text/html"), "unknown"),
        (Said(200, b""), "unknown"),
        (Said(200, b"[]"), "unknown"),
        (Said(204, b""), "unknown"),
        (says(500, __type="InternalServiceErrorException", message="?"), "unknown"),
        (says(503, __type="ServiceUnavailable", message="?"), "unknown"),
        (says(418, __type="Teapot", message="?"), "unknown"),
        (Said(502, b"<html>Bad Gateway</html>", "text/html"), "unknown"),
        (says(400, __type="InvalidUsageDimensionException", message="?"), "refused"),
        (says(400, __type="InvalidLicenseException", message="?"), "refused"),
        (says(400, __type="com.amazonaws#TimestampOutOfBoundsException", message="?"), "refused"),
        (says(400, __type="ThrottlingException", message="?"), "pending"),
        (says(400, __type="AccessDeniedException", message="?"), "not_sent"),
        (says(400, __type="UnrecognizedClientException", message="?"), "not_sent"),
        (says(400, __type="DisabledApiException", message="?"), "not_sent"),
    ],
)
def test_whatever_comes_back_has_an_outcome_and_is_asked_once(said: Said, outcome: str, cloud: Cloud) -> None:
    (booking,) = booked(cloud, said)
    assert booking.outcome == outcome
    assert len(cloud.asked) == 1, "botocore repeats nothing"


def test_an_hour_out_of_bounds_has_a_reason_of_its_own(cloud: Cloud) -> None:
    said = says(400, __type="TimestampOutOfBoundsException", message="?")
    (booking,) = booked(cloud, said)
    assert (booking.outcome, booking.reason) == ("refused", "out_of_time")
    other = RECORD._replace(window_start=AT + HOUR)
    assert {each.outcome for each in booked(cloud, said, RECORD, other)} == {"pending"}, "one of them may be good"


def test_what_boto3_does_not_send_is_refused_before_it_is_sent(cloud: Cloud) -> None:
    cloud.answers = [says()]
    (booking,) = booked(cloud, says(), RECORD._replace(marketplace_instance_id=f"not-a-number/{LICENCE}", quantity=-1))
    assert (booking.outcome, booking.their_code, cloud.asked) == ("refused", "ParamValidation", [])


@given(st.lists(st.sampled_from(["Success", "DuplicateRecord", "CustomerNotSubscribed", "?", "left", ""]), max_size=8))
def test_each_record_gets_what_is_said_of_it_in_whatever_order(words: list[str]) -> None:
    sent = [RECORD._replace(window_start=AT + n * HOUR) for n in range(len(words))]
    if not sent:
        return
    request = json.loads(wire.encode(sent))
    said = list(zip(request["UsageRecords"], words, strict=True))[::-1]
    answer = {
        "Results": [{"UsageRecord": record, "Status": word} for record, word in said if word not in {"left", ""}],
        "UnprocessedRecords": [record for record, word in said if word == "left"],
    }
    names = {"Success": "accepted", "DuplicateRecord": "duplicate_different", "CustomerNotSubscribed": "not_subscribed"}
    expected = [names.get(word, "unprocessed" if word == "left" else "unsaid") for word in words]
    assert [verdict.word for verdict in wire.read(request, answer)] == expected


def test_a_harmless_call_that_is_answered_like_nothing_known_is_no_answer(cloud: Cloud) -> None:
    cloud.answers = [Said(200, b"<html>Welcome</html>", "text/html")]
    with pytest.raises(AkubillError):
        Aws(access_to(cloud)).check_reachable()


def test_a_profile_that_does_not_exist_is_named(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "not-here")
    with pytest.raises(ConfigurationError, match="not-here"):
        Aws(access_to(cloud)).check_reachable()


def test_records_that_were_not_processed_go_again(seller: Vendor) -> None:
    seller.subscribe(4)
    seller.use(DAY, 1, 2, 3, 4)
    seller.fault("unprocessed", times=1)
    assert seller.push().outcomes == {"accepted": 4, "pending": 2}
    assert sorted(seller.book().values()) == [[1], [2], [3], [4]]
    results = rows(seller.warehouse, "SELECT result FROM marketplace.push_attempts ORDER BY attempt_key")
    assert results == [("mixed",), ("accepted",)]


def test_agreements_and_accounts_of_one_product_go_in_requests_of_their_own(seller: Vendor) -> None:
    seller.subscribe(2)
    seller.use(DAY, 1, 2)
    account = seller.sandbox.admin.post("/aws/agreements", json={"with_licence": False}).json()["account_id"]
    seller.rename(seller.instances[0], account)
    pushed = seller.push()
    assert (pushed.requests, pushed.outcomes) == (2, {"accepted": 2})


def test_usage_is_taken_for_an_hour_after_the_end_and_then_refused(seller: Vendor) -> None:
    seller.subscribe(2)
    seller.use(DAY, 1, 2)
    for instance, minutes in zip(seller.instances, (30, 64), strict=True):
        ended = seller.now - timedelta(minutes=minutes)
        made = seller.sandbox.admin.post("/aws/agreements", json={"ended_at": ended.isoformat()}).json()
        seller.rename(instance, f"{made['account_id']}/{made['license_arn']}")
    pushed = seller.push()
    assert pushed.outcomes == {"accepted": 1, "refused": 1}
    assert "CustomerNotSubscribed" in pushed.open_points[0]
    assert ("refused", "not_subscribed") in seller.ledger()


def test_a_silent_console_is_waited_for_as_long_as_the_first_record_counts(seller: Vendor) -> None:
    seller.subscribe()
    seller.use(DAY, 3600, closed=False)
    seller.wait_until(DAY + 20 * HOUR)
    assert seller.push().entered < 20
    assert f"{seller.instances[0]} 10T08" not in seller.book()
    seller.wait_until(DAY + 21 * HOUR + timedelta(minutes=1))
    seller.push()
    assert seller.book()[f"{seller.instances[0]} 10T08"] == [3600]
