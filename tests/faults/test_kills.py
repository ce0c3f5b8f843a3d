"""Work that is killed in the middle and done again leaves the same rows as work that was not disturbed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans
from include.domain.periods import HOUR, BillingPeriod, Window, floor_to_hour
from include.metering.hours.close import close_hours
from include.metering.imports.load import import_usage
from include.metering.polling.collect import Pace, collect_shard
from include.warehouse.embedded import scratch_warehouse
from include.warehouse.vault import Vault
from tests.support.breaking import kill_in_the_middle
from tests.support.builders import insert, make_buyer, make_instance, make_subscription, make_usage, rows
from tests.support.metering.consoles import enter
from tests.support.metering.lives import Environment, at, every_five_minutes, gaps, hour_states, hours, kafka

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import URL, Engine

    from tests.support.sandbox import SandboxHandle

pytestmark = pytest.mark.slow

OCTOBER = BillingPeriod("2026-10", "Asia/Shanghai")
DUE = OCTOBER.window.end + 6 * HOUR
USAGE = """
SELECT instance_id, hour_start, aku_seconds, source
FROM metering.usage INNER JOIN metering.instances USING (instance_key)
"""


@pytest.fixture
def undisturbed(postgres_server: URL) -> Iterator[Engine]:
    """A second warehouse, in which the same work is done in peace."""
    with scratch_warehouse(postgres_server) as engine:
        yield engine


def imported(warehouse: Engine) -> list[list[tuple[object, ...]]]:
    """What an import writes, without keys that a rolled back try uses up."""
    queries = (
        f"{USAGE} ORDER BY 1, 2",
        "SELECT file_sha256, file_name, rows_read, rows_loaded, rows_unchanged, rows_rejected FROM metering.imports",
        "SELECT rule, facts FROM metering.rejections ORDER BY 2",
    )
    return [rows(warehouse, query) for query in queries]


@pytest.mark.parametrize("table", ["metering.instances", "metering.usage", "metering.rejections"])
def test_an_import(table: str, warehouse: Engine, undisturbed: Engine, tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    start = OCTOBER.window.start
    lines = [f"sub-01-orders,kf-{n % 3},{(start + n // 3 * HOUR).isoformat()},{n}" for n in range(300)]
    lines += ["sub-01-orders,kf-1,2026-10-05T00:00:00Z,-5", "sub-unknown,kf-1,2026-10-05T00:00:00Z,5"]
    file.write_text("\n".join(["subscription_id,instance_id,hour,aku_seconds", *lines]), encoding="utf-8")
    for engine in (warehouse, undisturbed):
        with engine.begin() as connection:
            make_subscription(connection, make_buyer(connection), metering_started_at=None)
    kill_in_the_middle(
        warehouse,
        table,
        "from datetime import datetime\nfrom pathlib import Path\n"
        "from include.metering.imports.load import import_usage\n"
        "import_usage(warehouse, Path(arguments[0]), datetime.fromisoformat(arguments[1]))",
        str(file),
        DUE.isoformat(),
    )
    assert imported(warehouse) == [[], [], []]
    for engine in (warehouse, undisturbed):
        assert not import_usage(engine, file, DUE).imported_before
    assert imported(warehouse) == imported(undisturbed)
    assert len(imported(warehouse)[0]) == 300


def billed(warehouse: Engine) -> list[list[tuple[object, ...]]]:
    """What a period's close writes."""
    queries = (
        "SELECT bill_id, state, subtotal, tax, total, fingerprint, drafted_at, issued_at FROM billing.bills ORDER BY 1",
        """SELECT bill_id, line_no, kind, line_start, quantity, unit_price, exact_amount, amount
           FROM billing.bill_lines JOIN billing.bills USING (bill_key) ORDER BY 1, 2""",
        """SELECT bill_id, finding, facts FROM billing.bill_findings JOIN billing.bills USING (bill_key)
           ORDER BY 1, 2""",
        "SELECT term_start, term_end, price FROM core.licences ORDER BY 1",
    )
    return [rows(warehouse, query) for query in queries]


def make_a_month_to_bill(warehouse: Engine) -> None:
    """One that pays as it goes, one whose hours were not closed, and one with a licence to be renewed."""
    publish_price_plans(warehouse, catalog_price_plans())
    with warehouse.begin() as connection:
        buyer = make_buyer(connection)
        plain = make_subscription(connection, buyer, "plain", metering_started_at=None)
        make_usage(connection, make_instance(connection, plain, "kf-plain"), OCTOBER.window.start, range(3600, 3700))
        make_subscription(connection, buyer, "silent")
        prepaid = make_subscription(
            connection,
            buyer,
            "prepaid",
            metering_started_at=None,
            payment="prepaid",
            price_plan="automq-byoc-prepaid",
            started_at=OCTOBER.previous.window.start,
        )
        insert(
            connection,
            "core.licences",
            subscription_key=prepaid,
            term_start=OCTOBER.previous.window.start,
            term_end=OCTOBER.window.start,
            term_months=1,
            capacity_aku=6,
            price=3720,
            currency="CNY",
            auto_renew=True,
        )


