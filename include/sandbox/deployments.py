"""Service instances as they are deployed: what they look like at an instant, to the buyer and to the vendor."""

from __future__ import annotations

import json
from typing import Any

from include.sandbox import timeline
from include.sandbox.calls import Call, invalid, iso
from include.sandbox.marketplace_bill import terms
from include.sandbox.records import Console, ServiceInstance
from include.sandbox.world import World

#: For a second after the order nothing has begun.
_CREATED_SECONDS = 1
_FAILED_PROGRESS = 45


def status(instance: ServiceInstance, now: int) -> str:
    """Its status at an instant."""
    if instance.deleted_at is not None and now >= instance.deleted_at:
        return "Deleting" if now < instance.deleted_at + instance.delete_seconds else "Deleted"
    if now >= instance.created_at + instance.deploy_seconds:
        return "DeployedFailed" if instance.failure else "Deployed"
    return "Created" if now < instance.created_at + _CREATED_SECONDS else "Deploying"


def progress(instance: ServiceInstance, now: int) -> int:
    """How far its deployment is, in percent."""
    if now >= instance.created_at + instance.deploy_seconds:
        return _FAILED_PROGRESS if instance.failure else 100
    done = 100 * (now - instance.created_at) // instance.deploy_seconds
    return min(done, _FAILED_PROGRESS) if instance.failure else done


def is_deployed(instance: ServiceInstance, now: int) -> bool:
    """Whether it exists at an instant."""
    return status(instance, now) == "Deployed"


def delete(world: World, instance: ServiceInstance, now: int) -> None:
    """Begin to delete it: its console goes, and with it its Kafka instances."""
    if instance.deleted_at is not None:
        return
    instance.deleted_at = now
    instance.delete_seconds = world.settings.delete_seconds
    console = world.consoles[instance.environment_id]
    console.down_at = now + instance.delete_seconds
    gone = timeline.remove_all(world.kafka_by_environment[instance.environment_id], now, world.settings)
    world.keep(instance, console, *gone)


def matching(call: Call, instances: list[ServiceInstance]) -> list[ServiceInstance]:
    """Those that match the call's Filter.N and Tag.N; without a filter for the status, deleted ones are left out."""
    filters = {item.get("Name", ""): item.get("Value", []) for item in call.items("Filter")}
    known = {"ServiceInstanceId", "ServiceInstanceName", "ServiceId", "Status", "UserId", "MarketInstanceId", "OrderId"}
    for name in filters:
        if name not in known:
            raise invalid("Filter.Name", name, f"filters are {', '.join(sorted(known))}")
    tags = [(tag.get("Key"), tag.get("Value")) for tag in call.items("Tag")]
    show_deleted = "Status" in filters or call.flag("ShowDeleted")
    return [
        instance
        for instance in instances
        if all(_field(call, instance, name) in values for name, values in filters.items())
        and all({"Key": key, "Value": value} in instance.tags for key, value in tags)
        and (show_deleted or status(instance, call.now) != "Deleted")
    ]


def _field(call: Call, instance: ServiceInstance, name: str) -> str:
    return {
        "ServiceInstanceId": instance.service_instance_id,
        "ServiceInstanceName": instance.name,
        "ServiceId": call.world.settings.service_id,
        "Status": status(instance, call.now),
        "UserId": instance.account_id,
        "MarketInstanceId": instance.marketplace_instance_id,
        "OrderId": instance.order_id,
    }[name]


def describe(call: Call, instance: ServiceInstance) -> dict[str, Any]:
    """What GetServiceInstance says of it to its buyer."""
    settings = call.world.settings
    updated = min(call.now, instance.created_at + instance.deploy_seconds)
    described: dict[str, Any] = {
        "ServiceInstanceId": instance.service_instance_id,
        "Name": instance.name,
        "Status": status(instance, call.now),
        "StatusDetail": _status_detail(instance, call.now),
        "Progress": progress(instance, call.now),
        "BizStatus": "Normal",
        "PayType": instance.pay_type,
        "MarketInstanceId": instance.marketplace_instance_id,
        "UserId": int(instance.account_id) if instance.account_id.isdigit() else instance.account_id,
        "Source": "Market",
        "ServiceType": "private",
        "Parameters": json.dumps(instance.parameters, ensure_ascii=False),
        "CreateTime": iso(instance.created_at),
        "UpdateTime": iso(instance.deleted_at or updated),
        "TemplateName": "AutoMQ",
        "Tags": [*instance.tags],
        "Service": {
            "ServiceId": settings.service_id,
            "Version": "1",
            "DeployType": "ros",
            "Status": "Online",
            "SupplierName": settings.supplier_name,
            "ServiceInfos": [{"Locale": "en-US", "Name": settings.service_name}],
        },
    }
    if instance.is_prepaid:
        described["EndTime"] = iso(terms(instance, call.now)[-1].end)
    if is_deployed(instance, call.now):
        described["Outputs"] = outputs(call, call.world.consoles[instance.environment_id])
    return described


def _status_detail(instance: ServiceInstance, now: int) -> str:
    return {"Deployed": "deploy successfully", "DeployedFailed": instance.failure}.get(status(instance, now), "")


def outputs(call: Call, console: Console) -> str:
    """The template's outputs, as JSON."""
    return json.dumps(
        {
            "EnvironmentId": console.environment_id,
            "ConsoleUrl": f"{call.base_url}/consoles/{console.environment_id}",
            "AccessKeyId": console.access_key_id,
            "AccessKeySecret": console.access_key_secret,
            "OpsBucket": f"automq-ops-{console.environment_id}",
        }
    )
