"""The admin API's share in bills: what the billing centre enters on them besides usage and licences."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import AwareDatetime, Field

from include.sandbox.admin_environments import Strict, world_of
from include.sandbox.bill_records import BillEntry
from include.sandbox.world import new_id

router = APIRouter(prefix="/admin")


class NewBillEntry(Strict):
    """POST /admin/bill-entries: an item for one hour of a marketplace instance."""

    marketplace_instance_id: str
    item: Literal["PayAsYouGoBill", "Refund", "Adjustment"] = "Refund"
    hour: AwareDatetime
    amount: Annotated[str, Field(pattern=r"^-?\d{1,9}(\.\d{1,6})?$")]


@router.post("/bill-entries", status_code=201)
async def post_bill_entry(request: Request, wanted: NewBillEntry) -> dict[str, Any]:
    """Enter an item on the bill of the account that has the instance."""
    world = world_of(request)
    known = {instance.marketplace_instance_id for instance in world.service_instances.values()}
    if wanted.marketplace_instance_id not in known:
        raise HTTPException(404, f"There is no marketplace instance {wanted.marketplace_instance_id}.")
    start = int(wanted.hour.timestamp())
    entry = BillEntry(new_id("be-", 16), wanted.marketplace_instance_id, wanted.item, start, wanted.amount)
    world.keep(entry)
    return asdict(entry)
