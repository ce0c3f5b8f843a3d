"""Deadlines, repetition and silence."""

from __future__ import annotations

import logging
import traceback

import pytest

from include.alibaba.computenest import ComputeNest
from include.alibaba.gateway import CallLimits, Gateway
from include.domain.errors import RefusedError, RetriableError
from tests.support.cloud import QUICK, SECRET, Cloud, Said, says

DEPLOYED = says(ServiceInstanceId="si-1", Status="Deployed", CreateTime="2026-10-01T00:00:00Z")
THROTTLED = says(429, {"x-acs-retry-after": "60"}, Code="Throttling.User", Message="Too many.")


def test_a_server_that_drips_bytes_does_not_hold_a_call(cloud: Cloud) -> None:
    cloud.answers = [Said(body=b" " * 1000 + b"{}", drip_seconds=0.05)]
    limits = CallLimits(call_seconds=0.8, attempt_seconds=0.5, attempts=5, first_wait_seconds=0.01)
    with pytest.raises(RetriableError, match=r"was not answered within 0\.\d s") as failure:
        ComputeNest(cloud.access, limits).get_service_instance("si-1")
    assert failure.value.code == "Deadline"
    assert len(cloud.asked) <= 2


def test_a_slow_attempt_leaves_time_for_another(cloud: Cloud) -> None:
    cloud.answers = [Said(body=b" " * 1000, drip_seconds=0.05), DEPLOYED]
    limits = CallLimits(call_seconds=5, attempt_seconds=0.3, attempts=5, first_wait_seconds=0.01)
    assert ComputeNest(cloud.access, limits).get_service_instance("si-1").status == "Deployed"


def test_the_delay_that_the_cloud_asks_for_is_kept(cloud: Cloud) -> None:
    brief = says(429, {"x-acs-retry-after": "40"}, Code="Throttling.User", Message="Too many.")
    cloud.answers = [brief, DEPLOYED]
    assert ComputeNest(cloud.access, QUICK).get_service_instance("si-1").status == "Deployed"


def test_a_delay_beyond_the_deadline_is_handed_to_the_caller_at_once(cloud: Cloud) -> None:
    cloud.answers = [says(429, {"x-acs-retry-after": "60000"}, Code="Throttling.User", Message="Too many.")]
    with pytest.raises(RetriableError) as failure:
        ComputeNest(cloud.access, QUICK).get_service_instance("si-1")
    assert failure.value.retry_after == 60
    assert len(cloud.asked) == 1


def test_a_call_that_cannot_be_repeated_is_made_once(cloud: Cloud) -> None:
    cloud.answers = [says(503, Code="ServiceUnavailable", Message="Later.")]
    gateway = Gateway(cloud.access, "Marketplace", "alibabacloud_market20151101", QUICK)
    request = gateway.models.PushMeteringDataRequest(metering="[]")
    with pytest.raises(RetriableError, match="Marketplace PushMeteringData failed for now with ServiceUnavailable"):
        gateway.call("PushMeteringData", request, repeatable=False)
    assert len(cloud.asked) == 1


def test_a_client_can_be_used_by_several_threads_of_an_event_loop(cloud: Cloud) -> None:
    import asyncio

    cloud.answers = [DEPLOYED]
    compute_nest = ComputeNest(cloud.access, QUICK)

    async def ask_many() -> list[str]:
        asked = [asyncio.to_thread(compute_nest.get_service_instance, "si-1") for _ in range(8)]
        return [instance.status for instance in await asyncio.gather(*asked)]

    assert asyncio.run(ask_many()) == ["Deployed"] * 8


@pytest.mark.parametrize(
    "answer",
    [
        says(400, Code="SignatureDoesNotMatch", Message="No."),
        says(500, Code="InternalError", Message="No."),
        Said(502, b"<html/>", "text/html"),
        says(Status=None),
    ],
    ids=["refused", "failed", "page", "shape"],
)
def test_the_secret_shows_nowhere(
    cloud: Cloud,
    answer: Said,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEBUG", "sdk")  # the SDKs' own way to print requests
    cloud.answers = [answer]
    client = ComputeNest(cloud.access, QUICK)
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception) as failure:  # noqa: PT011 (any of ours)
        client.get_service_instance("si-1")
    shown = traceback.TracebackException.from_exception(failure.value, capture_locals=False)
    printed = capfd.readouterr()
    everything = "".join(shown.format()) + caplog.text + printed.out + printed.err + repr(client) + repr(cloud.access)
    everything += repr(failure.value) + repr(vars(failure.value)) + str(failure.value.__cause__)
    assert SECRET not in everything
    signature = cloud.headers[0]["authorization"].rpartition("=")[2]
    assert signature not in everything


def test_what_a_template_put_out_is_not_in_the_repr(cloud: Cloud) -> None:
    outputs = f'{{"AccessKeySecret": "{SECRET}"}}'
    cloud.answers = [
        says(ServiceInstanceId="si-1", Status="Deployed", CreateTime="2026-10-01T00:00:00Z", Outputs=outputs)
    ]
    instance = ComputeNest(cloud.access, QUICK).get_service_instance("si-1")
    assert instance.outputs["AccessKeySecret"] == SECRET
    assert SECRET not in repr(instance)


def test_an_unknown_error_class_of_the_sdk_is_one_of_ours(cloud: Cloud) -> None:
    cloud.answers = [says(404, Message="nothing here")]
    with pytest.raises(RefusedError) as refusal:
        ComputeNest(cloud.access, QUICK).get_service_instance("si-1")
    assert refusal.value.code == "HTTP 404"
