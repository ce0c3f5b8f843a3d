"""Compute Nest, the vendor's side (2021-05-21): its service, everybody's instances of it, and metering pushes."""

from __future__ import annotations

from typing import Any

from include.sandbox import deployments, metering_pushes
from include.sandbox.calls import Call, Operation
from include.sandbox.compute_nest import not_found
from include.sandbox.errors import Refusal
from include.sandbox.records import ServiceInstance


def get_service(call: Call) -> dict[str, Any]:
    """The vendor's service and what it sells."""
    call.need("RegionId", "ServiceId")
    _vendor_only(call)
    settings = call.world.settings
    if call.text("ServiceId") != settings.service_id:
        raise Refusal(404, "EntityNotExist.Service", f"The service {call.text('ServiceId')} does not exist.")
    entity = settings.metering_entity
    return {
        "ServiceId": settings.service_id,
        "ServiceType": "private",
        "DeployType": "ros",
        "Status": "Online",
        "Version": "1",
        "VersionName": "1.0",
        "SupplierName": settings.supplier_name,
        "PayFromType": "Marketplace",
        "ServiceInfos": [{"Locale": "en-US", "Name": settings.service_name, "ShortDescription": "", "Image": ""}],
        "Commodity": {
            "Type": "Marketplace",
            "CommodityCode": settings.product_code,
            "ChargeType": "POSTPAY",
            "Specifications": [
                {"Code": settings.sku_payg, "Name": "Pay-As-You-Go"},
                {"Code": settings.sku_prepaid, "Name": "Licence"},
            ],
            "MeteringEntities": [{"EntityId": entity, "Name": "AKU"}],
            "MarketplaceMetadata": {
                "MeteringEntityMappings": [{"SpecificationName": "Pay-As-You-Go", "EntityIds": [entity]}],
                "MeteringEntityExtraInfos": [{"EntityId": entity, "Type": "Custom", "MetricName": "AKU"}],
                "SpecificationMappings": [
                    {"SpecificationCode": settings.sku_payg, "SpecificationName": "Pay-As-You-Go"},
                    {"SpecificationCode": settings.sku_prepaid, "SpecificationName": "Licence"},
                ],
            },
        },
    }


def get_service_instance(call: Call) -> dict[str, Any]:
    """One service instance of the vendor's service, of any buyer."""
    call.need("RegionId", "ServiceInstanceId")
    _vendor_only(call)
    instance = call.world.service_instances.get(call.text("ServiceInstanceId"))
    if instance is None:
        raise not_found(call.text("ServiceInstanceId"))
    return _describe(call, instance)


def list_service_instances(call: Call) -> dict[str, Any]:
    """Service instances of the vendor's service, newest first."""
    call.need("RegionId")
    _vendor_only(call)
    rows = list(reversed(deployments.matching(call, list(call.world.service_instances.values()))))
    page, size, token = call.page_by_token(rows, 20, 100)
    listed = [_describe(call, row) for row in page]
    return {"ServiceInstances": listed, "TotalCount": len(rows), "MaxResults": size, "NextToken": token}


def push_metering_data(call: Call) -> dict[str, Any]:
    """Usage that the vendor reports for one service instance."""
    call.need("ServiceInstanceId", "Metering")
    _vendor_only(call)
    if call.text("ServiceInstanceId") not in call.world.service_instances:
        raise not_found(call.text("ServiceInstanceId"))
    metering_pushes.accept(call)
    return {}


def _describe(call: Call, instance: ServiceInstance) -> dict[str, Any]:
    # A template's outputs may hold the buyer's secrets; the vendor is not shown them, nor the Marketplace instance.
    described = deployments.describe(call, instance)
    hidden = {"Outputs", "MarketInstanceId"}
    return {name: value for name, value in described.items() if name not in hidden}


def _vendor_only(call: Call) -> None:
    if call.account.role != "vendor":
        raise Refusal(403, "Forbidden.NotSupplier", "The account is not the service provider of this service.")


OPERATIONS: dict[str, Operation] = {
    "GetService": get_service,
    "GetServiceInstance": get_service_instance,
    "ListServiceInstances": list_service_instances,
    "PushMeteringData": push_metering_data,
}
