"""Published test vectors, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.sandbox.errors import SignatureRefused
from include.sandbox.signatures import acs3, automq
from include.sandbox.signatures.nonces import Nonces
from include.sandbox.signatures.request import Request

IMAGE = "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
AT = datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC).timestamp()


def run_instances(**changes: str) -> Request:
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": EMPTY,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
        **changes,
    }
    names = ";".join(sorted(headers))
    request = Request("POST", "/", [("RegionId", "cn-shanghai"), ("ImageId", IMAGE)], headers, b"")
    signature = acs3.sign("YourAccessKeySecret", acs3.string_to_sign(request, names.split(";"), EMPTY))
    headers["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders={names},Signature={signature}"
    )
    return request


@pytest.mark.parametrize(
    ("nonce", "date", "signature"),
    [
        (
            "3156853299f313e23d1673dc12e1703d",
            "2023-10-26T10:22:32Z",
            "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
        ),
        (
            "d410180a5abf7fe235dd9b74aca91fc0",
            "2023-10-26T09:01:01Z",
            "e521358f7776c97df52e6b2891a8bc73026794a071b50c3323388c4e0df64804",
        ),
    ],
)
def test_acs3_agrees_with_the_published_examples(nonce, date, signature):
    # https://help.aliyun.com/document_detail/2593177.html
    request = run_instances(**{"x-acs-signature-nonce": nonce, "x-acs-date": date})
    assert request.headers["authorization"].rpartition("=")[2] == signature
    acs3.verify(request, "YourAccessKeySecret", Nonces(), datetime.fromisoformat(date).timestamp())


def test_acs3_string_to_sign_has_the_published_hash():
    request = run_instances()
    names = sorted(name for name in request.headers if name != "authorization")
    text = acs3.string_to_sign(request, names, EMPTY)
    assert text == "ACS3-HMAC-SHA256\n7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"path": "/other"}, "SignatureDoesNotMatch"),
        ({"query": [("RegionId", "cn-beijing"), ("ImageId", IMAGE)]}, "SignatureDoesNotMatch"),
        ({"method": "GET"}, "SignatureDoesNotMatch"),
        ({"body": b"x"}, "InvalidContentSha256"),
    ],
)
def test_acs3_refuses_what_was_changed_on_the_way(change, code):
    with pytest.raises(SignatureRefused) as refused:
        acs3.verify(run_instances()._replace(**change), "YourAccessKeySecret", Nonces(), AT)
    assert refused.value.code == code


@pytest.mark.parametrize("offset", [-901, 901])
def test_acs3_refuses_a_date_more_than_15_minutes_off(offset):
    with pytest.raises(SignatureRefused, match="expired"):
        acs3.verify(run_instances(), "YourAccessKeySecret", Nonces(), AT + offset)


def test_acs3_takes_a_date_15_minutes_off():
    for offset in (-900, 900):
        acs3.verify(run_instances(), "YourAccessKeySecret", Nonces(), AT + offset)


def test_a_nonce_is_good_once():
    nonces = Nonces()
    acs3.verify(run_instances(), "YourAccessKeySecret", nonces, AT)
    with pytest.raises(SignatureRefused) as refused:
        acs3.verify(run_instances(), "YourAccessKeySecret", nonces, AT + 1)
    assert refused.value.code == "SignatureNonceUsed"


def test_a_wrong_signature_does_not_use_up_the_nonce():
    nonces = Nonces()
    with pytest.raises(SignatureRefused):
        acs3.verify(run_instances(), "another", nonces, AT)
    acs3.verify(run_instances(), "YourAccessKeySecret", nonces, AT)


def test_acs3_refuses_a_request_that_does_not_sign_its_host():
    request = run_instances()
    headers = dict(request.headers)
    headers["authorization"] = headers["authorization"].replace("SignedHeaders=host;", "SignedHeaders=")
    with pytest.raises(SignatureRefused, match="host is missing or not signed"):
        acs3.verify(request._replace(headers=headers), "YourAccessKeySecret", Nonces(), AT)


def test_automq_agrees_with_the_providers_own_test():
    # AutoMQ/terraform-provider-automq, client/signer/v4_test.go, TestSignRequest.
    headers = {
        "content-length": "2",
        "content-type": "application/x-automq-json-1.0",
        "host": "dynamodb.private.test.com",
        "x-automq-date": "19700101T000000Z",
        "x-automq-meta-other-header": "some-value=!@#$%^&* (+)",
        "x-automq-meta-other-header_with_underscore": "some-value=!@#$%^&* (+),some-value=!@#$%^&* (+)",
        "x-automq-target": "prefix.Operation",
    }
    path = "/bucket/key-._~,!@#$%^&*()"
    request = Request("POST", path, [], headers, b"{}")
    scope = "19700101/private/dynamodb/cmp_request"
    text = automq.string_to_sign(request, ";".join(sorted(headers)), scope)
    key = automq.signing_key("SECRET", "19700101", service="dynamodb")
    assert automq.sign(key, text) == "e644d1da39cf657acc94cb0979624d9ccc9e81943a413b49fe924c81ba6653cc"


def test_automq_listing_request_has_its_known_signature():
    headers = {
        "accept-language": "en",
        "content-type": "application/json",
        "host": "console.example:8080",
        "x-automq-date": "20250102T030405Z",
        "x-automq-environment-id": "env-1",
    }
    names = ";".join(sorted(headers))
    scope = "20250102/private/cmp/cmp_request"
    signature = "705f9a08c9e1b9eaaaf066267a026008300badcc72c0323d62c3cc6c370353f6"
    headers["authorization"] = f"AUTOMQ-HMAC-SHA256 Credential=AK/{scope}, SignedHeaders={names}, Signature={signature}"
    request = Request("GET", "/api/v1/instances", [("keyword", "demo")], headers, b"")
    automq.verify(request, "AK", "SK", datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp())
