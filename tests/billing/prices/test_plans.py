from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.errors import ConflictError, InvalidInputError
from tests.support.billing.october import DUE, OCTOBER, price_plan, version

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine


def versions_of(warehouse: Engine) -> list[Any]:
    query = "SELECT * FROM billing.price_plan_versions JOIN billing.price_tiers USING (version_key) ORDER BY 1"
    with warehouse.connect() as connection:
        return list(connection.execute(text(query)))


def test_the_catalogue_publishes_and_publishing_it_again_changes_nothing(warehouse: Engine) -> None:
    publish_price_plans(warehouse, catalog_price_plans())
    before = versions_of(warehouse)
    assert [done.new_version_count for done in publish_price_plans(warehouse, catalog_price_plans())] == [0, 0, 0]
    assert versions_of(warehouse) == before


def test_a_price_is_stored_as_it_was_written(warehouse: Engine) -> None:
    publish_price_plans(warehouse, [price_plan(version(price="1.20"))])
    (stored,) = versions_of(warehouse)
    assert (str(stored.unit_price), stored.scaled_price, stored.price_scale) == ("1.20", 120, 2)


def test_a_later_version_is_added(prices: Engine) -> None:
    plan = price_plan(version(), version("2026-11-01T00:00:00+08:00", "1.50"))
    assert publish_price_plans(prices, [plan])[0].new_version_count == 1


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (price_plan(version(price="1.30")), "is published and the file says otherwise"),
        (price_plan(version("2026-11-01T00:00:00+08:00")), "has a published version .* that the file leaves out"),
        (price_plan(currency="USD"), "is published with currency CNY, the file says USD"),
        (price_plan(time_zone="UTC"), "is published with time_zone Asia/Shanghai, the file says UTC"),
    ],
)
def test_what_is_published_never_changes(prices: Engine, plan: Any, sentence: str) -> None:
    before = versions_of(prices)
    with pytest.raises(ConflictError, match=sentence):
        publish_price_plans(prices, [plan])
    assert versions_of(prices) == before


def test_a_version_between_published_ones_is_refused(prices: Engine) -> None:
    last = version("2027-01-01T00:00:00+08:00", "1.50")
    publish_price_plans(prices, [price_plan(version(), last)])
    between = version("2026-12-01T00:00:00+08:00", "1.40")
    with pytest.raises(ConflictError, match="Let the new version start then or later"):
        publish_price_plans(prices, [price_plan(version(), between, last)])


def test_a_version_that_starts_within_a_billed_period_is_refused(prices: Engine, subscribe: Callable[..., int]) -> None:
    subscribe(usage=(3600,))
    close_period(prices, OCTOBER, DUE)
    with pytest.raises(ConflictError, match="prices are billed until 2026-10-31T16:00:00"):
        publish_price_plans(prices, [price_plan(version(), version("2026-10-31T23:00:00+08:00", "2"))])
    publish_price_plans(prices, [price_plan(version(), version("2026-11-01T00:00:00+08:00", "2"))])


def test_a_zone_that_the_warehouse_does_not_know_is_refused_and_nothing_is_published(warehouse: Engine) -> None:
    plan = price_plan().model_copy(update={"time_zone": "Mars/Olympus"})
    with pytest.raises(InvalidInputError, match="is not known to the warehouse's PostgreSQL"):
        publish_price_plans(warehouse, [plan])
    assert versions_of(warehouse) == []
