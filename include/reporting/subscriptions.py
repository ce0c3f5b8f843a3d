"""The chain of one subscription: order, service instance, environment, Kafka instances, usage, ledger, both bills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.domain.errors import InvalidInputError
from include.domain.marketplace.agreement import PARTS
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Counted in AKU-seconds, records or hours.
_COUNTS = ("metered", *PARTS, "records", "differing_hours")


@dataclass(frozen=True, slots=True)
class Chain:
    """A subscription and everything that hangs on it.

    Attributes:
        subscription_key: its key in the warehouse.
        subscription: its ids at the Marketplace, Compute Nest and the environment, and their states.
        instances: its Kafka instances, each with when it was seen first and last.
        periods: months of the price plan's time zone, oldest first. In AKU-seconds, metered = licensed + free +
            accepted + expected + unknown + missed + refused + waiting + carried + difference; differing_hours counts
            the hours with a difference. Then our bill (bill_…), what it charges for usage, and the Marketplace's amount
            with the verdict; None where there is none.
    """

    subscription_key: int
    subscription: dict[str, Any]
    instances: list[dict[str, Any]]
    periods: list[dict[str, Any]]


def find_chain(connection: Connection, subscription_id: str) -> Chain:
    """The chain of a subscription.

    Raises:
        InvalidInputError: when there is no such subscription.
    """
    facts = {"subscription_id": subscription_id}
    found = connection.execute(statement("reporting/subscriptions/find_subscription"), facts).mappings().one_or_none()
    if found is None:
        remedy = "Take its id from the page of subscriptions, or from `akubill bills list`."
        raise InvalidInputError("Subscription", subscription_id[:100], "does not exist", remedy)
    subscription = dict(found)
    key = {"subscription_key": subscription.pop("subscription_key")}
    zone = {"time_zone": subscription["time_zone"]}
    instances = connection.execute(statement("reporting/subscriptions/list_instances"), key).mappings()
    periods = connection.execute(statement("reporting/subscriptions/list_periods"), key | zone).mappings()
    return Chain(
        key["subscription_key"],
        subscription,
        [dict(row) for row in instances],
        [{name: int(value) if name in _COUNTS else value for name, value in row.items()} for row in periods],
    )
