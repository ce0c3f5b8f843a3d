"""The gateway against the real SDKs: signatures, versions, permissions and error bodies."""

from __future__ import annotations

import httpx
import pytest
from alibabacloud_tea_openapi.exceptions import ClientException

from tests.support.sandbox_calls import models


def list_instances(sdk, account, **options):
    request = models("computenest").ListServiceInstancesRequest(region_id="cn-hangzhou")
    return sdk("computenest", account, **options).list_service_instances(request).body


def test_the_sdk_is_verified_by_its_signature(sandbox, sdk):
    assert list_instances(sdk, sandbox.account()).total_count == 0
    report = sandbox.requests()
    assert (report["verified"], report["refused"]) == (1, 0)
    assert report["by_action"] == {"computenest:ListServiceInstances": 1}


def test_one_byte_of_the_secret_changed_refuses_everything(sandbox, sdk):
    account = sandbox.account()
    wrong = account.access_key_secret[:-1] + chr(ord(account.access_key_secret[-1]) + 1)
    with pytest.raises(ClientException) as refused:
        list_instances(sdk, account, secret=wrong)
    assert (refused.value.code, refused.value.status_code) == ("SignatureDoesNotMatch", 400)
    report = sandbox.requests()
    assert (report["verified"], report["refused"]) == (0, 1)
    assert report["refusals"][0]["code"] == "SignatureDoesNotMatch"
    assert report["refusals"][0]["action"] == "ListServiceInstances"


def test_chinese_and_special_characters_survive_the_signature(sandbox, sdk):
    filters = [
        models("computenest").ListServiceInstancesRequestFilter(name="ServiceInstanceName", value=["环境 a+b~*/?&=%"])
    ]
    request = models("computenest").ListServiceInstancesRequest(region_id="cn-hangzhou", filter=filters)
    assert sdk("computenest", sandbox.account()).list_service_instances(request).body.total_count == 0


def test_an_unknown_key_is_refused(sandbox, sdk):
    account = sandbox.account()
    sandbox.reset()
    with pytest.raises(ClientException) as refused:
        list_instances(sdk, account)
    assert (refused.value.code, refused.value.status_code) == ("InvalidAccessKeyId.NotFound", 404)


def test_an_unsigned_request_is_refused_and_counted(sandbox):
    answer = httpx.post(sandbox.base_url, params={"Action": "ListServiceInstances"}, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["Code"] == "MissingAuthorization"
    assert set(answer.json()) >= {"Code", "Message", "RequestId", "HostId"}
    assert answer.json()["HostId"] == sandbox.endpoint
    assert sandbox.requests()["refused"] == 1


def test_an_unknown_operation_is_refused_but_was_signed(sandbox, sdk):
    request = models("computenest").ListTagKeysRequest(region_id="cn-hangzhou")
    with pytest.raises(ClientException) as refused:
        sdk("computenest", sandbox.account()).list_tag_keys(request)
    assert refused.value.code == "InvalidAction.NotFound"
    assert sandbox.requests()["verified"] == 1


@pytest.mark.parametrize("denied", ["computenest:ListServiceInstances", "ListServiceInstances", "computenest:*"])
def test_ram_denies_what_the_account_may_not_do(sandbox, sdk, denied):
    with pytest.raises(ClientException) as refused:
        list_instances(sdk, sandbox.account(denied_actions=[denied]))
    assert (refused.value.code, refused.value.status_code) == ("Forbidden.RAM", 403)
    assert refused.value.access_denied_detail["AuthAction"] == "computenest:ListServiceInstances"


def test_a_missing_parameter_is_named(sandbox, sdk):
    with pytest.raises(ClientException) as refused:
        sdk("computenest", sandbox.account()).get_service_instance(
            models("computenest").GetServiceInstanceRequest(region_id="cn-hangzhou")
        )
    assert refused.value.code == "MissingParameter.ServiceInstanceId"
