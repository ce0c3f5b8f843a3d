"""Compute Nest, the buyer's side (2021-06-01): orders, deployments and their deletion."""

from __future__ import annotations

import re
from typing import Any

from include.sandbox import callbacks, deployments, faults
from include.sandbox.calls import Call, Operation, invalid, refuse_if_denied
from include.sandbox.errors import Refusal
from include.sandbox.records import Console, ServiceInstance, Token
from include.sandbox.world import new_id, new_number

API_REGIONS = ("cn-hangzhou", "ap-southeast-1")
#: What the template needs of the buyer besides Compute Nest itself: it makes a role and a machine.
DEPLOYMENT_ACTIONS = ("ram:CreateRole", "ros:CreateStack", "ecs:RunInstances")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")
_REGION = re.compile(r"[a-z]{2}-[a-z]+(-\d+)?")
_LONGEST_TOKEN = 64
_MONTHS = {"Month": 1, "Year": 12}


def create_service_instance(call: Call) -> dict[str, Any]:
    """Order and deploy, or with DryRun only check whether one could."""
    call.need("RegionId", "ServiceId")
    token = check_token(call)
    if earlier := earlier_answer(call, token):
        return earlier
    parameters = _check_order(call)
    if call.flag("DryRun"):
        return {}
    instance = _order(call, parameters)
    call.world.keep(instance)
    callbacks.announce(call.world, instance)
    answer = {
        "ServiceInstanceId": instance.service_instance_id,
        "MarketInstanceId": instance.marketplace_instance_id,
        "OrderId": instance.order_id,
        "Status": deployments.status(instance, call.now),
    }
    remember_answer(call, token, answer)
    return answer


def get_service_instance(call: Call) -> dict[str, Any]:
    """One service instance of the caller, by its id or by its Marketplace instance."""
    check_region(call)
    own = own_instances(call)
    wanted, market = call.text("ServiceInstanceId"), call.text("MarketInstanceId")
    if not wanted and not market:
        call.need("ServiceInstanceId")
    for instance in own:
        if wanted == instance.service_instance_id or (not wanted and market == instance.marketplace_instance_id):
            return deployments.describe(call, instance)
    raise not_found(wanted or market)


def list_service_instances(call: Call) -> dict[str, Any]:
    """Service instances of the caller, newest first."""
    check_region(call)
    rows = list(reversed(deployments.matching(call, own_instances(call))))
    page, size, token = call.page_by_token(rows, 20, 100)
    listed = [deployments.describe(call, row) | {"OrderId": row.order_id} for row in page]
    return {"ServiceInstances": listed, "TotalCount": len(rows), "MaxResults": size, "NextToken": token}


def delete_service_instances(call: Call) -> dict[str, Any]:
    """Begin to delete service instances; they are Deleting, then Deleted."""
    check_region(call)
    token = check_token(call)
    if earlier_answer(call, token) is not None:
        return {}
    wanted = call.values("ServiceInstanceId")
    if not wanted:
        call.need("ServiceInstanceId")
    own = {instance.service_instance_id: instance for instance in own_instances(call)}
    for service_instance_id in wanted:
        if service_instance_id not in own:
            raise not_found(service_instance_id)
    for service_instance_id in wanted:
        deployments.delete(call.world, own[service_instance_id], call.now)
    remember_answer(call, token, {})
    return {}


