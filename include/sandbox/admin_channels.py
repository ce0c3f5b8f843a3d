"""The admin API's share in the other marketplaces: who is subscribed there, and what their books have."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field

from include.sandbox.admin_environments import Strict, world_of
from include.sandbox.channel_records import AwsAgreement, IntlInstance
from include.sandbox.world import new_number

router = APIRouter(prefix="/admin")


class NewAgreement(Strict):
    """POST /admin/aws/agreements: a buyer's; what is left out is made up."""

    account_id: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    product_code: str | None = None
    license_arn: str | None = None
    with_licence: bool = True
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None


class NewInstance(Strict):
    """POST /admin/international/instances."""

    account_id: Annotated[str, Field(pattern=r"^\d+$")] | None = None
    product_code: str | None = None


@router.post("/aws/agreements", status_code=201)
async def post_agreement(request: Request, wanted: NewAgreement) -> dict[str, Any]:
    """Let a buyer agree, or change when the agreement of an account and its licence or product began and ended."""
    world = world_of(request)
    licence = wanted.license_arn or f"arn:aws:license-manager::294406891311:license/l-{new_number(20)}"
    agreement = AwsAgreement(
        wanted.account_id or new_number(12),
        licence if wanted.with_licence else "",
        wanted.product_code or world.settings.product_code,
        int(wanted.ended_at.timestamp()) if wanted.ended_at else None,
        int(wanted.started_at.timestamp()) if wanted.started_at else None,
    )
    world.keep(agreement)
    return asdict(agreement)


@router.get("/aws/usage")
async def get_usage(request: Request) -> list[dict[str, Any]]:
    """Usage records that AWS Marketplace honoured."""
    return [asdict(usage) for usage in world_of(request).aws_usage.values()]


@router.post("/international/instances", status_code=201)
async def post_instance(request: Request, wanted: NewInstance) -> dict[str, Any]:
    """Enter an instance of the vendor's product at the international site."""
    world = world_of(request)
    instance = IntlInstance(
        new_number(13),
        wanted.account_id or new_number(16),
        wanted.product_code or world.settings.product_code,
        int(world.clock()),
    )
    world.keep(instance)
    return asdict(instance)


@router.get("/international/pushes")
async def get_pushes(request: Request) -> list[dict[str, Any]]:
    """Metering records that the international site took."""
    return [asdict(push) for push in world_of(request).intl_pushes.values()]
