"""What the subscription costs from its start: its price plan, and the first term of a prepaid licence.

Later terms of a licence that renews by itself are entered by billing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pendulum

from include.catalog.loader import CATALOG, load_price_plan
from include.domain.errors import ConfigurationError
from include.domain.money import round_amount
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from include.domain.price_plans import PricePlan
    from include.domain.products import Payment, Product
    from include.onboarding.subscriptions import Subscription


def price_plan_of(product: Product, payment: str) -> PricePlan:
    """The catalogue's price plan for a way to pay.

    Raises:
        InvalidInputError: when its file is wrong.
    """
    return load_price_plan(CATALOG / f"{product.price_plans[cast('Payment', payment)]}.plan.yaml")


def enter_licence(connection: Connection, subscription: Subscription) -> None:
    """Enter the first term of the subscription's licence, if it has one; it starts with the subscription.

    Raises:
        ConfigurationError: when the price plan has no licence price at that time.
    """
    licence = subscription.asked.licence
    if licence is None:
        return
    plan = load_price_plan(CATALOG / f"{subscription.price_plan}.plan.yaml")
    version = plan.version_at(subscription.started_at)
    if version.licence is None:
        raise ConfigurationError(
            f"Price plan {plan.name} has no licence price at {subscription.started_at.isoformat()}. Add one."
        )
    local_start = pendulum.instance(subscription.started_at).in_timezone(plan.time_zone)
    exact = version.licence.price_per_aku_month * licence.aku * licence.term_months
    connection.execute(
        statement("onboarding/steps/insert_licence"),
        {
            "subscription_key": subscription.subscription_key,
            "term_start": subscription.started_at,
            "term_end": local_start.add(months=licence.term_months),
            "term_months": licence.term_months,
            "capacity_aku": licence.aku,
            "price": round_amount(exact, version.rounding.digits, version.rounding.mode),
            "currency": plan.currency,
            "auto_renew": licence.auto_renew,
        },
    )
