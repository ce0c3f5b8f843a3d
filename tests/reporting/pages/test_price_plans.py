from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from airflow.exceptions import ParamValidationError
from fastapi.testclient import TestClient

from include.billing.prices.plans import publish_price_plans
from include.billing.quotes.stored_comparison import WhatIf, answer_what_if
from include.catalog.loader import CATALOG, catalog_price_plans, parse_price_plan
from include.domain.errors import InvalidInputError
from include.orchestration.defaults import compared_plan_field
from include.reporting.pages.app import create_pages
from include.warehouse.embedded import scratch_warehouse
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage
from tests.support.showcase import NOW

PLAN = (CATALOG / "automq-byoc-payg.plan.yaml").read_text(encoding="utf-8")
DEARER = PLAN.replace("automq-byoc-payg", "dearer").replace('"1.20"', '"1.50"')


@pytest.fixture
def client(warehouse):
    publish_price_plans(warehouse, [parse_price_plan(PLAN, "plan"), parse_price_plan(DEARER, "dearer")])
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection))
        make_usage(connection, make_instance(connection, key), datetime(2026, 10, 20, tzinfo=UTC), [36_000])
    return TestClient(create_pages(current_user=lambda: "ada", warehouse=lambda: warehouse))


@pytest.fixture
def scratch(postgres_server):
    @contextmanager
    def opened():
        with scratch_warehouse(postgres_server) as engine:
            yield engine

    return opened


def _asked(**changes: str) -> WhatIf:
    question = {"run_id": "r-1", "period": "2026-10", "first": "automq-byoc-payg", "second": "dearer"}
    return WhatIf(**question | changes, asked_by="ada", asked_at=NOW)


def test_plans_are_shown_in_words_with_what_is_in_force(client):
    page = client.get("/price-plans").text
    assert "1.20 CNY per AKU-hour" in page
    assert "In force" in page
    assert "1 subscription has it" in page
    assert re.search(
        r"/price_plan_comparison\?period=2\d{3}-\d\d&amp;first_plan=automq-byoc-payg&amp;second_plan=dearer", page
    )


def test_what_customers_would_have_paid_is_kept_and_shown_once(client, warehouse, scratch):
    [compared] = answer_what_if(warehouse, scratch, _asked(), lambda: NOW)
    assert (str(compared.first), str(compared.second)) == ("12.00", "15.00")
    assert answer_what_if(warehouse, scratch, _asked(), lambda: NOW) == []
    page = client.get("/price-plans/comparisons/1").text
    for part in ("12.00", "15.00", "+3.00", "25 %", "sub-01-orders", "Done"):
        assert part in page
    assert client.get("/price-plans").text.count("automq-byoc-payg → dearer") == 1


def test_a_comparison_that_cannot_be_made_says_why(client, warehouse, scratch):
    with pytest.raises(InvalidInputError, match="'nothing': it is not published"):
        answer_what_if(warehouse, scratch, _asked(second="nothing"), lambda: NOW)
    page = client.get("/price-plans/comparisons/1").text
    assert "is not published" in page
    assert "Failed" in page


def test_a_prepaid_plan_is_not_compared_as_its_usage_has_no_price(client, warehouse, scratch):
    publish_price_plans(warehouse, catalog_price_plans())
    with pytest.raises(InvalidInputError, match="'automq-byoc-prepaid': it sells prepaid licences"):
        answer_what_if(warehouse, scratch, _asked(second="automq-byoc-prepaid"), lambda: NOW)
    pages = client.get("/price-plans").text
    assert "first_plan=automq-byoc-payg&amp;second_plan=automq-byoc-tiered" in pages
    with pytest.raises(ParamValidationError):
        compared_plan_field("Plan", "A plan.").resolve("automq-byoc-prepaid")
    assert compared_plan_field("Plan", "A plan.").resolve("mine") == "mine"


def test_a_comparison_under_way_shows_its_progress(client, warehouse, scratch):
    @contextmanager
    def looked_at():
        with scratch() as engine:
            page = client.get("/price-plans/comparisons/1").text
            assert "Priced by 0 of 2 plans" in page
            assert 'http-equiv="refresh"' in page
            yield engine

    answer_what_if(warehouse, looked_at, _asked(), lambda: NOW)
    assert "refresh" not in client.get("/price-plans/comparisons/1").text


@pytest.mark.parametrize(("key", "status"), [("7", 404), ("0", 422), ("x", 422), ("9" * 30, 422)])
def test_a_comparison_that_does_not_exist_is_one_sentence(client, key, status):
    assert client.get(f"/price-plans/comparisons/{key}").status_code == status
