"""The channel alibaba-china by its real SDK: what is sent, and what odd answers are."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from include.marketplace.push.answers import Booking
from include.marketplace.push.calling import call
from include.marketplace.push.channels.alibaba_china.sender import AlibabaChina
from include.marketplace.push.channels.alibaba_china.wire import encode
from include.marketplace.push.senders import PushRecord
from tests.support.cloud import QUICK, Cloud, Said, says

AT = datetime(2026, 10, 1, 8, tzinfo=UTC)
RECORD = PushRecord(1, "234325302", "cmgj", AT, 7200, AT, AT + timedelta(hours=1), "cmgj-Period-1", "Period")


def booked(cloud: Cloud, said: Said) -> Booking:
    cloud.answers = [said]
    (booking,) = call(AlibabaChina(cloud.access, QUICK), encode([RECORD]), 1).bookings
    return booking


def test_a_request_is_made_of_frozen_records_only_and_asked_once(cloud: Cloud) -> None:
    assert booked(cloud, says(RequestId="r-1", Success=True)) == Booking("accepted")
    (asked,) = cloud.asked
    assert asked["Action"] == "PushMeteringData"
    assert json.loads(asked["Metering"]) == [
        {
            "InstanceId": "234325302",
            "StartTime": "1790841600",
            "EndTime": "1790845200",
            "Entities": [{"Key": "Period", "Value": "7200", "meteringAssit": "cmgj-Period-1"}],
        }
    ]
    assert encode([RECORD]) == encode([RECORD._replace(most_together=1)]), "the same bytes each time"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (says(RequestId="r-1", Success=False), "unknown"),
        (says(RequestId="r-1"), "unknown"),
        (says(RequestId="r-1", Success="true"), "unknown"),
        (says(), "unknown"),
        (Said(200, b"<html>Welcome</html>", "text/html"), "unknown"),
        (Said(200, b""), "unknown"),
        (Said(200, b"[]"), "unknown"),
        (Said(204, b""), "unknown"),
        (says(500, Code="InternalError", Message="?"), "unknown"),
        (says(503, Code="ServiceUnavailable", Message="?"), "unknown"),
        (says(418, Code="Teapot", Message="?"), "unknown"),
        (says(400, Code="InvalidParameter.Value", Message="?"), "refused"),
        (says(404, Code="InstanceNotFound", Message="?"), "refused"),
        (says(400, Code="Throttling.User", Message="?"), "pending"),
        (says(403, Code="Forbidden.RAM", Message="?"), "not_sent"),
        (says(404, Code="InvalidAccessKeyId.NotFound", Message="?"), "not_sent"),
        (says(400, Code="InvalidTimeStamp.Expired", Message="?"), "not_sent"),
    ],
)
def test_whatever_comes_back_has_an_outcome_and_is_asked_once(said: Said, outcome: str, cloud: Cloud) -> None:
    assert booked(cloud, said).outcome == outcome
    assert len(cloud.asked) == 1
