"""ECS (2014-05-26): the machines that an account's environments stand on.

Each environment has one machine for its console, and its Kafka instances run on machines with the paid Business Edition
image, one per two AKU and at least three. Machines are tagged as Compute Nest tags what it creates.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from include.sandbox import deployments
from include.sandbox.calls import Call, Operation, invalid
from include.sandbox.errors import Refusal
from include.sandbox.records import ServiceInstance
from include.sandbox.timeline import moment_at

_AKU_PER_MACHINE = 2
_FEWEST_MACHINES = 3
_CONSOLE_IMAGE = "m-automqconsole01"


def describe_instances(call: Call) -> dict[str, Any]:
    """Machines of the caller in a region; pages by token, or by number with PageNumber or PageSize."""
    rows = _matching(call, list(_machines(call)))
    if "PageNumber" in call.parameters or "PageSize" in call.parameters:
        number, size = call.integer("PageNumber", 1, 1, 10**6), call.integer("PageSize", 10, 1, 100)
        page = rows[(number - 1) * size : number * size]
        return {"Instances": {"Instance": page}, "TotalCount": len(rows), "PageNumber": number, "PageSize": size}
    shown, _, token = call.page_by_token(rows, 10, 100)
    return {"Instances": {"Instance": shown}, "TotalCount": len(rows), "NextToken": token}


def describe_images(call: Call) -> dict[str, Any]:
    """The images of the product: the console's, and the paid one of the Kafka instances."""
    _check_region(call)
    settings = call.world.settings
    images = [
        _image(settings.image_id, "AutoMQ Business Edition", settings.image_product_code),
        _image(_CONSOLE_IMAGE, "AutoMQ console", ""),
    ]
    wanted = set(filter(None, call.text("ImageId").split(",")))
    shown = [image for image in images if not wanted or image["ImageId"] in wanted]
    return {"Images": {"Image": shown}, "TotalCount": len(shown), "PageNumber": 1, "PageSize": 10}


def _image(image_id: str, name: str, product_code: str) -> dict[str, Any]:
    return {
        "ImageId": image_id,
        "ImageName": name,
        "ImageOwnerAlias": "marketplace" if product_code else "others",
        "ProductCode": product_code,
        "IsSubscribed": bool(product_code),
        "Status": "Available",
        "OSType": "linux",
        "Architecture": "x86_64",
    }


def _check_region(call: Call) -> None:
    call.need("RegionId")
    if call.text("RegionId") not in call.world.settings.regions:
        raise Refusal(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.")


def _machines(call: Call) -> Iterator[dict[str, Any]]:
    _check_region(call)
    for instance in call.world.service_instances.values():
        mine = instance.account_id == call.account.account_id and instance.region_id == call.text("RegionId")
        if not mine or not deployments.is_deployed(instance, call.now):
            continue
        yield _machine(call, instance, f"{instance.environment_id}-0", _CONSOLE_IMAGE, instance.created_at)
        for kafka in call.world.kafka_by_environment[instance.environment_id]:
            moment = moment_at(kafka, call.now)
            if moment is None or moment.state == "Creating":
                continue
            count = max(_FEWEST_MACHINES, -(-moment.current_aku // _AKU_PER_MACHINE))
            for ordinal in range(count):
                image, since = call.world.settings.image_id, kafka.timeline[0][0]
                yield _machine(call, instance, f"{kafka.instance_id}-{ordinal}", image, since)


def _machine(call: Call, instance: ServiceInstance, name: str, image: str, since: int) -> dict[str, Any]:
    settings = call.world.settings
    digest = hashlib.sha256(name.encode()).hexdigest()
    tags = {
        "acs:computenest:serviceId": settings.service_id,
        "acs:computenest:serviceInstanceId": instance.service_instance_id,
        "automq:owner": name.rpartition("-")[0],
        **{tag["Key"]: tag["Value"] for tag in instance.tags},
    }
    return {
        "InstanceId": f"i-{digest[:20]}",
        "InstanceName": name,
        "ImageId": image,
        "ProductCodes": {"ProductCode": [settings.image_product_code] if image == settings.image_id else []},
        "InstanceType": "ecs.r7.large",
        "Cpu": 2,
        "Memory": 16384,
        "Status": "Running",
        "RegionId": instance.region_id,
        "ZoneId": f"{instance.region_id}-a",
        "InstanceChargeType": "PostPaid",
        "CreationTime": datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%MZ"),
        "OperationLocks": {"LockReason": []},
        "VpcAttributes": {"VpcId": str(instance.parameters.get("VpcId", ""))},
        "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in tags.items()]},
    }


def _matching(call: Call, machines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    wanted_ids = _instance_ids(call)
    tags = [(tag.get("Key"), tag.get("Value")) for tag in call.items("Tag")]

    def matches(machine: dict[str, Any]) -> bool:
        has = {(tag["TagKey"], tag["TagValue"]) for tag in machine["Tags"]["Tag"]}
        return (
            (wanted_ids is None or machine["InstanceId"] in wanted_ids)
            and call.text("ImageId") in {"", machine["ImageId"]}
            and call.text("Status") in {"", machine["Status"]}
            and call.text("VpcId") in {"", machine["VpcAttributes"]["VpcId"]}
            and all((key, value) in has or (value is None and key in dict(has)) for key, value in tags)
        )

    return [machine for machine in machines if matches(machine)]


def _instance_ids(call: Call) -> set[str] | None:
    text = call.text("InstanceIds")
    if not text:
        return None
    try:
        return {str(value) for value in json.loads(text)}
    except (ValueError, TypeError):
        raise invalid("InstanceIds", text, "it must be a JSON list") from None


OPERATIONS: dict[str, Operation] = {"DescribeInstances": describe_instances, "DescribeImages": describe_images}
