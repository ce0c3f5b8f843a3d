"""The admin API's share in environments: consoles, lives, usage as it really was, and the Marketplace's charges."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from include.sandbox import deployments, life, timeline
from include.sandbox.calls import iso
from include.sandbox.life import LifeError, LifePlan
from include.sandbox.marketplace_bill import CENT, Charge, charges, cycle_window, format_number
from include.sandbox.records import Console, KafkaInstance
from include.sandbox.truth import hourly_usage
from include.sandbox.world import World, new_id

router = APIRouter(prefix="/admin")


class Strict(BaseModel):
    """A body whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class NewConsoles(Strict):
    """POST /admin/consoles: consoles without Compute Nest, each with some running Kafka instances."""

    count: Annotated[int, Field(ge=1, le=100_000)] = 1
    instances: Annotated[int, Field(ge=0, le=1000)] = 0
    aku: Annotated[int, Field(ge=3, le=500)] = 6
    created_at: AwareDatetime | None = None
    environment_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9\-_]+$")] | None = None


def world_of(request: Request) -> World:
    """The state behind a request."""
    world: World = request.app.state.world
    return world


@router.post("/consoles", status_code=201)
async def post_consoles(request: Request, wanted: NewConsoles) -> list[dict[str, str]]:
    """Set up consoles that stand alone."""
    world = world_of(request)
    if wanted.environment_id and (wanted.count != 1 or wanted.environment_id in world.consoles):
        raise HTTPException(409, f"{wanted.environment_id} must be new, and one: it cannot name {wanted.count}.")
    at = int(wanted.created_at.timestamp()) if wanted.created_at else int(world.clock())
    made = []
    for _ in range(wanted.count):
        environment_id = wanted.environment_id or new_id("env-", 16)
        console = Console(environment_id, new_id("AK", 18), new_id("", 40), up_at=at)
        world.keep(console, *(_running(environment_id, number, wanted.aku, at) for number in range(wanted.instances)))
        made.append(_describe_console(request, console))
    return made


@router.get("/consoles")
async def get_consoles(request: Request) -> list[dict[str, str]]:
    """All consoles, with their credentials."""
    return [_describe_console(request, console) for console in world_of(request).consoles.values()]


@router.post("/consoles/{environment_id}/access-keys", status_code=201)
async def post_access_key(request: Request, environment_id: str) -> dict[str, str]:
    """Let a console answer to a second access key, too."""
    console = _console(request, environment_id)
    console.next_key_id, console.next_key_secret = new_id("AK", 18), new_id("", 40)
    world_of(request).keep(console)
    return {"access_key_id": console.next_key_id, "access_key_secret": console.next_key_secret}


@router.delete("/consoles/{environment_id}/access-keys", status_code=204)
async def delete_first_access_key(request: Request, environment_id: str) -> None:
    """Let a console answer to its second access key only."""
    console = _console(request, environment_id)
    if not console.next_key_id:
        raise HTTPException(409, f"The console {environment_id} has one access key only.")
    console.access_key_id, console.access_key_secret = console.next_key_id, console.next_key_secret
    console.next_key_id = console.next_key_secret = ""
    world_of(request).keep(console)


def _console(request: Request, environment_id: str) -> Console:
    console = world_of(request).consoles.get(environment_id)
    if console is None:
        raise HTTPException(404, f"There is no console {environment_id}.")
    return console


def _running(environment_id: str, number: int, aku: int, at: int) -> KafkaInstance:
    return KafkaInstance(new_id("kf-", 16), environment_id, f"kafka-{number}", timeline.creation(at, aku, 0))


def _describe_console(request: Request, console: Console) -> dict[str, str]:
    return {
        "environment_id": console.environment_id,
        "service_instance_id": console.service_instance_id,
        "console_url": f"{str(request.base_url).rstrip('/')}/consoles/{console.environment_id}",
        "access_key_id": console.access_key_id,
        "access_key_secret": console.access_key_secret,
    }


