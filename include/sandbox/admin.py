"""The sandbox's own API for tests and the demo: settings, accounts, faults, and what was asked.

Answered to those who have its token (admin_access.py). What it knows of environments is in admin_environments.py.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, HTTPException, Request
from pydantic import Field

from include.sandbox import admin_bills, admin_channels, admin_environments, admin_orders, callbacks, faults
from include.sandbox.admin_access import AdminAccess
from include.sandbox.admin_environments import Strict, world_of
from include.sandbox.records import Account, Fault, Notification, Settings
from include.sandbox.world import World, new_id, new_number

router = APIRouter(prefix="/admin")


class NewAccount(Strict):
    """POST /admin/accounts; what is left out is made up."""

    account_id: Annotated[str, Field(pattern=r"^\d+$")] | None = None
    role: Literal["buyer", "vendor"] = "buyer"
    site: Literal["china", "international", "aws"] = "china"
    real_name_verified: bool = True
    denied_actions: Annotated[list[str], Field(default_factory=list)]
    access_key_id: str | None = None
    access_key_secret: str | None = None


class NewFault(Strict):
    """POST /admin/faults. `times` null is until it is taken away; `share` is of the matching requests."""

    kind: str
    service: Literal[
        "",
        "computenest",
        "computenestsupplier",
        "market",
        "marketplaceintl",
        "ecs",
        "bssopenapi",
        "aws",
        "console",
    ] = ""
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


class NewNotification(Strict):
    """POST /admin/notifications: a message that the vendor did not take."""

    action: str
    message: str


class NewCallback(Strict):
    """POST /admin/callbacks: a call to the vendor; `about` is a service instance, whose id it then names."""

    action: str
    parameters: Annotated[dict[str, str], Field(default_factory=dict)]
    about: str = ""


@router.get("/settings")
async def get_settings(request: Request) -> dict[str, Any]:
    """All settings."""
    return asdict(world_of(request).settings)


@router.put("/settings")
async def put_settings(request: Request, changes: dict[str, Any]) -> dict[str, Any]:
    """Change some settings."""
    world = world_of(request)
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
    world = world_of(request)
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
    return [asdict(account) for account in world_of(request).accounts.values()]


@router.post("/faults", status_code=201)
async def post_fault(request: Request, wanted: NewFault) -> dict[str, Any]:
    """Let something go wrong."""
    if wanted.kind not in faults.KINDS:
        raise HTTPException(422, f"There is no fault {wanted.kind}; there are {', '.join(sorted(faults.KINDS))}.")
    given = wanted.model_dump(exclude={"kind"})
    if not wanted.seconds and wanted.kind in {"slow", "clock_skew"}:
        given["seconds"] = 2.0 if wanted.kind == "slow" else 60.0
    fault = Fault(fault_id=new_id("fault-", 12), fault=wanted.kind, **given)
    world_of(request).keep(fault)
    return asdict(fault)


@router.get("/faults")
async def get_faults(request: Request) -> list[dict[str, Any]]:
    """Faults that are still to come."""
    return [asdict(fault) for fault in world_of(request).faults.values()]


@router.delete("/faults", status_code=204)
async def delete_faults(request: Request) -> None:
    """Take all faults away."""
    world = world_of(request)
    world.drop(*list(world.faults.values()))


@router.get("/pushes")
async def get_pushes(request: Request) -> list[dict[str, Any]]:
    """Metering records that the Marketplace accepted."""
    return [asdict(push) for push in world_of(request).pushes.values()]


@router.post("/notifications", status_code=201)
async def post_notification(request: Request, wanted: NewNotification) -> dict[str, Any]:
    """Let a message wait for the vendor."""
    world = world_of(request)
    notification = Notification(new_id("", 32), wanted.action, wanted.message, int(world.clock()))
    world.keep(notification)
    return asdict(notification)


@router.post("/callbacks", status_code=201)
async def post_callback(request: Request, wanted: NewCallback) -> dict[str, Any]:
    """Call the vendor, as soon as may be."""
    world = world_of(request)
    if not world.settings.spi_url:
        raise HTTPException(422, "There is no address to call; set the setting spi_url.")
    if wanted.about and wanted.about not in world.service_instances:
        raise HTTPException(404, f"There is no service instance {wanted.about}.")
    named = callbacks.address(world, wanted.about) if wanted.about else {}
    parameters = named | wanted.parameters
    return asdict(callbacks.enter(world, wanted.action, parameters, wanted.about, int(world.clock())))


@router.get("/callbacks")
async def get_callbacks(request: Request) -> list[dict[str, Any]]:
    """Calls to the vendor, with what became of them; in the order in which they were entered."""
    return [asdict(callback) for callback in world_of(request).callbacks.values()]


@router.get("/requests")
async def get_requests(request: Request) -> dict[str, Any]:
    """What was asked: rightly signed, refused, and by operation."""
    return world_of(request).requests.report()


@router.post("/reset", status_code=204)
async def reset(request: Request) -> None:
    """Forget everything."""
    world_of(request).reset()


def make_app(world: World, access: AdminAccess) -> FastAPI:
    """The admin API over a world, for those who have access."""
    app = FastAPI(title="Sandbox", docs_url="/admin/docs", openapi_url="/admin/openapi.json", redoc_url=None)
    app.state.world = world
    app.include_router(router)
    app.include_router(admin_environments.router)
    app.include_router(admin_channels.router)
    app.include_router(admin_orders.router)
    app.include_router(admin_bills.router)

    @app.middleware("http")
    async def commit_before_answering(request: Request, call_next: Any) -> Any:  # noqa: ANN401
        if request.url.path.startswith("/admin") and (refusal := access.refusal(request)):
            return refusal
        response = await call_next(request)
        world.commit()
        return response

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app