@pytest.mark.parametrize("table", ["core.licences", "billing.bill_lines", "billing.bill_findings"])
def test_a_period_close(table: str, warehouse: Engine, undisturbed: Engine) -> None:
    for engine in (warehouse, undisturbed):
        make_a_month_to_bill(engine)
    before = billed(warehouse)
    kill_in_the_middle(
        warehouse,
        table,
        "from datetime import datetime\nfrom include.billing.bills.close import close_period\n"
        "from include.domain.periods import BillingPeriod\n"
        "close_period(warehouse, BillingPeriod(arguments[0], arguments[1]), datetime.fromisoformat(arguments[2]))",
        OCTOBER.name,
        OCTOBER.zone_name,
        DUE.isoformat(),
    )
    assert billed(warehouse) == before
    for engine in (warehouse, undisturbed):
        closed = close_period(engine, OCTOBER, DUE)
        assert (closed.issued_count, closed.held_count) == (2, 1)
    assert billed(warehouse) == billed(undisturbed)


@pytest.mark.parametrize("table", ["metering.usage", "metering.gaps"])
def test_a_closing_of_hours(table: str, warehouse: Engine, undisturbed: Engine) -> None:
    for engine in (warehouse, undisturbed):
        orders = Environment(engine)
        orders.tell(*every_five_minutes(orders, 20, kafka(6)), orders.poll(30, error="unreachable"))
        orders.tell(*every_five_minutes(orders, 125, kafka(9, m=40), since=50))
    window = Window(at(0), at(120))
    kill_in_the_middle(
        warehouse,
        table,
        "from datetime import datetime\nfrom include.domain.periods import Window\n"
        "from include.metering.hours.close import close_hours\n"
        "start, end, at = map(datetime.fromisoformat, arguments)\nclose_hours(warehouse, Window(start, end), at)",
        *(instant.isoformat() for instant in (window.start, window.end, at(127))),
    )
    assert (hours(warehouse), gaps(warehouse), hour_states(warehouse)) == ([], [], [])
    for engine in (warehouse, undisturbed):
        close_hours(engine, window, at(127))
    assert hours(warehouse) == hours(undisturbed) != []
    assert gaps(warehouse) == gaps(undisturbed) != []
    assert hour_states(warehouse) == hour_states(undisturbed)


@pytest.mark.parametrize("table", ["metering.instances", "metering.readings"])
def test_a_collection(table: str, warehouse: Engine, sandbox: SandboxHandle) -> None:
    """What polls there are depends on when one asks; what they come to does not, and it is the truth."""
    key = Fernet.generate_key().decode()
    vault = Vault(SecretStr(key))
    now = floor_to_hour(datetime.now(UTC))
    window = Window(now - 2 * HOUR, now)
    consoles = sandbox.consoles(count=8, instances=2, created_at=(now - 5 * HOUR).isoformat())
    enter(warehouse, vault, consoles)
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET metering_started_at = :at"), {"at": window.start})
    kill_in_the_middle(
        warehouse,
        table,
        "from pydantic import SecretStr\nfrom include.metering.polling.collect import Pace, collect_shard\n"
        "from include.warehouse.vault import Vault\n"
        "collect_shard(warehouse, Vault(SecretStr(arguments[0])), 0, Pace(batch=3))",
        key,
    )
    half = """
        SELECT 1 FROM metering.polls LEFT JOIN metering.readings USING (environment_key, observed_at)
        GROUP BY polls.environment_key, observed_at, instance_count HAVING count(instance_key) <> instance_count
    """
    assert rows(warehouse, half) == []
    done = collect_shard(warehouse, vault, 0, Pace(batch=3))
    assert (done.answered, done.failed) == (8, 0)
    close_hours(warehouse, window, now + timedelta(minutes=5))
    truth = {
        (row["instance_id"], datetime.fromisoformat(row["hour"]), row["aku_seconds"])
        for console in consoles
        for row in sandbox.usage(console.environment_id, window.start.isoformat(), window.end.isoformat())
    }
    assert {row[:3] for row in rows(warehouse, USAGE)} == truth
    assert len(truth) == 8 * 2 * 2
