"""What a failure means: refusals with a remedy, or something that may pass."""

from __future__ import annotations

import pytest

from include.alibaba.computenest import ComputeNest, CreateRequest
from include.alibaba.errors import NOT_CONNECTED, is_retriable, refusal_kind
from include.domain.errors import RefusedError, RetriableError, UnexpectedAnswerError
from tests.support.cloud import QUICK, SECRET, Cloud, Said, says

ORDER = CreateRequest("service-1", "orders", {"RegionId": "cn-hangzhou"})


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("RealNameAuthenticationError", "real_name"),
        ("Forbidden.RAM", "permission"),
        ("NoPermission", "permission"),
        ("Forbidden.SiteNotSupported", "site"),
        ("InsufficientBalance", "arrears"),
        ("InvalidAccountStatus.NotEnoughBalance", "arrears"),
        ("Account.Arrearage", "arrears"),
        ("InvalidRegionId.NotFound", "region"),
        ("UnsupportedRegion", "region"),
        ("InvalidAccessKeyId.NotFound", "credentials"),
        ("SignatureDoesNotMatch", "credentials"),
        ("InvalidTimeStamp.Expired", "clock"),
        ("IdempotentParameterMismatch", "conflict"),
        ("EntityNotExist.ServiceInstance", "not_found"),
        ("OrderNotFound", "not_found"),
        ("QuotaExceeded", "quota"),
        ("InvalidParameter", "other"),
    ],
)
def test_a_refusal_is_recognised_by_its_code_whatever_its_http_status(cloud: Cloud, code: str, kind: str) -> None:
    for status in (400, 403, 404, 503) if kind != "other" else (400, 404):
        cloud.answers = [says(status, Code=code, Message="No.", RequestId="R-1")]
        with pytest.raises(RefusedError) as refusal:
            ComputeNest(cloud.access, QUICK).create_service_instance(ORDER, "token")
        assert refusal.value.code == code
        assert refusal_kind(refusal.value.code) == kind
        assert refusal.value.request_id == "R-1"
        assert refusal.value.remedy
        assert "Compute Nest CreateServiceInstance refused with" in str(refusal.value)
    assert {row["Action"] for row in cloud.asked} == {"CreateServiceInstance"}
    assert len(cloud.asked) == len((400, 403, 404, 503) if kind != "other" else (400, 404)), "a refusal is final"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Throttling", 429),
        ("Throttling.User", 400),
        ("Throttling.Api", 503),
        ("ServiceUnavailable", 503),
        ("InternalError", 500),
        ("SystemBusy", 400),
        ("SignatureNonceUsed", 400),
        ("LastTokenProcessing", 403),
        ("SomethingNew", 502),
        ("SomethingNew", 429),
    ],
)
def test_what_may_pass_is_tried_again_and_then_reported_as_such(cloud: Cloud, code: str, status: int) -> None:
    assert is_retriable(code, status)
    cloud.answers = [says(status, Code=code, Message="Later.")]
    with pytest.raises(RetriableError) as failure:
        ComputeNest(cloud.access, QUICK).get_service_instance("si-1")
    assert failure.value.code == code
    assert len(cloud.asked) == QUICK.attempts
    nonces = {headers["x-acs-signature-nonce"] for headers in cloud.headers}
    assert len(nonces) == QUICK.attempts, "every attempt is signed again"


def test_the_missing_permission_is_named(cloud: Cloud) -> None:
    detail = {"AuthAction": "computenest:CreateServiceInstance", "AuthPrincipalType": "SubUser"}
    cloud.answers = [says(403, Code="Forbidden.RAM", Message="Denied.", AccessDeniedDetail=detail)]
    with pytest.raises(RefusedError, match="missing permission is computenest:CreateServiceInstance"):
        ComputeNest(cloud.access, QUICK).create_service_instance(ORDER, "token")


def test_wrong_credentials_name_the_key_and_the_account_and_not_the_secret(cloud: Cloud) -> None:
    cloud.answers = [says(400, Code="SignatureDoesNotMatch", Message="Specified signature is not matched.")]
    with pytest.raises(RefusedError, match="access key LTAItest of account 1001") as refusal:
        ComputeNest(cloud.access, QUICK).get_service_instance("si-1")
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "page",
    [
        Said(502, b"<html><body>Bad Gateway</body></html>", "text/html"),
        Said(200, b"<html><body>Welcome</body></html>", "text/html"),
        Said(503, b"", "text/plain"),
        Said(400, b"<?xml version='1.0'?><Error><Code>Bad</Code></Error>", "text/xml"),
    ],
    ids=["502 page", "200 page", "503 empty", "400 xml"],
)
def test_an_answer_that_is_not_json_may_pass(cloud: Cloud, page: Said) -> None:
    cloud.answers = [page, page, _deployed()]
    assert ComputeNest(cloud.access, QUICK).get_service_instance("si-1").status == "Deployed"
    cloud.answers = [page]
    with pytest.raises(RetriableError, match="gave no usable answer"):
        ComputeNest(cloud.access, QUICK).get_service_instance("si-1")


def test_a_closed_port_may_open(cloud: Cloud) -> None:
    from dataclasses import replace

    closed = replace(cloud.access, endpoint="127.0.0.1:9")
    with pytest.raises(RetriableError) as failure:
        ComputeNest(closed, QUICK).get_service_instance("si-1")
    assert failure.value.code == NOT_CONNECTED


@pytest.mark.parametrize(
    "body",
    [
        {"ServiceInstanceId": "si-1", "CreateTime": "2026-10-01T00:00:00Z"},
        {"ServiceInstanceId": "si-1", "Status": "", "CreateTime": "2026-10-01T00:00:00Z"},
        {"ServiceInstanceId": "si-1", "Status": "Deployed"},
        {"ServiceInstanceId": "si-1", "Status": "Deployed", "CreateTime": "yesterday"},
        {
            "ServiceInstanceId": "si-1",
            "Status": "Deployed",
            "CreateTime": "2026-10-01T00:00:00Z",
            "Progress": "half",
        },
        {
            "ServiceInstanceId": "si-1",
            "Status": "Deployed",
            "CreateTime": "2026-10-01T00:00:00Z",
            "Outputs": "[1]",
        },
        {
            "ServiceInstanceId": "si-1",
            "Status": "Deployed",
            "CreateTime": "2026-10-01T00:00:00Z",
            "Tags": "none",
        },
    ],
    ids=["no status", "empty status", "no time", "no such time", "progress", "outputs", "wrong shape"],
)
def test_an_answer_of_another_shape_is_a_clear_error(cloud: Cloud, body: dict[str, object]) -> None:
    cloud.answers = [says(**body)]
    with pytest.raises(UnexpectedAnswerError, match="Compute Nest GetServiceInstance answered"):
        ComputeNest(cloud.access, QUICK).get_service_instance("si-1")
    assert len(cloud.asked) == 1


def _deployed() -> Said:
    return says(ServiceInstanceId="si-1", Status="Deployed", CreateTime="2026-10-01T00:00:00Z")
