"""What is done for subscriptions needs nothing of other subscriptions: a part of them can live on a server of its own.

The same work is done twice: on one warehouse whole, and on another by two workers, each of which PostgreSQL shows only
the rows of its own subscriptions (row-level security), as a shard of a distributed database would. Both have to come to
the same. So this is about every statement of the work, whatever it joins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from include.billing.bills.close import close_shard, list_missing
from include.billing.prices.plans import publish_price_plans
from include.domain.periods import Window
from include.domain.sharding import SHARDS
from include.marketplace.push.adding_up import add_up
from include.metering.hours.close import close_hours
from include.warehouse.embedded import scratch_warehouse
from include.warehouse.engine import WRITER, open_warehouse
from include.warehouse.tables import metadata
from tests.support.billing.october import DUE, OCTOBER, price_plan, version
from tests.support.builders import insert, make_instance, make_usage, rows
from tests.support.metering.lives import Environment, at, every_five_minutes, gaps, hour_states, hours, kafka

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

#: How a row says whose it is, by the column that says it: the subscription's own key, or by way of another table.
OWNERS = {
    "subscription_key": "subscription_key",
    "environment_key": "(SELECT e.subscription_key FROM core.environments AS e WHERE e.environment_key = {row})",
    "bill_key": "(SELECT b.subscription_key FROM billing.bills AS b WHERE b.bill_key = {row})",
    "bill_id": "(SELECT b.subscription_key FROM billing.bills AS b WHERE b.bill_id = {row})",
    "instance_key": "(SELECT i.subscription_key FROM metering.instances AS i WHERE i.instance_key = {row})",
}
LICENCE = {"price_per_aku_month": "620", "overage_price": "1.2"}
#: Small, and the same everywhere: a distributed database has a copy of it on each server.
REFERENCE = {
    "billing.price_fees", "billing.price_plan_versions", "billing.price_plans", "billing.price_tiers", "core.buyers",
    "metering.dropped_months",
}  # fmt: skip
#: Of an account, an order or a file, not of one subscription: kept on one server.
ELSEWHERE = ("marketplace.", "reconciliation.", "operations.", "billing.plan_comparison", "metering.imports")
RESULTS = (
    (
        "SELECT instance_id, hour_start, aku_seconds, gap_seconds, source FROM metering.usage "
        "JOIN metering.instances USING (instance_key) ORDER BY 1, 2"
    ),
    (
        "SELECT subscription_id, hour_start, aku_seconds, usage_digest FROM metering.subscription_hours "
        "JOIN core.subscriptions USING (subscription_key) ORDER BY 1, 2"
    ),
    (
        "SELECT subscription_id, day_start, metered, free, accepted, difference FROM marketplace.agreement_days "
        "JOIN core.subscriptions USING (subscription_key) ORDER BY 1, 2"
    ),
    "SELECT bill_id, state, aku_seconds, total, fingerprint FROM billing.bills ORDER BY 1",
    (
        "SELECT bill_id, line_no, kind, quantity, amount FROM billing.bill_lines JOIN billing.bills USING (bill_key) "
        "ORDER BY 1, 2"
    ),
    "SELECT bill_id, finding, facts FROM billing.bill_findings JOIN billing.bills USING (bill_key) ORDER BY 1, 2",
    "SELECT bill_id, from_state, to_state FROM billing.bill_events ORDER BY 1, event_key",
    "SELECT subscription_key, term_start, price FROM core.licences ORDER BY 1, 2",
)


@pytest.fixture
def whole(postgres_server: URL) -> Iterator[Engine]:
    with scratch_warehouse(postgres_server) as engine:
        yield engine


def a_month(warehouse: Engine) -> None:
    """Four subscriptions: polled with a gap, polled without, with history only, and with a licence to be renewed."""
    publish_price_plans(
        warehouse,
        [
            price_plan(version(tax_rate="0.06", minimum_charge="5.00")),
            price_plan(
                version(price="0", licence={"price_per_aku_month": "620", "overage_price": "1.2"}), name="licensed"
            ),
        ],
    )
    silent, steady = Environment(warehouse, "silent"), Environment(warehouse, "steady")
    silent.tell(*every_five_minutes(silent, 65, kafka(6)), *every_five_minutes(silent, 190, kafka(9, m=170), since=170))
    steady.tell(*every_five_minutes(steady, 190, kafka(4, name="kf-2")))
    known, licensed = (Environment(warehouse, name, metered_from=DUE) for name in ("known", "licensed"))
    with warehouse.begin() as connection:
        for environment in (known, licensed):
            instance = make_instance(connection, environment.subscription_key, f"kf-{environment.subscription_key}")
            make_usage(connection, instance, OCTOBER.window.start, range(3600, 3700))
        connection.execute(
            text("UPDATE core.subscriptions SET price_plan = 'licensed' WHERE subscription_key = :key"),
            {"key": licensed.subscription_key},
        )
        insert(
            connection,
            "core.licences",
            subscription_key=licensed.subscription_key,
            term_start=OCTOBER.previous.window.start,
            term_end=OCTOBER.window.start,
            term_months=1,
            capacity_aku=1,
            price=620,
            currency="CNY",
            auto_renew=True,
        )


def work(warehouse: Engine) -> None:
    """Hours are closed, where they went is added up, the month is billed."""
    close_hours(warehouse, Window(at(0), at(180)), at(187))
    add_up(warehouse, DUE)
    for shard in range(SHARDS):
        close_shard(warehouse, OCTOBER, shard, DUE)


def test_two_workers_that_see_only_their_own_subscriptions_do_what_one_does(warehouse: Engine, whole: Engine) -> None:
    for engine in (whole, warehouse):
        a_month(engine)
    work(whole)
    hide_others(warehouse)
    for part in (0, 1):
        worker = open_part(warehouse.url, part)
        with worker.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM core.subscriptions")) == 2
        work(worker)
        worker.dispose()
    for query in RESULTS:
        assert rows(warehouse, query) == rows(whole, query) != [], query
    for look in (hours, gaps, hour_states):
        assert look(warehouse) == look(whole)
    with warehouse.connect() as connection:
        assert list_missing(connection, OCTOBER) == []


def test_each_table_says_whose_its_rows_are_or_is_no_subscriptions() -> None:
    unknown = [
        name
        for name, table in metadata.tables.items()
        if not OWNERS.keys() & set(table.columns.keys()) | (REFERENCE & {name}) and not name.startswith(ELSEWHERE)
    ]
    assert unknown == []


def hide_others(warehouse: Engine) -> None:
    """Show rows only to the part that their subscription is in, by the parity of its key."""
    owner = open_warehouse(warehouse.url, role=None)
    with owner.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION public.is_mine(subscription_key bigint) RETURNS boolean LANGUAGE sql STABLE RETURN "
                "coalesce(current_setting('akubill.part', TRUE), '') = '' OR subscription_key IS NULL "
                "OR subscription_key % 2 = CAST(current_setting('akubill.part', TRUE) AS integer)"
            )
        )
        for name, table in metadata.tables.items():
            column = next((one for one in OWNERS if one in table.columns), None)
            if column is None or name == "billing.rating_segments":
                continue
            mine = f"public.is_mine({OWNERS[column].format(row=f'{table.name}.{column}')})"
            connection.execute(text(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"))
            connection.execute(text(f"CREATE POLICY parts ON {name} TO {WRITER} USING ({mine})"))
    owner.dispose()


def open_part(url: URL, part: int) -> Engine:
    engine = open_warehouse(url)

    @event.listens_for(engine, "connect")
    def say_part(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET akubill.part = '{part}'")
        connection.commit()

    return engine
