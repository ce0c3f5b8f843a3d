"""BSS, Marketplace, supplier and ECS through the real SDKs."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException

from tests.support.sandbox_calls import models, prepaid

BSS, MARKET, SUPPLIER, ECS = models("bss"), models("market"), models("supplier"), models("ecs")
HOUR = 3600


@pytest.fixture
def cycle():
    """A month of UTC+8 that has ended, and a moment on its 10th."""
    now = datetime.now(UTC)
    year, month = (now.year, now.month - 2) if now.month > 2 else (now.year - 1, now.month + 10)
    return f"{year}-{month:02d}", f"{year}-{month:02d}-10T00:00:00+08:00"


@pytest.fixture
def subscribed(sandbox, order, cycle):
    """A buyer with one instance of 6 AKU that lived 25 hours and 10 s; its service instance."""
    buyer = sandbox.account()
    service_instance_id = order(buyer, name="prod")
    script = [
        {"at": 0, "instance": "orders", "do": "create", "aku": 6},
        {"at": 25 * HOUR + 10, "instance": "orders", "do": "delete"},
    ]
    sandbox.life(service_instance_id, since=cycle[1], script=script)
    return buyer, service_instance_id


def market_instance(sandbox):
    return sandbox.admin.get("/service-instances").json()[0]


def instance_bill(sdk, buyer, **request):
    return sdk("bss", buyer).describe_instance_bill(BSS.DescribeInstanceBillRequest(**request)).body


def test_the_months_bill_is_one_item_per_instance(sandbox, sdk, subscribed, cycle):
    body = instance_bill(sdk, subscribed[0], billing_cycle=cycle[0], is_billing_item=True)
    assert (body.code, body.success, body.data.total_count, body.data.next_token) == ("Success", True, 1, None)
    [item] = body.data.items
    assert item.instance_id == market_instance(sandbox)["marketplace_instance_id"]
    # 25 × 7.20, and 60 AKU-seconds × 1.20 / 3600 = 0.02.
    assert (item.pretax_amount, item.currency, item.item) == (180.02, "CNY", "PayAsYouGoBill")
    assert (item.usage, item.list_price) == ("150.0166666666", "1.20")


def test_a_day_is_that_of_utc_plus_8(sdk, subscribed, cycle):
    day = cycle[1][:10]
    body = instance_bill(sdk, subscribed[0], billing_cycle=cycle[0], granularity="DAILY", billing_date=day)
    assert [(item.billing_date, item.pretax_amount) for item in body.data.items] == [(day, 172.8)]


def test_the_settlement_has_an_item_per_hour(sdk, subscribed, cycle):
    client, items, token = sdk("bss", subscribed[0]), [], None
    while True:
        request = BSS.QuerySettleBillRequest(billing_cycle=cycle[0], max_results=10, next_token=token)
        data = client.query_settle_bill(request).body.data
        items += data.items.item
        token = data.next_token
        if not token:
            break
    assert len(items) == data.total_count == 26
    day = cycle[1][:10]
    assert (items[0].usage_start_time, items[0].usage_end_time) == (f"{day} 00:00:00", f"{day} 01:00:00")
    assert (items[0].pretax_amount, items[-1].pretax_amount, items[-1].round_down_discount) == (7.2, 0.02, 0.0)


def test_a_buyer_sees_only_its_own_bill(sandbox, sdk, subscribed, cycle):
    assert instance_bill(sdk, sandbox.account(), billing_cycle=cycle[0]).data.total_count == 0


@pytest.mark.parametrize("billing_cycle", ["2026-13", "1999-01", "9999-01"])
def test_a_refusal_of_bss_is_no_http_error(sandbox, sdk, billing_cycle):
    body = instance_bill(sdk, sandbox.account(), billing_cycle=billing_cycle)
    assert (body.success, body.code, body.data) == (False, "InvalidParameter", None)


def test_pages_of_more_than_300_are_refused(sandbox, sdk, cycle):
    with pytest.raises(ClientException) as refused:
        instance_bill(sdk, sandbox.account(), billing_cycle=cycle[0], max_results=301)
    assert refused.value.code == "InvalidParameter.MaxResults"


def test_ten_calls_a_second_are_the_most(sandbox, sdk, cycle):
    buyer = sandbox.account()
    client = sdk("bss", buyer)
    codes = []
    deadline = time.monotonic() + 20
    while not codes and time.monotonic() < deadline:
        try:
            client.describe_instance_bill(BSS.DescribeInstanceBillRequest(billing_cycle=cycle[0]))
        except ClientException as refused:
            codes.append(refused.code)
    assert codes == ["Throttling.User"]


def test_a_licence_is_a_subscription_order(sandbox, sdk, order, cycle):
    buyer = sandbox.account()
    service_instance_id = order(buyer, **prepaid())
    sandbox.life(service_instance_id, since=cycle[1], licence_aku=12)
    [item] = instance_bill(sdk, buyer, billing_cycle=cycle[0]).data.items
    assert (item.item, item.subscription_type, item.pretax_amount) == ("SubscriptionOrder", "Subscription", 7440.0)


def test_the_vendor_sees_order_and_instance(sandbox, sdk, subscribed):
    vendor, row = sandbox.account("vendor"), market_instance(sandbox)
    found = (
        sdk("market", vendor).describe_order_for_isv(MARKET.DescribeOrderForIsvRequest(order_id=row["order_id"])).body
    )
    assert (str(found.ali_uid), found.pay_status) == (subscribed[0].account_id, "PAID")
    assert [str(one) for one in found.instance_ids] == [row["marketplace_instance_id"]]
    request = MARKET.DescribeInstanceForIsvRequest(instance_id=row["marketplace_instance_id"])
    instance = sdk("market", vendor).describe_instance_for_isv(request).body
    assert (str(instance.order_id), instance.status) == (row["order_id"], "OPENED")


def test_a_buyer_is_no_vendor(sandbox, sdk, subscribed):
    request = MARKET.DescribeOrderForIsvRequest(order_id=market_instance(sandbox)["order_id"])
    with pytest.raises(ClientException) as refused:
        sdk("market", subscribed[0]).describe_order_for_isv(request)
    assert refused.value.code == "Forbidden.NotSupplier"


def test_the_supplier_sees_everybodys_instances_without_their_secrets(sandbox, sdk, subscribed):
    client = sdk("supplier", sandbox.account("vendor"))
    listed = client.list_service_instances(SUPPLIER.ListServiceInstancesRequest(region_id="cn-hangzhou")).body
    assert [row.service_instance_id for row in listed.service_instances] == [subscribed[1]]
    request = SUPPLIER.GetServiceInstanceRequest(region_id="cn-hangzhou", service_instance_id=subscribed[1])
    assert client.get_service_instance(request).body.outputs is None
    service = client.get_service(SUPPLIER.GetServiceRequest(region_id="cn-hangzhou", service_id="service-automq-byoc"))
    assert service.body.commodity.metering_entities[0].entity_id


def metering(sandbox, start, seconds=HOUR, value="21600", **record):
    found = market_instance(sandbox)["marketplace_instance_id"]
    entity = {"Key": "Period", "Value": value}
    return {
        "InstanceId": found,
        "StartTime": str(start),
        "EndTime": str(start + seconds),
        "Entities": [entity],
        **record,
    }


def push(sdk, vendor, records):
    return sdk("market", vendor).push_metering_data(MARKET.PushMeteringDataRequest(metering=json.dumps(records))).body


def test_a_push_in_time_is_accepted_and_then_throttled(sandbox, sdk, subscribed):
    vendor, start = sandbox.account("vendor"), int(time.time()) - 400
    assert push(sdk, vendor, [metering(sandbox, start, 301)]).success
    assert [row["value"] for row in sandbox.admin.get("/pushes").json()] == [21600]
    with pytest.raises(ClientException) as refused:
        push(sdk, vendor, [metering(sandbox, start, 301)])
    assert refused.value.code == "Throttling.Api"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"seconds": 300}, "InvalidParameter.EndTime"),
        ({"value": "1.5"}, "InvalidParameter.Value"),
        ({"ago": 3 * HOUR}, "MeteringTimeExpired"),
        ({"ago": 10}, "InvalidParameter.EndTime"),
        ({"InstanceId": "999"}, "InstanceNotFound"),
    ],
)
def test_a_push_that_breaks_a_rule_is_refused(sandbox, sdk, subscribed, change, code):
    facts = {"seconds": 301, **change}
    start = int(time.time()) - facts.pop("ago", 400)
    with pytest.raises(ClientException) as refused:
        push(sdk, sandbox.account("vendor"), [metering(sandbox, start, **facts)])
    assert refused.value.code == code
    assert sandbox.admin.get("/pushes").json() == []


def test_a_hundred_records_are_the_most(sandbox, sdk, subscribed):
    start = int(time.time()) - 800
    assert push(sdk, sandbox.account("vendor"), [metering(sandbox, start, 301)] * 100).success
    assert len(sandbox.admin.get("/pushes").json()) == 100
    with pytest.raises(ClientException) as refused:
        push(sdk, sandbox.account("vendor"), [metering(sandbox, int(time.time()) - 400, 301)] * 101)
    assert refused.value.code == "InvalidParameter.Metering"


def test_messages_wait_until_they_are_confirmed(sandbox, sdk):
    sandbox.admin.post("/notifications", json={"action": "orderPay", "message": "{}"})
    client = sdk("market", sandbox.account("vendor"))
    request = MARKET.DescribeFailedNotificationsRequest(page_number=1, page_size=10)
    [waiting] = client.describe_failed_notifications(request).body.notification_list
    assert waiting.action == "orderPay"
    client.confirm_notification(
        MARKET.ConfirmNotificationRequest(notification_request_id=waiting.notification_request_id)
    )
    assert client.describe_failed_notifications(request).body.total_count == 0


def test_machines_with_the_paid_image_stand_for_kafka_instances(sandbox, sdk, order):
    buyer = sandbox.account()
    service_instance_id = order(buyer)
    sandbox.life(
        service_instance_id,
        since="2025-01-01T00:00:00Z",
        script=[{"at": 0, "instance": "orders", "do": "create", "aku": 24}],
    )
    client, machines, token = sdk("ecs", buyer), [], None
    while token != "":
        body = client.describe_instances(
            ECS.DescribeInstancesRequest(region_id="cn-hangzhou", max_results=5, next_token=token)
        ).body
        machines += body.instances.instance
        token = body.next_token
    assert len(machines) == len({machine.instance_id for machine in machines}) == 13
    tags = [{tag.tag_key: tag.tag_value for tag in machine.tags.tag} for machine in machines]
    assert {tag["acs:computenest:serviceInstanceId"] for tag in tags} == {service_instance_id}
    paid = [
        image
        for image in client.describe_images(ECS.DescribeImagesRequest(region_id="cn-hangzhou")).body.images.image
        if image.product_code
    ]
    assert sum(machine.image_id == paid[0].image_id for machine in machines) == 12
    other = client.describe_instances(ECS.DescribeInstancesRequest(region_id="cn-beijing")).body
    assert other.total_count == 0
