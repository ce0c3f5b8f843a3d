"""Orders of the Marketplace that are not onboarded yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: What a run's id may not have in it.
_OTHER = re.compile(r"[^A-Za-z0-9_.~-]")


class NewOrder(NamedTuple):
    """An order without a subscription: ids of the instance and the order, and the buyer, where the event named it."""

    instance_id: str
    order_id: str
    account_id: str | None


def list_orders_to_onboard(warehouse: Engine) -> list[NewOrder]:
    """Active ones for which no onboarding was started, oldest first."""
    with warehouse.connect() as connection:
        return [NewOrder(*row) for row in connection.execute(statement("marketplace/inbox/list_orders_to_onboard"))]


def run_id_of(order: NewOrder) -> str:
    """The id of the order's run: always the same, so that Airflow starts it once."""
    return f"order__{_OTHER.sub('-', order.order_id)}"


def record_onboarding(warehouse: Engine, instance_id: str, run_id: str) -> None:
    """Remember the run that was started for the order."""
    with warehouse.begin() as connection:
        connection.execute(
            statement("marketplace/inbox/record_onboarding"), {"instance_id": instance_id, "run_id": run_id}
        )
