"""Compute Nest, the vendor's side: its services and their instances at all buyers (API 2021-05-21)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.alibaba.answers import instant, integer, items, json_object, optional, required, required_instant
from include.alibaba.gateway import CallLimits, Gateway
from include.alibaba.pages import TokenPage, follow_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from include.alibaba.access import CloudAccess

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class VendorService:
    """A service that the vendor offers.

    Attributes:
        service_id: its id.
        version: the version that was asked for, or the default one.
        status: Online, Draft, ….
        charge_type: PREPAY or POSTPAY, where the Marketplace sells it.
        commodity_code: the Marketplace's product.
        metering_entities: names of what can be metered, by entity id.
        specifications: names of the SKUs, by code.
    """

    service_id: str
    version: str | None
    status: str
    charge_type: str | None
    commodity_code: str | None
    metering_entities: Mapping[str, str]
    specifications: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SuppliedInstance:
    """A deployment of the vendor's service at a buyer.

    Attributes:
        service_instance_id: its id.
        account_id: the buyer.
        name: as ordered.
        status: Created, Deploying, DeployedFailed, Deployed, Upgrading, Deleting, Deleted or DeletedFailed.
        status_detail: in words, where there is more to say.
        progress: percent.
        biz_status: Normal, Renewing, RenewFoiled (so spelt) or Expired.
        pay_type: Permanent, Subscription, PayAsYouGo or CustomFixTime.
        outputs: of the template; only get_service_instance tells them. They are not in the repr.
        created_at: instant.
        ends_at: end of a prepaid term.
    """

    service_instance_id: str
    account_id: str
    name: str | None
    status: str
    status_detail: str | None
    progress: int
    biz_status: str | None
    pay_type: str | None
    outputs: dict[str, Any] = field(repr=False)
    created_at: datetime
    ends_at: datetime | None


class Supplier:
    """The vendor's side of Compute Nest. Every method waits for its answer; see Gateway.call for what they raise."""

    def __init__(self, access: CloudAccess, limits: CallLimits | None = None) -> None:
        self._gateway = Gateway(access, "Compute Nest supplier", "alibabacloud_computenestsupplier20210521", limits)

    def get_service(self, service_id: str, version: str | None = None) -> VendorService:
        """One service, with what the Marketplace meters of it."""
        request = self._gateway.models.GetServiceRequest(
            region_id=self._gateway.region_id, service_id=service_id, service_version=version
        )
        answer = self._gateway.call("GetService", request, repeatable=True)
        commodity, call = getattr(answer, "commodity", None), "Compute Nest supplier GetService"
        return VendorService(
            service_id=required(answer, "service_id", call),
            version=optional(answer, "version"),
            status=required(answer, "status", call),
            charge_type=optional(commodity, "charge_type"),
            commodity_code=optional(commodity, "commodity_code"),
            metering_entities={
                required(entity, "entity_id", call): optional(entity, "name") or ""
                for entity in items(commodity, "metering_entities")
            },
            specifications={
                required(entry, "code", call): optional(entry, "name") or ""
                for entry in items(commodity, "specifications")
            },
        )

    def get_service_instance(self, service_instance_id: str) -> SuppliedInstance:
        """One deployment.

        Raises:
            RefusedError: of kind not_found, when there is none.
        """
        request = self._gateway.models.GetServiceInstanceRequest(
            region_id=self._gateway.region_id, service_instance_id=service_instance_id
        )
        answer = self._gateway.call("GetServiceInstance", request, repeatable=True)
        return _supplied_instance(answer, "Compute Nest supplier GetServiceInstance")

    def list_service_instances(
        self, filters: Mapping[str, Sequence[str]] | None = None, *, with_deleted: bool = False
    ) -> Iterator[SuppliedInstance]:
        """Deployments at all buyers.

        Args:
            filters: values by filter name: ServiceInstanceId, ServiceId, UserId, Version, Status, DeployType, ….
            with_deleted: also those that are gone.
        """
        models, call = self._gateway.models, "Compute Nest supplier ListServiceInstances"
        wanted = [
            models.ListServiceInstancesRequestFilter(name=name, value=list(values))
            for name, values in (filters or {}).items()
        ]

        def fetch(token: str | None) -> TokenPage:
            request = models.ListServiceInstancesRequest(
                region_id=self._gateway.region_id,
                max_results=MAX_PAGE,
                next_token=token,
                filter=wanted,
                show_deleted=with_deleted,
            )
            answer = self._gateway.call("ListServiceInstances", request, repeatable=True)
            return TokenPage(items(answer, "service_instances"), optional(answer, "next_token"))

        return follow_tokens(call, fetch, lambda item: _supplied_instance(item, call))


def _supplied_instance(answer: object, call: str) -> SuppliedInstance:
    return SuppliedInstance(
        service_instance_id=required(answer, "service_instance_id", call),
        account_id=required(answer, "user_id", call),
        name=optional(answer, "name"),
        status=required(answer, "status", call),
        status_detail=optional(answer, "status_detail"),
        progress=integer(answer, "progress", call) or 0,
        biz_status=optional(answer, "biz_status"),
        pay_type=optional(answer, "pay_type"),
        outputs=json_object(answer, "outputs", call),
        created_at=required_instant(answer, "create_time", call),
        ends_at=instant(answer, "end_time", call),
    )
