"""Rating of the one subscription of a warehouse that examples of a property share."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import text

from include.billing.bills.drafts import renew_licences
from include.billing.rating.rate import rate
from include.warehouse.engine import ensure_partitions
from tests.support.billing.cases import Case, enter_case
from tests.support.billing.october import OCTOBER
from tests.support.builders import LONG_AGO, make_buyer, make_subscription
from tests.support.properties import PHASES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from include.domain.price_plans import PricePlan
    from tests.support.billing.measures import Usage
    from tests.support.billing.oracle import Licence, Offer


#: More for a long run: AKUBILL_EXAMPLES=5000 pytest tests/billing/rating/test_rate.py
EXAMPLES = int(os.environ.get("AKUBILL_EXAMPLES", "100"))


often = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=PHASES,
)


@pytest.fixture(scope="module")
def rating_warehouse(postgres_server: Any) -> Any:
    from include.warehouse.embedded import scratch_warehouse

    with scratch_warehouse(postgres_server) as engine:
        with engine.begin() as connection:
            make_buyer(connection)
            make_subscription(connection, "1100000000000001")
            ensure_partitions(connection, datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
        yield engine


def rate_usage(
    connection: Connection,
    plan: PricePlan,
    usage: Usage,
    *,
    other: PricePlan | None = None,
    offers: Iterable[Offer] = (),
    licences: Iterable[Licence] = (),
    active: tuple[datetime, datetime | None] = (LONG_AGO, None),
    table: str = "metering.subscription_hours",
) -> list[Any]:
    """The rated lines of the warehouse's one subscription."""
    enter_case(connection, 1, Case(plan, usage, other, list(offers), list(licences), active), table)
    renew_licences(connection, OCTOBER, OCTOBER.window.end, [1])
    rate(connection, OCTOBER, subscriptions=[1])
    return list(connection.execute(text("SELECT * FROM rated_lines ORDER BY line_no")))
