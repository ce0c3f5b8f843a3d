"""The admin API's share in what buyers do at the Marketplace by themselves: they order, renew, let expire, release."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import AwareDatetime, Field

from include.sandbox import compute_nest, market_events
from include.sandbox.admin_environments import Strict, world_of
from include.sandbox.calls import Call
from include.sandbox.errors import Refusal

router = APIRouter(prefix="/admin")


class NewOrder(Strict):
    """POST /admin/orders: pay as you go; `ordered_at` may lie in the past."""

    account_id: Annotated[str, Field(pattern=r"^\d+$")]
    environment_name: str
    region: str
    network: str
    ordered_at: AwareDatetime | None = None


class NewEvent(Strict):
    """POST /admin/service-instances/{id}/events: an action of the Marketplace's callbacks, with its own parameters."""

    action: str
    parameters: Annotated[dict[str, str], Field(default_factory=dict)]


@router.post("/orders", status_code=201)
async def post_order(request: Request, wanted: NewOrder) -> dict[str, Any]:
    """Let a buyer order as Compute Nest's page does; the vendor is called."""
    world = world_of(request)
    account = world.accounts.get(wanted.account_id)
    if account is None:
        raise HTTPException(404, f"There is no account {wanted.account_id}.")
    asked = {
        "RegionId": compute_nest.API_REGIONS[0],
        "ServiceId": world.settings.service_id,
        "SpecificationCode": world.settings.sku_payg,
        "Name": wanted.environment_name,
        "Parameters": json.dumps(
            {"RegionId": wanted.region, "EnvironmentName": wanted.environment_name, "VpcId": wanted.network}
        ),
    }
    at = wanted.ordered_at.timestamp() if wanted.ordered_at else world.clock()
    call = Call(world, account, "CreateServiceInstance", asked, at, str(request.base_url).rstrip("/"))
    try:
        answer = compute_nest.create_service_instance(call)
    except Refusal as refusal:
        raise HTTPException(refusal.status, f"{refusal.code}: {refusal.message}") from None
    return asdict(world.service_instances[answer["ServiceInstanceId"]])


@router.post("/service-instances/{service_instance_id}/events", status_code=201)
async def post_event(request: Request, service_instance_id: str, wanted: NewEvent) -> dict[str, Any]:
    """Let something happen to a subscription at the Marketplace, which calls the vendor, as soon as may be."""
    world = world_of(request)
    instance = world.service_instances.get(service_instance_id)
    if instance is None:
        raise HTTPException(404, f"There is no service instance {service_instance_id}.")
    if not world.settings.spi_url:
        raise HTTPException(422, "There is no address to call; set the setting spi_url.")
    try:
        entered = market_events.happen(world, instance, wanted.action, wanted.parameters, int(world.clock()))
    except market_events.EventError as error:
        raise HTTPException(422, str(error)) from None
    return asdict(entered)
