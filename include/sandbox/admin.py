"""The sandbox's own API for tests and the demo: accounts, faults, consoles, lives, settings, and what really was.

Unsigned, and answered to this machine only.
"""

from __future__ import annotations

import time
from dataclasses import asdict, fields
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from include.sandbox import deployments, faults, life, timeline
from include.sandbox.calls import iso
from include.sandbox.life import LifeError, LifePlan
from include.sandbox.marketplace_bill import CENT, Charge, charges, cycle_window, format_number
from include.sandbox.records import Account, Console, Fault, KafkaInstance, Notification, Settings
from include.sandbox.truth import hourly_usage
from include.sandbox.world import World, new_id, new_number

_LOOPBACK = {"127.0.0.1", "::1", "testclient"}
router = APIRouter(prefix="/admin")


class Strict(BaseModel):
    """A body whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class NewAccount(Strict):
    """POST /admin/accounts; what is left out is made up."""

    account_id: Annotated[str, Field(pattern=r"^\d+$")] | None = None
    role: Literal["buyer", "vendor"] = "buyer"
    site: Literal["china", "international"] = "china"
    real_name_verified: bool = True
    denied_actions: list[str] = []
    access_key_id: str | None = None
    access_key_secret: str | None = None


class NewFault(Strict):
    """POST /admin/faults. `times` null is until it is taken away; `share` is of the matching requests."""

    kind: str
    service: Literal["", "computenest", "computenestsupplier", "market", "ecs", "bssopenapi", "console"] = ""
    action: str = ""
    path: str = ""
    account_id: str = ""
    environment_id: str = ""
    times: Annotated[int, Field(ge=1)] | None = 1
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    seconds: float = 0.0
    retry_after_ms: Annotated[int, Field(ge=1)] = 1000
    status: int = 0
    code: str = ""
    message: str = ""


class NewConsoles(Strict):
    """POST /admin/consoles: consoles without Compute Nest, each with some running Kafka instances."""

    count: Annotated[int, Field(ge=1, le=100_000)] = 1
    instances: Annotated[int, Field(ge=0, le=1000)] = 0
    aku: Annotated[int, Field(ge=3, le=500)] = 6
    created_at: AwareDatetime | None = None
    environment_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9\-_]+$")] | None = None


class NewNotification(Strict):
    """POST /admin/notifications: a message that the vendor did not take."""

    action: str
    message: str


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


@router.get("/settings")
async def get_settings(request: Request) -> dict[str, Any]:
    """All settings."""
    return asdict(_world(request).settings)


@router.put("/settings")
async def put_settings(request: Request, changes: dict[str, Any]) -> dict[str, Any]:
    """Change some settings."""
    world = _world(request)
    current = asdict(world.settings)
    known = {field.name for field in fields(Settings)}
    for name, value in changes.items():
        if name not in known:
            raise HTTPException(422, f"There is no setting {name}; there are {', '.join(sorted(known))}.")
        if type(value) is not type(current[name]):
            kind = type(current[name]).__name__
            raise HTTPException(422, f"The setting {name} is a {kind}, not {value!r}.")
    world.keep(Settings(**{**current, **changes}))
    return asdict(world.settings)


@router.post("/accounts", status_code=201)
async def post_account(request: Request, wanted: NewAccount) -> dict[str, Any]:
    """Enter an account, or change it; the answer has its access key."""
    world = _world(request)
    given = wanted.model_dump()
    given["account_id"] = wanted.account_id or new_number(16)
    known = world.accounts.get(given["account_id"])
    given["access_key_id"] = wanted.access_key_id or (known.access_key_id if known else new_id("LTAI", 20))
    given["access_key_secret"] = wanted.access_key_secret or (known.access_key_secret if known else new_id("", 30))
    owner = world.accounts_by_access_key.get(given["access_key_id"])
    if owner and owner.account_id != given["account_id"]:
        raise HTTPException(409, f"The access key {given['access_key_id']} is account {owner.account_id}'s.")
    account = Account(**given)
    world.keep(account)
    return asdict(account)


@router.get("/accounts")
async def get_accounts(request: Request) -> list[dict[str, Any]]:
    """All accounts, with their secrets."""
    return [asdict(account) for account in _world(request).accounts.values()]


@router.post("/faults", status_code=201)
async def post_fault(request: Request, wanted: NewFault) -> dict[str, Any]:
    """Let something go wrong."""
    if wanted.kind not in faults.KINDS:
        raise HTTPException(422, f"There is no fault {wanted.kind}; there are {', '.join(sorted(faults.KINDS))}.")
    given = wanted.model_dump(exclude={"kind"})
    if not wanted.seconds and wanted.kind in {"slow", "clock_skew"}:
        given["seconds"] = 2.0 if wanted.kind == "slow" else 60.0
    fault = Fault(fault_id=new_id("fault-", 12), fault=wanted.kind, **given)
    _world(request).keep(fault)
    return asdict(fault)


@router.get("/faults")
async def get_faults(request: Request) -> list[dict[str, Any]]:
    """Faults that are still to come."""
    return [asdict(fault) for fault in _world(request).faults.values()]


@router.delete("/faults", status_code=204)
async def delete_faults(request: Request) -> None:
    """Take all faults away."""
    world = _world(request)
    world.drop(*list(world.faults.values()))


@router.post("/consoles", status_code=201)
async def post_consoles(request: Request, wanted: NewConsoles) -> list[dict[str, str]]:
    """Set up consoles that stand alone."""
    world = _world(request)
    if wanted.environment_id and (wanted.count != 1 or wanted.environment_id in world.consoles):
        raise HTTPException(409, f"{wanted.environment_id} must be new, and one: it can not name {wanted.count}.")
    at = int(wanted.created_at.timestamp()) if wanted.created_at else int(time.time())
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
    return [_describe_console(request, console) for console in _world(request).consoles.values()]


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
    now = int(time.time())
    return [
        asdict(instance) | {"status": deployments.status(instance, now)}
        for instance in _world(request).service_instances.values()
    ]


@router.post("/service-instances/{service_instance_id}/life")
async def post_service_instance_life(request: Request, service_instance_id: str, plan: LifePlan) -> dict[str, Any]:
    """Play a life in the environment of a service instance, and let the Marketplace charge it since then."""
    world = _world(request)
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
    world = _world(request)
    if environment_id not in world.consoles:
        raise HTTPException(404, f"There is no console {environment_id}.")
    return _play(world, environment_id, plan)


def _play(world: World, environment_id: str, plan: LifePlan) -> dict[str, Any]:
    try:
        instances = life.play(environment_id, plan, int(time.time()))
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
    world = _world(request)
    if environment_id not in world.consoles:
        raise HTTPException(404, f"There is no console {environment_id}.")
    window = int(start.timestamp()), min(int(end.timestamp()), int(time.time()))
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
        for instance in _world(request).kafka_by_environment.get(environment_id, [])
    ]


@router.get("/accounts/{account_id}/charges")
async def get_charges(
    request: Request, account_id: str, cycle: Annotated[str, Query(pattern=r"^\d{4}-\d{2}$")]
) -> dict[str, Any]:
    """The Marketplace's charges of an account in a BillingCycle, as if the whole cycle were billed already."""
    world = _world(request)
    found = charges(world, account_id, cycle, max(int(time.time()), cycle_window(cycle)[0]))
    return {"total": f"{sum(charge.amount for charge in found) // CENT / 100:.2f}", "charges": [*map(_charge, found)]}


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


