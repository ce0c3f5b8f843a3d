"""A warehouse of the first release, with an issued bill in it, is brought to the newest schema and works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic import command
from sqlalchemy import text

from include.billing.close import close_period
from include.billing.plans import publish_price_plans
from include.billing.verify import verify_bills
from include.catalog.loader import catalog_price_plans
from include.domain.periods import BillingPeriod
from include.warehouse.embedded import ensure_database
from include.warehouse.engine import open_warehouse
from include.warehouse.migrate import _config, head_revision, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

SEPTEMBER = BillingPeriod("2026-09", "Asia/Shanghai")
#: Rows as the first release wrote them.
ROWS = """
INSERT INTO core.buyers (account_id, site, registered_at) VALUES ('1', 'china', '2026-01-01Z');
INSERT INTO core.subscriptions (subscription_id, product, account_id, region, network, department, environment_name,
    payment, price_plan, state, attempt, request, requested_at, started_at)
VALUES ('sub-a', 'automq-byoc-payg', '1', 'cn-hangzhou', 'vpc', '', 'orders', 'payg', 'automq-byoc-payg', 'active', 1,
    '{}', '2026-01-01Z', '2026-01-01Z');
INSERT INTO billing.price_plans (name, currency, time_zone) VALUES ('automq-byoc-payg', 'CNY', 'Asia/Shanghai');
INSERT INTO billing.price_plan_versions (plan_key, effective_from, charge_every, rounding_digits, rounding_mode, model,
    source)
VALUES (1, '2023-12-31T16:00Z', 'hour', 2, 'down', 'per_unit', '{"effective_from": "2023-12-31T16:00:00Z",
    "charge_every": "hour", "rounding": {"digits": 2, "mode": "down"}, "model": "per_unit",
    "tiers": [{"up_to": null, "unit_price": "1.20", "flat_fee": "0"}], "licence": null}');
INSERT INTO billing.price_tiers (version_key, tier, unit_price, flat_fee, price_scale, scaled_price)
VALUES (1, 1, 1.20, 0, 2, 120);
INSERT INTO billing.bills (bill_id, subscription_key, period, period_start, period_end, price_plan, currency, state,
    aku_seconds, subtotal, tax, total, fingerprint, drafted_at)
VALUES ('2026-09-sub-a', 1, '2026-09', '2026-08-31T16:00Z', '2026-09-30T16:00Z', 'automq-byoc-payg', 'CNY', 'draft',
    0, 0, 0, 0, 'as it was', '2026-10-01Z');
INSERT INTO billing.bill_lines (bill_key, line_no, kind, tier, description, line_start, line_end, aku_seconds, quantity,
    unit, unit_price, exact_amount, amount, version_key)
VALUES (1, 1, 'usage', 1, 'Usage', '2026-08-31T16:00Z', '2026-09-30T16:00Z', 0, 0, 'AKU-hour', 1.20, 0, 0, 1);
UPDATE billing.bills SET state = 'issued', issued_at = '2026-10-01Z';
"""


@pytest.fixture
def first_release(postgres_server: URL) -> Iterator[Engine]:
    """A database at the first revision, as its owner sees it."""
    engine = open_warehouse(ensure_database(postgres_server, "first_release"), role=None)
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(ROWS, execution_options={"no_parameters": True})
    yield engine
    engine.dispose()


def test_a_warehouse_of_the_first_release_keeps_its_bills_and_bills_on(first_release: Engine) -> None:
    assert migrate(first_release) == head_revision()

    published = publish_price_plans(first_release, catalog_price_plans())
    assert [plan.new_version_count for plan in published] == [0, 1], "the old version is the catalogue's still"
    checked = verify_bills(first_release)
    assert (checked.document_count, checked.earlier_form_count, checked.differences) == (1, 1, [])
    october = SEPTEMBER.next
    assert close_period(first_release, october, october.window.end).issued_count == 1
    with first_release.connect() as connection:
        kept = connection.execute(text("SELECT bill_id, state, fingerprint FROM billing.bills WHERE bill_key = 1"))
        assert tuple(kept.one()) == ("2026-09-sub-a", "issued", "as it was")
