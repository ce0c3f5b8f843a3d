"""ECS: the machines that run, and what of them runs a paid image (API 2014-05-26).

The SDK package is large; like the others it is imported at the first call.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from include.alibaba.answers import instant, items, optional, required, required_instant
from include.alibaba.gateway import CallLimits, Gateway
from include.alibaba.pages import TokenPage, follow_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from include.alibaba.access import CloudAccess

MAX_PAGE = 100
#: The tag by which Compute Nest marks what it makes for a service instance; its value is that instance's id.
SERVICE_INSTANCE_TAG = "acs:computenest:serviceInstanceId"


@dataclass(frozen=True, slots=True)
class MachineFilter:
    """Which machines are wanted; what is not given does not matter.

    Attributes:
        image_id: that run this image.
        tags: that have all of these (Compute Nest tags what it makes).
        instance_ids: these only, 100 at most.
        status: Pending, Running, Starting, Stopping or Stopped.
    """

    image_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    instance_ids: Sequence[str] = ()
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine.

    Attributes:
        instance_id: its id.
        region_id: where it is.
        image_id: what it runs.
        instance_type: its size.
        status: Pending, Running, Starting, Stopping or Stopped.
        charge_type: PrePaid or PostPaid.
        lock_reasons: why it is locked; "financial" is arrears.
        tags: values by key.
        created_at: instant.
        expires_at: end of a prepaid term.
    """

    instance_id: str
    region_id: str
    image_id: str
    instance_type: str | None
    status: str
    charge_type: str | None
    lock_reasons: tuple[str, ...]
    tags: Mapping[str, str]
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Image:
    """An image.

    Attributes:
        image_id: its id.
        product_code: the Marketplace product that it is sold as; empty for all others.
    """

    image_id: str
    product_code: str


class Ecs:
    """ECS for one account. Every method waits for its answer; see Gateway.call for what they raise."""

    def __init__(self, access: CloudAccess, limits: CallLimits | None = None) -> None:
        self._access, self._limits = access, limits

    def describe_instances(self, region_id: str, wanted: MachineFilter | None = None) -> Iterator[Machine]:
        """Machines in a region. Each region is an endpoint of its own."""
        gateway = Gateway(replace(self._access, region_id=region_id), "ECS", "alibabacloud_ecs20140526", self._limits)
        models, call, wanted = gateway.models, "ECS DescribeInstances", wanted or MachineFilter()
        tags = [models.DescribeInstancesRequestTag(key=key, value=value) for key, value in wanted.tags.items()]

        def fetch(token: str | None) -> TokenPage:
            request = models.DescribeInstancesRequest(
                region_id=region_id,
                max_results=MAX_PAGE,
                next_token=token,
                image_id=wanted.image_id,
                tag=tags or None,
                instance_ids=_json_list(wanted.instance_ids),
                status=wanted.status,
            )
            answer = gateway.call("DescribeInstances", request, repeatable=True)
            return TokenPage(items(answer.instances, "instance"), optional(answer, "next_token"))

        return follow_tokens(call, fetch, lambda item: _machine(item, call))

    def describe_image(self, region_id: str, image_id: str) -> Image | None:
        """An image as this account sees it in a region, also one that is no longer sold; None if there is none."""
        gateway = Gateway(replace(self._access, region_id=region_id), "ECS", "alibabacloud_ecs20140526", self._limits)
        request = gateway.models.DescribeImagesRequest(region_id=region_id, image_id=image_id, show_expired=True)
        answer = gateway.call("DescribeImages", request, repeatable=True)
        for image in items(answer.images, "image"):
            if required(image, "image_id", "ECS DescribeImages") == image_id:
                return Image(image_id, optional(image, "product_code") or "")
        return None


def _json_list(values: Sequence[str]) -> str | None:
    """ECS takes several ids as a JSON array in one parameter."""
    return "[" + ",".join(f'"{value}"' for value in values) + "]" if values else None


def _machine(answer: object, call: str) -> Machine:
    locks = items(getattr(answer, "operation_locks", None), "lock_reason")
    tags = items(getattr(answer, "tags", None), "tag")
    return Machine(
        instance_id=required(answer, "instance_id", call),
        region_id=required(answer, "region_id", call),
        image_id=required(answer, "image_id", call),
        instance_type=optional(answer, "instance_type"),
        status=required(answer, "status", call),
        charge_type=optional(answer, "instance_charge_type"),
        lock_reasons=tuple(required(lock, "lock_reason", call) for lock in locks),
        tags={optional(tag, "tag_key") or "": optional(tag, "tag_value") or "" for tag in tags},
        created_at=required_instant(answer, "creation_time", call),
        expires_at=instant(answer, "expired_time", call),
    )
