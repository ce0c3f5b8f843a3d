"""Orders and deployments on Compute Nest's buyer side."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException

from tests.support.sandbox import SandboxConsole
from tests.support.sandbox_calls import ask, models, prepaid

M = models("computenest")


def get(sdk, account, service_instance_id):
    request = M.GetServiceInstanceRequest(region_id="cn-hangzhou", service_instance_id=service_instance_id)
    return sdk("computenest", account).get_service_instance(request).body


def listed(sdk, account, **request):
    return (
        sdk("computenest", account)
        .list_service_instances(M.ListServiceInstancesRequest(region_id="cn-hangzhou", **request))
        .body
    )


def code_of(action):
    with pytest.raises(ClientException) as refused:
        action()
    return refused.value.code


def test_an_order_deploys_a_console_that_answers(sandbox, sdk, order):
    buyer = sandbox.account()
    deployed = get(sdk, buyer, order(buyer))
    assert (deployed.status, deployed.progress, deployed.pay_type) == ("Deployed", 100, "PayAsYouGo")
    assert deployed.market_instance_id.isdigit()
    assert json.loads(deployed.parameters)["RegionId"] == "cn-hangzhou"
    outputs = json.loads(deployed.outputs)
    console = SandboxConsole(
        outputs["EnvironmentId"], outputs["ConsoleUrl"], outputs["AccessKeyId"], outputs["AccessKeySecret"]
    )
    assert ask(console, "GET", "/instances").json()["total"] == 0
    assert outputs["OpsBucket"]


def test_a_deployment_takes_its_time_and_has_no_outputs_before(sandbox, sdk, order):
    sandbox.settings(deploy_seconds=3600)
    buyer = sandbox.account()
    deploying = get(sdk, buyer, order(buyer))
    assert deploying.status in {"Created", "Deploying"}
    assert deploying.progress < 100
    assert deploying.outputs is None


def test_a_console_is_silent_before_it_is_deployed(sandbox, order):
    sandbox.settings(deploy_seconds=3600)
    order(sandbox.account())
    [console] = [SandboxConsole(**row) for row in sandbox.admin.get("/consoles").json()]
    answer = ask(console, "GET", "/instances")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "text/html"


def test_the_marketplace_instance_finds_the_service_instance(sandbox, sdk, order):
    buyer = sandbox.account()
    service_instance_id = order(buyer)
    market = get(sdk, buyer, service_instance_id).market_instance_id
    request = M.GetServiceInstanceRequest(region_id="cn-hangzhou", market_instance_id=market)
    assert sdk("computenest", buyer).get_service_instance(request).body.service_instance_id == service_instance_id


def test_the_same_token_orders_once(sandbox, sdk, order):
    buyer = sandbox.account()
    assert order(buyer, client_token="one") == order(buyer, client_token="one")
    assert order(buyer, client_token="two") != order(buyer, client_token="one")
    assert listed(sdk, buyer).total_count == 2


def test_a_token_used_for_something_else_is_refused(sandbox, order):
    buyer = sandbox.account()
    order(buyer, client_token="one")
    assert code_of(lambda: order(buyer, "cn-beijing", client_token="one")) == "IdempotentParameterMismatch"


def test_tokens_of_two_accounts_do_not_meet(sandbox, order):
    assert order(sandbox.account(), client_token="one") != order(sandbox.account(), client_token="one")


def test_a_dry_run_orders_nothing_and_leaves_the_token_free(sandbox, sdk, order):
    buyer = sandbox.account()
    assert order(buyer, dry_run=True, client_token="one") is None
    assert listed(sdk, buyer).total_count == 0
    assert order(buyer, client_token="one")


@pytest.mark.parametrize(
    ("traits", "region", "code"),
    [
        ({"site": "international"}, "cn-hangzhou", "Forbidden.SiteNotSupported"),
        ({"real_name_verified": False}, "cn-hangzhou", "RealNameAuthenticationError"),
        ({"denied_actions": ["computenest:CreateServiceInstance"]}, "cn-hangzhou", "Forbidden.RAM"),
        ({"denied_actions": ["ram:CreateRole"]}, "cn-hangzhou", "Forbidden.RAM"),
        ({}, "eu-central-1", "UnsupportedRegion"),
        ({}, "atlantis", "InvalidRegionId.NotFound"),
        ({}, "", "MissingParameter.Parameters.RegionId"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_buyer_without_the_prerequisites_is_refused(sandbox, sdk, order, *, traits, region, code, dry_run):
    buyer = sandbox.account(**traits)
    assert code_of(lambda: order(buyer, region, dry_run=dry_run)) == code
    assert listed(sdk, sandbox.account(account_id=buyer.account_id, denied_actions=[])).total_count == 0


def test_another_service_is_unknown(sandbox, sdk):
    request = M.CreateServiceInstanceRequest(
        region_id="cn-hangzhou", service_id="service-x", parameters={"RegionId": "cn-hangzhou"}
    )
    call = sdk("computenest", sandbox.account()).create_service_instance
    assert code_of(lambda: call(request)) == "EntityNotExist.Service"


def test_compute_nest_itself_is_in_two_regions(sandbox, sdk):
    request = M.ListServiceInstancesRequest(region_id="cn-beijing")
    call = sdk("computenest", sandbox.account()).list_service_instances
    assert code_of(lambda: call(request)) == "InvalidRegionId.NotFound"


def test_a_buyer_sees_only_its_own(sandbox, sdk, order):
    mine, other = sandbox.account(), sandbox.account()
    service_instance_id = order(mine)
    assert listed(sdk, other).total_count == 0
    assert code_of(lambda: get(sdk, other, service_instance_id)) == "EntityNotExist.ServiceInstance"


def test_a_listing_has_pages_filters_and_order_ids(sandbox, sdk, order):
    buyer = sandbox.account()
    ids = [order(buyer, name=f"env-{number}") for number in range(5)]
    first = listed(sdk, buyer, max_results=3)
    second = listed(sdk, buyer, max_results=3, next_token=first.next_token)
    assert [row.service_instance_id for row in (*first.service_instances, *second.service_instances)] == ids[::-1]
    assert (first.total_count, second.next_token) == (5, "")
    assert all(row.order_id.isdigit() for row in first.service_instances)
    by_name = listed(
        sdk, buyer, filter=[M.ListServiceInstancesRequestFilter(name="ServiceInstanceName", value=["env-3"])]
    )
    assert [row.service_instance_id for row in by_name.service_instances] == [ids[3]]


@pytest.mark.parametrize("max_results", [0, 101])
def test_a_page_outside_the_limits_is_refused(sandbox, sdk, max_results):
    assert code_of(lambda: listed(sdk, sandbox.account(), max_results=max_results)) == "InvalidParameter.MaxResults"


def test_deletion_takes_the_console_and_its_instances_along(sandbox, sdk, order):
    buyer = sandbox.account()
    service_instance_id = order(buyer)
    [console] = [SandboxConsole(**row) for row in sandbox.admin.get("/consoles").json()]
    ask(console, "POST", "/instances", json.dumps({"name": "orders", "spec": {"reservedAku": 6}}).encode())
    request = M.DeleteServiceInstancesRequest(region_id="cn-hangzhou", service_instance_id=[service_instance_id])
    for _ in range(2):
        sdk("computenest", buyer).delete_service_instances(request)
    assert get(sdk, buyer, service_instance_id).status == "Deleted"
    assert listed(sdk, buyer).total_count == 0
    assert ask(console, "GET", "/instances").status_code == 503


def test_deletion_is_not_at_once(sandbox, sdk, order):
    sandbox.settings(delete_seconds=3600)
    buyer = sandbox.account()
    service_instance_id = order(buyer)
    request = M.DeleteServiceInstancesRequest(region_id="cn-hangzhou", service_instance_id=[service_instance_id])
    sdk("computenest", buyer).delete_service_instances(request)
    assert get(sdk, buyer, service_instance_id).status == "Deleting"


def test_a_failed_deployment_says_why_and_has_no_console(sandbox, sdk, order):
    sandbox.fault("deployment_fails", message="The machine type is sold out.")
    buyer = sandbox.account()
    order(buyer, dry_run=True)
    failed = get(sdk, buyer, order(buyer))
    assert (failed.status, failed.status_detail, failed.outputs) == (
        "DeployedFailed",
        "The machine type is sold out.",
        None,
    )
    assert get(sdk, buyer, order(buyer)).status == "Deployed"


def test_a_console_can_stay_silent_for_ever(sandbox, sdk, order):
    sandbox.fault("console_never_up")
    buyer = sandbox.account()
    outputs = json.loads(get(sdk, buyer, order(buyer)).outputs)
    console = SandboxConsole(
        outputs["EnvironmentId"], outputs["ConsoleUrl"], outputs["AccessKeyId"], outputs["AccessKeySecret"]
    )
    assert ask(console, "GET", "/instances").status_code == 503


def test_a_licence_is_a_subscription(sandbox, sdk, order):
    buyer = sandbox.account()
    licence = get(sdk, buyer, order(buyer, **prepaid(months=12)))
    assert licence.pay_type == "Subscription"
    begun, ends = (datetime.fromisoformat(text) for text in (licence.create_time, licence.end_time))
    assert timedelta(days=365) <= ends - begun <= timedelta(days=366)
