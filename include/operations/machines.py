"""Lists the machines that run the paid image, per buyer and region, as ECS shows them to the buyer itself.

The image says what is counted: ECS does not tell a machine's Marketplace product, but its image's. The machine of an
environment's console runs another image, so it is never counted. A listing is whole or it is a failure; one buyer's
missing or refused access, or one region's failure, is written down and stops no other.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from include.alibaba.ecs import SERVICE_INSTANCE_TAG, MachineFilter
from include.catalog.loader import load_product
from include.domain.errors import AkubillError
from include.warehouse.engine import locked, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from include.alibaba.ecs import Image, Machine
    from include.domain.products import Product

#: Buyers that are asked at a time; each is asked for one region after the other.
BUYERS_AT_A_TIME = 8
#: ECS names the images of its Marketplace, like those of its users, with this first; those of the cloud otherwise.
_OWNED_IMAGE = "m-"


class BuyersMachines(Protocol):
    """One account's machines; include/alibaba/ecs.py is the real one."""

    def describe_instances(self, region_id: str, wanted: MachineFilter | None = None) -> Iterable[Machine]:
        """The machines in a region."""

    def describe_image(self, region_id: str, image_id: str) -> Image | None:
        """An image."""


@dataclass(frozen=True, slots=True)
class ListedMachines:
    """What a round of listings gave.

    Attributes:
        buyers: how many buyers were asked.
        listings: how many whole listings came, one per buyer and region.
        machines: how many running machines with the paid image they showed.
        failures: per account id, why it could not be asked, in full or in part, and what to do.
    """

    buyers: int
    listings: int
    machines: int
    failures: dict[str, str]

    def counts(self) -> dict[str, int]:
        """The numbers by name."""
        return {
            "buyers": self.buyers,
            "listings": self.listings,
            "machines": self.machines,
            "failed_buyers": len(self.failures),
        }


class _Buyer(NamedTuple):
    account_id: str
    products: Sequence[Product]

    @property
    def regions(self) -> list[str]:
        """All regions of its products: a machine may run where nothing was subscribed."""
        return sorted({region for product in self.products for region in product.regions})


class _Listing(NamedTuple):
    account_id: str
    region: str
    machines: list[dict[str, str | None]]
    failure: str | None


def list_machines(
    warehouse: Engine, observed_at: datetime, machines_of: Callable[[str], BuyersMachines]
) -> ListedMachines:
    """Store the machines with the paid image of every buyer and region that answers, and write down who did not.

    Args:
        warehouse: where sightings are stored.
        observed_at: the instant at which the round begins, in UTC; the sightings are of this instant.
        machines_of: opens a buyer's machines by account id; may raise what a missing or refused access raises.
    """
    with warehouse.connect() as connection:
        rows = connection.execute(statement("operations/machines/find_accounts"), {"at": observed_at}).all()
        known_images = set(connection.execute(statement("operations/machines/find_images")).scalars())
    buyers = [_Buyer(account_id, [load_product(name) for name in products]) for account_id, products in rows]
    listings = machines = 0
    failures: dict[str, dict[str, str]] = {}
    for listing in _ask(buyers, machines_of, known_images):
        _store(warehouse, listing, observed_at)
        if listing.failure is None:
            listings, machines = listings + 1, machines + len(listing.machines)
        else:
            failures.setdefault(listing.account_id, {})[listing.region] = listing.failure
    return ListedMachines(len(buyers), listings, machines, {who: _said(why) for who, why in sorted(failures.items())})


def _ask(
    buyers: Sequence[_Buyer], machines_of: Callable[[str], BuyersMachines], known_images: set[str]
) -> Iterator[_Listing]:
    """Listings as they come. Access is opened here, one buyer after the other; only the cloud is asked in threads."""
    with ThreadPoolExecutor(BUYERS_AT_A_TIME, thread_name_prefix="machines") as pool:
        asked = []
        for buyer in buyers:
            try:
                machines = machines_of(buyer.account_id)
            except AkubillError as error:
                yield from (_Listing(buyer.account_id, region, [], str(error)) for region in buyer.regions)
            else:
                asked.append(pool.submit(_ask_buyer, buyer, machines, known_images))
        for answered in as_completed(asked):
            yield from answered.result()


def _ask_buyer(buyer: _Buyer, machines: BuyersMachines, known_images: set[str]) -> list[_Listing]:
    listings = []
    for region in buyer.regions:
        try:
            paid = _paid_machines(buyer, machines, region, known_images)
        except AkubillError as error:
            listings.append(_Listing(buyer.account_id, region, [], str(error)))
        else:
            listings.append(_Listing(buyer.account_id, region, paid, None))
    return listings


def _paid_machines(
    buyer: _Buyer, machines: BuyersMachines, region: str, known_images: set[str]
) -> list[dict[str, str | None]]:
    """The running machines of a region whose image is a product's paid one, each once, as the statement takes them."""
    running = {one.instance_id: one for one in machines.describe_instances(region, MachineFilter(status="Running"))}
    asked = {one.image_id for one in running.values() if one.image_id.startswith(_OWNED_IMAGE)} - known_images
    codes = {product.paid_image_product_code for product in buyer.products}
    images = [machines.describe_image(region, image_id) for image_id in sorted(asked)]
    paid = known_images | {image.image_id for image in images if image is not None and image.product_code in codes}
    return [_row(one, buyer.products) for one in running.values() if one.image_id in paid]


def _row(machine: Machine, products: Sequence[Product]) -> dict[str, str | None]:
    return {
        "machine_id": machine.instance_id,
        "image_id": machine.image_id,
        "instance_type": machine.instance_type,
        "service_instance_tag": machine.tags.get(SERVICE_INSTANCE_TAG),
        "environment_tag": _tag(machine, [product.machine_tags.environment for product in products]),
        "instance_tag": _tag(machine, [product.machine_tags.instance for product in products]),
        "created_at": machine.created_at.isoformat(),
    }


def _tag(machine: Machine, keys: Iterable[str]) -> str | None:
    """The first of the tags that the machine has; an empty one says nothing."""
    return next((machine.tags[key] for key in keys if machine.tags.get(key)), None)


def _store(warehouse: Engine, listing: _Listing, observed_at: datetime) -> None:
    place = {"account_id": listing.account_id, "region": listing.region}
    is_whole = listing.failure is None
    with warehouse.begin() as connection, locked(connection, "operations", "machines"):
        connection.execute(
            statement("operations/machines/record_listing"),
            {
                **place,
                "attempted_at": observed_at,
                "failure": listing.failure,
                "listed_at": observed_at if is_whole else None,
                "machines": len(listing.machines) if is_whole else None,
            },
        )
        if listing.machines:
            connection.execute(
                statement("operations/machines/record_machines"),
                {**place, "observed_at": observed_at, "machines": json.dumps(listing.machines)},
            )
            connection.execute(
                statement("operations/machines/record_sightings"),
                {"observed_at": observed_at, "machine_ids": [one["machine_id"] for one in listing.machines]},
            )


def _said(failures: dict[str, str]) -> str:
    """Why a buyer could not be asked: each reason once, with the regions that it holds for."""
    regions: dict[str, list[str]] = {}
    for region, why in failures.items():
        regions.setdefault(why, []).append(region)
    return " ".join(f"{', '.join(names)}: {why}" for why, names in regions.items())