@router.get("/pushes")
async def get_pushes(request: Request) -> list[dict[str, Any]]:
    """Metering records that the Marketplace accepted."""
    return [asdict(push) for push in _world(request).pushes.values()]


@router.post("/notifications", status_code=201)
async def post_notification(request: Request, wanted: NewNotification) -> dict[str, Any]:
    """Let a message wait for the vendor."""
    notification = Notification(new_id("", 32), wanted.action, wanted.message, int(time.time()))
    _world(request).keep(notification)
    return asdict(notification)


@router.get("/requests")
async def get_requests(request: Request) -> dict[str, Any]:
    """What was asked: rightly signed, refused, and by operation."""
    return _world(request).requests.report()


@router.post("/reset", status_code=204)
async def reset(request: Request) -> None:
    """Forget everything."""
    _world(request).reset()


def make_app(world: World) -> FastAPI:
    """The admin API over a world."""
    app = FastAPI(title="Sandbox", docs_url="/admin/docs", openapi_url="/admin/openapi.json", redoc_url=None)
    app.state.world = world
    app.include_router(router)

    @app.middleware("http")
    async def commit_before_answering(request: Request, call_next: Any) -> Any:  # noqa: ANN401
        if request.url.path.startswith("/admin") and request.client and request.client.host not in _LOOPBACK:
            return JSONResponse({"detail": "The admin API answers this machine only."}, 403)
        response = await call_next(request)
        world.commit()
        return response

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app