def check_region(call: Call) -> None:
    """Refuse an API region that Compute Nest does not have."""
    call.need("RegionId")
    if call.text("RegionId") not in API_REGIONS:
        raise Refusal(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.")


def not_found(service_instance_id: str) -> Refusal:
    """The refusal of an id that the caller does not have."""
    return Refusal(404, "EntityNotExist.ServiceInstance", f"The service instance {service_instance_id} does not exist.")


def own_instances(call: Call) -> list[ServiceInstance]:
    """The caller's service instances, oldest first."""
    return [row for row in call.world.service_instances.values() if row.account_id == call.account.account_id]


def check_token(call: Call) -> str:
    """The call's ClientToken within its account and operation; empty if there is none."""
    token = call.text("ClientToken")
    if len(token) > _LONGEST_TOKEN or not token.isascii():
        raise invalid("ClientToken", token, f"it must be at most {_LONGEST_TOKEN} ASCII characters")
    return f"{call.account.account_id}/{call.action}/{token}" if token else ""


def earlier_answer(call: Call, token: str) -> dict[str, Any] | None:
    """What was answered to the same token; a token used for something else is refused."""
    earlier = call.world.tokens.get(token)
    if earlier is None:
        return None
    if earlier.parameters != dict(call.parameters):
        message = "The request uses the same client token as a previous, but non-identical request."
        raise Refusal(400, "IdempotentParameterMismatch", message)
    return earlier.answer


def remember_answer(call: Call, token: str, answer: dict[str, Any]) -> None:
    """Keep what was answered to a token."""
    if token:
        call.world.keep(Token(token, dict(call.parameters), answer))


def _check_order(call: Call) -> dict[str, Any]:
    check_region(call)
    settings = call.world.settings
    if call.text("ServiceId") != settings.service_id:
        raise Refusal(404, "EntityNotExist.Service", f"The service {call.text('ServiceId')} does not exist.")
    if call.text("Name") and not _NAME.fullmatch(call.text("Name")):
        raise invalid("Name", call.text("Name"), "at most 64 letters, digits, _ . -, beginning with letter or digit")
    sku = call.text("SpecificationCode")
    if sku and sku not in {settings.sku_payg, settings.sku_prepaid}:
        raise invalid("SpecificationCode", sku, f"the product has {settings.sku_payg} and {settings.sku_prepaid}")
    parameters = call.json_object("Parameters")
    _check_buyer(call)
    _check_deployment_region(call, str(parameters.get("RegionId", "")))
    return parameters


def _check_buyer(call: Call) -> None:
    if call.account.site != "china":
        message = "The service is sold on the China site (aliyun.com) only; the account belongs to another site."
        raise Refusal(403, "Forbidden.SiteNotSupported", message)
    if not call.account.real_name_verified:
        message = "Your account has not passed the real-name authentication yet."
        raise Refusal(403, "RealNameAuthenticationError", message)
    for action in DEPLOYMENT_ACTIONS:
        refuse_if_denied(call.account, action)


def _check_deployment_region(call: Call, region: str) -> None:
    if not region:
        raise Refusal(400, "MissingParameter.Parameters.RegionId", "Parameters must say the RegionId to deploy in.")
    if not _REGION.fullmatch(region):
        raise Refusal(404, "InvalidRegionId.NotFound", f"The region {region} does not exist.")
    if region not in call.world.settings.regions:
        raise Refusal(400, "UnsupportedRegion", f"The service cannot be deployed in the region {region}.")


def _order(call: Call, parameters: dict[str, Any]) -> ServiceInstance:
    world, settings = call.world, call.world.settings
    commodity = {**call.json_object("Commodity"), **_flat(call, "Commodity")}
    prepaid = call.text("SpecificationCode") == settings.sku_prepaid or "PayPeriod" in commodity
    instance = ServiceInstance(
        service_instance_id=new_id("si-"),
        account_id=call.account.account_id,
        name=call.text("Name") or f"{settings.service_id}-{call.now}",
        region_id=str(parameters["RegionId"]),
        parameters=parameters,
        marketplace_instance_id=new_number(9),
        order_id=new_number(15),
        order_biz_id=new_number(12),
        sku=settings.sku_prepaid if prepaid else settings.sku_payg,
        specification=call.text("SpecificationName"),
        pay_type="Subscription" if prepaid else "PayAsYouGo",
        environment_id=new_id("env-", 16),
        created_at=call.now,
        deploy_seconds=settings.deploy_seconds,
        booked_since=call.now,
        failure=_fault(call, "deployment_fails"),
        licence_aku=_licence_aku(call, parameters) if prepaid else 0,
        term_months=_term_months(commodity),
        auto_renew=str(commodity.get("AutoRenew", "false")).lower() == "true",
        tags=[{"Key": str(tag.get("Key", "")), "Value": str(tag.get("Value", ""))} for tag in call.items("Tag")],
    )
    never_up = bool(instance.failure or _fault(call, "console_never_up"))
    world.keep(
        Console(
            environment_id=instance.environment_id,
            access_key_id=new_id("AK", 18),
            access_key_secret=new_id("", 40),
            up_at=None if never_up else call.now + instance.deploy_seconds,
            service_instance_id=instance.service_instance_id,
        )
    )
    return instance


def _term_months(commodity: dict[str, Any]) -> int:
    unit, period = str(commodity.get("PayPeriodUnit", "Month")), str(commodity.get("PayPeriod", 1))
    if unit not in _MONTHS or not re.fullmatch(r"[1-9]\d?", period):
        raise invalid("Commodity.PayPeriod", f"{period} {unit}", f"periods are 1 to 99, units {', '.join(_MONTHS)}")
    return _MONTHS[unit] * int(period)


def _licence_aku(call: Call, parameters: dict[str, Any]) -> int:
    """The licensed AKU: a template parameter that names it, the specification's number, or the settings' default."""
    for name in ("LicenceAku", "LicenseAku", "CapacityAku"):
        if str(parameters.get(name, "")).isdigit():
            return int(parameters[name])
    number = re.search(r"\d+", call.text("SpecificationName"))
    return int(number[0]) if number else call.world.settings.licence_aku


def _fault(call: Call, kind: str) -> str:
    """The message of a fault that spoils this deployment; empty if there is none."""
    account = call.account.account_id
    fault = faults.take(call.world, {kind}, service="computenest", action=call.action, account_id=account)
    if fault is None:
        return ""
    return fault.message or "Resource creation failed: OperationDenied.NoStock, the requested machine type is sold out."


def _flat(call: Call, prefix: str) -> dict[str, Any]:
    start = f"{prefix}."
    return {k.removeprefix(start): v for k, v in call.parameters.items() if k.startswith(start)}


OPERATIONS: dict[str, Operation] = {
    "CreateServiceInstance": create_service_instance,
    "GetServiceInstance": get_service_instance,
    "ListServiceInstances": list_service_instances,
    "DeleteServiceInstances": delete_service_instances,
}
