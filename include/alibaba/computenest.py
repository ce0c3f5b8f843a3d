"""Compute Nest, the buyer's side: orders and deploys service instances (API 2021-06-01)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from include.alibaba.answers import instant, integer, items, json_object, optional, required, required_instant
from include.alibaba.gateway import CallLimits, Gateway
from include.alibaba.pages import TokenPage, follow_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from include.alibaba.access import CloudAccess

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class PrepaidTerm:
    """The term of a prepaid order; a pay-as-you-go order has none."""

    periods: int
    unit: Literal["Day", "Month", "Year"] = "Month"
    auto_renew: bool = True
    auto_pay: bool = True


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """What is ordered.

    Attributes:
        service_id: the vendor's service.
        name: 64 characters at most, starting with a letter or digit.
        parameters: for the service's template; the region to deploy in must be among them.
        specification_code: the Marketplace's SKU.
        template_name: for services with several templates.
        term: for a prepaid order.
        tags: on the service instance and what it creates.
    """

    service_id: str
    name: str
    parameters: Mapping[str, str]
    specification_code: str | None = None
    template_name: str | None = None
    term: PrepaidTerm | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreatedServiceInstance:
    """What an order gave; `service_instance_id` is empty after a dry run."""

    service_instance_id: str
    marketplace_instance_id: str | None
    order_id: str | None
    status: str | None


@dataclass(frozen=True, slots=True)
class ServiceInstance:
    """A deployment, as Compute Nest has it.

    Attributes:
        service_instance_id: its id.
        name: as ordered.
        status: Created, Deploying, DeployedFailed, Deployed, Upgrading, Deleting, Deleted or DeletedFailed.
        status_detail: in words, where there is more to say.
        progress: percent.
        biz_status: Normal, Renewing, RenewFoiled (so spelt) or Expired.
        pay_type: Permanent, Subscription, PayAsYouGo or CustomFixTime.
        marketplace_instance_id: the Marketplace's instance.
        order_id: the Marketplace's order; only listings tell it.
        outputs: of the template; they hold the console's credential, so they are not in the repr.
        parameters: as ordered.
        created_at: instant.
        ends_at: end of a prepaid term.
    """

    service_instance_id: str
    name: str | None
    status: str
    status_detail: str | None
    progress: int
    biz_status: str | None
    pay_type: str | None
    marketplace_instance_id: str | None
    order_id: str | None
    outputs: dict[str, Any] = field(repr=False)
    parameters: dict[str, Any]
    created_at: datetime
    ends_at: datetime | None


class ComputeNest:
    """Compute Nest for one buyer. Every method waits for its answer; see Gateway.call for what they raise."""

    def __init__(self, access: CloudAccess, limits: CallLimits | None = None) -> None:
        self._gateway = Gateway(access, "Compute Nest", "alibabacloud_computenest20210601", limits)

    def create_service_instance(
        self, request: CreateRequest, client_token: str, *, dry_run: bool = False
    ) -> CreatedServiceInstance:
        """Order and deploy; with the same token again, the answer is that of the first time.

        Args:
            request: what is ordered.
            client_token: 64 ASCII characters at most; the same for every attempt of one order.
            dry_run: only check whether it would be accepted.

        Raises:
            RefusedError: `code` and errors.refusal_kind say why: real name, permission, arrears, region, ….
        """
        answer = self._gateway.call(
            "CreateServiceInstance",
            self._create_request(request, client_token, dry_run=dry_run),
            repeatable=True,
        )
        call = "Compute Nest CreateServiceInstance"
        return CreatedServiceInstance(
            service_instance_id="" if dry_run else required(answer, "service_instance_id", call),
            marketplace_instance_id=optional(answer, "market_instance_id"),
            order_id=optional(answer, "order_id"),
            status=optional(answer, "status"),
        )

    def get_service_instance(self, service_instance_id: str) -> ServiceInstance:
        """One service instance.

        Raises:
            RefusedError: of kind not_found, when there is none.
        """
        request = self._gateway.models.GetServiceInstanceRequest(
            region_id=self._gateway.region_id, service_instance_id=service_instance_id
        )
        answer = self._gateway.call("GetServiceInstance", request, repeatable=True)
        return _service_instance(answer, "Compute Nest GetServiceInstance")

    def find_service_instances(self, filters: Mapping[str, Sequence[str]] | None = None) -> Iterator[ServiceInstance]:
        """Service instances of this buyer.

        Args:
            filters: values by filter name: ServiceInstanceId, ServiceInstanceName, ServiceId, Status, ….
        """
        models, call = self._gateway.models, "Compute Nest ListServiceInstances"
        wanted = [
            models.ListServiceInstancesRequestFilter(name=name, value=list(values))
            for name, values in (filters or {}).items()
        ]

        def fetch(token: str | None) -> TokenPage:
            request = models.ListServiceInstancesRequest(
                region_id=self._gateway.region_id, max_results=MAX_PAGE, next_token=token, filter=wanted
            )
            answer = self._gateway.call("ListServiceInstances", request, repeatable=True)
            return TokenPage(items(answer, "service_instances"), optional(answer, "next_token"))

        return follow_tokens(call, fetch, lambda item: _service_instance(item, call))

    def delete_service_instance(self, service_instance_id: str, client_token: str) -> None:
        """Start deleting one; its status becomes Deleting, then Deleted or DeletedFailed."""
        request = self._gateway.models.DeleteServiceInstancesRequest(
            region_id=self._gateway.region_id,
            service_instance_id=[service_instance_id],
            client_token=client_token,
        )
        self._gateway.call("DeleteServiceInstances", request, repeatable=True)

    def _create_request(self, request: CreateRequest, client_token: str, *, dry_run: bool) -> object:
        models, term = self._gateway.models, request.term
        commodity = term and models.CreateServiceInstanceRequestCommodity(
            pay_period=term.periods,
            pay_period_unit=term.unit,
            auto_renew=term.auto_renew,
            auto_pay=term.auto_pay,
        )
        return models.CreateServiceInstanceRequest(
            region_id=self._gateway.region_id,
            service_id=request.service_id,
            name=request.name,
            parameters=dict(request.parameters),
            specification_code=request.specification_code,
            template_name=request.template_name,
            commodity=commodity,
            tag=[models.CreateServiceInstanceRequestTag(key=key, value=value) for key, value in request.tags.items()],
            client_token=None if dry_run else client_token,  # a check must not use it up
            dry_run=dry_run,
        )


def _service_instance(answer: object, call: str) -> ServiceInstance:
    return ServiceInstance(
        service_instance_id=required(answer, "service_instance_id", call),
        name=optional(answer, "name"),
        status=required(answer, "status", call),
        status_detail=optional(answer, "status_detail"),
        progress=integer(answer, "progress", call) or 0,
        biz_status=optional(answer, "biz_status"),
        pay_type=optional(answer, "pay_type"),
        marketplace_instance_id=optional(answer, "market_instance_id"),
        order_id=optional(answer, "order_id"),
        outputs=json_object(answer, "outputs", call),
        parameters=json_object(answer, "parameters", call),
        created_at=required_instant(answer, "create_time", call),
        ends_at=instant(answer, "end_time", call),
    )
