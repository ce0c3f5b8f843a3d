"""The subscription that a request means: admitted once, found again ever after.

Account, region and environment name make the id. Asked for again in the same words it is the same subscription; in
other words it is a conflict, unless the last attempt failed: then the next one starts, as newly asked for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.errors import ConflictError
from include.domain.onboarding import Admission, OnboardingRequest
from include.domain.subscriptions import subscription_id
from include.warehouse.engine import USAGE, locked, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from include.domain.products import Product


class Subscription(NamedTuple):
    """A row of core.subscriptions, as far as onboarding reads it."""

    subscription_key: int
    subscription_id: str
    product: str
    account_id: str
    payment: str
    price_plan: str
    state: str
    state_reason: str | None
    attempt: int
    service_instance_id: str | None
    marketplace_instance_id: str | None
    order_id: str | None
    request: dict[str, Any]
    requested_at: datetime
    started_at: datetime

    @property
    def asked(self) -> OnboardingRequest:
        """The request that it was made from."""
        return OnboardingRequest.from_json(self.request)


def id_of(product: Product, request: OnboardingRequest) -> str:
    """The public id of the subscription that the request means."""
    return subscription_id(product.name, request.account_id, request.region, request.environment_name)


def find(connection: Connection, subscription_id: str) -> Subscription | None:
    """The subscription of that id, if there is one."""
    row = connection.execute(
        statement("onboarding/steps/find_subscription"), {"subscription_id": subscription_id}
    ).one_or_none()
    return Subscription(**row._mapping) if row else None  # noqa: SLF001 (SQLAlchemy's public name)


def find_conflict(connection: Connection, product: Product, request: OnboardingRequest) -> str | None:
    """Why the request cannot be admitted beside what exists, as a sentence; None when it can."""
    return _conflict_with_itself(connection, product, request) or _conflict_with_competing(connection, product, request)


def admit(warehouse: Engine, product: Product, request: OnboardingRequest, at: datetime) -> Admission:
    """Enter the subscription, or find the one that was entered for the same request.

    Args:
        warehouse: engine.
        product: whose subscription it is.
        request: checked by the prerequisites.
        at: when it was asked for.

    Raises:
        ConflictError: another subscription is in the way, or the same one was asked for in other words.
    """
    with warehouse.begin() as connection, locked(connection, "onboarding", request.account_id):
        conflict = find_conflict(connection, product, request)
        if conflict:
            raise ConflictError(conflict)
        connection.execute(
            statement("onboarding/steps/upsert_buyer"),
            {"account_id": request.account_id, "site": request.site, "at": at},
        )
        earlier = find(connection, id_of(product, request))
        if earlier is None:
            connection.execute(statement("onboarding/steps/insert_subscription"), _columns(product, request, at))
            return Admission(id_of(product, request), 1)
        if earlier.state != "failed":
            contact = {"subscription_id": earlier.subscription_id, "contact": request.contact}
            connection.execute(statement("onboarding/steps/set_contact"), contact)
            return Admission(earlier.subscription_id, earlier.attempt)
        with locked(connection, *USAGE):
            restarted = connection.execute(
                statement("onboarding/steps/restart_subscription"), _columns(product, request, at)
            )
        return Admission(earlier.subscription_id, restarted.scalar_one())


def _columns(product: Product, request: OnboardingRequest, at: datetime) -> dict[str, object]:
    return {
        "subscription_id": id_of(product, request),
        "product": product.name,
        "account_id": request.account_id,
        "region": request.region,
        "network": request.network,
        "department": request.department,
        "contact": request.contact,
        "environment_name": request.environment_name,
        "payment": request.payment,
        "price_plan": product.price_plans[request.payment],  # type: ignore[index]  # the request was checked
        "order_id": request.order_id,
        "request": json.dumps(request.to_json()),
        "at": at,
        "started_at": request.began_at or at,
    }


def _conflict_with_itself(connection: Connection, product: Product, request: OnboardingRequest) -> str | None:
    earlier = find(connection, id_of(product, request))
    if earlier is None or earlier.state == "failed":
        return None
    place = f"environment {request.environment_name!r} of account {request.account_id} in {request.region}"
    if earlier.state == "released":
        return (
            f"Subscription {earlier.subscription_id} for {place} was released, and its bills keep the name. "
            "Choose another environment name."
        )
    known = earlier.asked
    differences = request.differences_from(known)
    if earlier.order_id and request.order_id and request.order_id != earlier.order_id and not known.order_id:
        differences.append(f"order id is {earlier.order_id!r} and was given as {request.order_id!r}")
    if not differences:
        return None
    return (
        f"Subscription {earlier.subscription_id} for {place} exists already and was asked for differently: "
        f"{'; '.join(differences)}. Repeat the first request as it was, or choose another environment name."
    )


def _conflict_with_competing(connection: Connection, product: Product, request: OnboardingRequest) -> str | None:
    rival = connection.execute(
        statement("onboarding/steps/find_competing_subscriptions"),
        {
            "subscription_id": id_of(product, request),
            "account_id": request.account_id,
            "region": request.region,
            "network": request.network,
            "department": request.department,
            "order_id": request.order_id,
        },
    ).first()
    if rival is None:
        return None
    if rival.has_same_order:
        return (
            f"Order {request.order_id} belongs to subscription {rival.subscription_id} "
            f"(environment {rival.environment_name!r}) already: one order gives one environment. "
            "Give this environment's own order, or leave the order id empty to have it ordered."
        )
    department = f"department {request.department!r}" if request.department else "the account's only department"
    return (
        f"Subscription {rival.subscription_id} (environment {rival.environment_name!r}, {rival.state}) is in network "
        f"{request.network} for {department} already: a further subscription is for another network or another "
        "department. Use that environment, or give the other network or department."
    )