@router.get("/service-instances")
async def get_service_instances(request: Request) -> list[dict[str, Any]]:
    """All service instances."""
    world = world_of(request)
    now = int(world.clock())
    return [
        asdict(instance) | {"status": deployments.status(instance, now)}
        for instance in world.service_instances.values()
    ]


@router.post("/service-instances/{service_instance_id}/life")
async def post_service_instance_life(request: Request, service_instance_id: str, plan: LifePlan) -> dict[str, Any]:
    """Play a life in the environment of a service instance, and let the Marketplace charge it since then."""
    world = world_of(request)
    instance = world.service_instances.get(service_instance_id)
    if instance is None:
        raise HTTPException(404, f"There is no service instance {service_instance_id}.")
    made = _play(world, instance.environment_id, plan)
    instance.booked_since = min(instance.booked_since, int(plan.since.timestamp()))
    instance.licence_aku = plan.licence_aku or instance.licence_aku
    instance.auto_renew = instance.auto_renew or (instance.is_prepaid and plan.auto_renew)
    world.keep(instance)
    return made


@router.post("/consoles/{environment_id}/life")
async def post_console_life(request: Request, environment_id: str, plan: LifePlan) -> dict[str, Any]:
    """Play a life in an environment."""
    world = world_of(request)
    _console(request, environment_id)
    return _play(world, environment_id, plan)


def _play(world: World, environment_id: str, plan: LifePlan) -> dict[str, Any]:
    try:
        instances = life.play(environment_id, plan, int(world.clock()))
    except LifeError as error:
        raise HTTPException(422, str(error)) from None
    world.keep(*instances)
    return {
        "environment_id": environment_id,
        "instances": [
            {"instance_id": row.instance_id, "name": row.name, "moments": len(row.timeline)} for row in instances
        ],
    }


@router.get("/consoles/{environment_id}/usage")
async def get_usage(
    request: Request,
    environment_id: str,
    start: Annotated[AwareDatetime, Query(alias="from")],
    end: Annotated[AwareDatetime, Query(alias="to")],
) -> list[dict[str, Any]]:
    """The truth: AKU-seconds per instance and UTC hour within [from, to), up to now."""
    world = world_of(request)
    _console(request, environment_id)
    window = int(start.timestamp()), min(int(end.timestamp()), int(world.clock()))
    return [
        {
            "environment_id": environment_id,
            "service_instance_id": world.consoles[environment_id].service_instance_id,
            "instance_id": instance.instance_id,
            "hour": iso(hour),
            "aku_seconds": aku_seconds,
        }
        for instance in world.kafka_by_environment[environment_id]
        for hour, aku_seconds in sorted(hourly_usage(instance, *window).items())
    ]


@router.get("/consoles/{environment_id}/timelines")
async def get_timelines(request: Request, environment_id: str) -> list[dict[str, Any]]:
    """Every moment of every Kafka instance of an environment, those to come as well."""
    return [
        {
            "instance_id": instance.instance_id,
            "name": instance.name,
            "timeline": [
                {"at": iso(at), "state": state, "current_aku": current, "reserved_aku": reserved}
                for at, state, current, reserved in instance.timeline
            ],
        }
        for instance in world_of(request).kafka_by_environment.get(environment_id, [])
    ]


@router.get("/accounts/{account_id}/charges")
async def get_charges(
    request: Request, account_id: str, cycle: Annotated[str, Query(pattern=r"^\d{4}-\d{2}$")]
) -> dict[str, Any]:
    """The Marketplace's charges of an account in a BillingCycle, as far as they are known now."""
    world = world_of(request)
    found = charges(world, account_id, cycle, max(int(world.clock()), cycle_window(cycle)[0]))
    cents = sum(charge.amount for charge in found) // CENT
    return {"total": f"{cents // 100}.{cents % 100:02d}", "charges": [_charge(charge) for charge in found]}


def _charge(charge: Charge) -> dict[str, Any]:
    return {
        "marketplace_instance_id": charge.instance.marketplace_instance_id,
        "item": charge.item,
        "start": iso(charge.start),
        "end": iso(charge.end),
        "quantity": charge.quantity,
        "gross": format_number(charge.gross),
        "amount": format_number(charge.amount),
    }
