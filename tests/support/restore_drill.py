"""The restore drill: a warehouse is filled, lost and restored, and what is restored is verified.

`python -m tests.support.restore_drill` plays it at a size that takes some minutes, and writes
docs/reference/restore-drill.md. A small one is in tests/warehouse/test_restore_drill.py.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.corrections.correct import correct_bill
from include.billing.corrections.requests import read_correction
from include.billing.evidence.verify import verify_bills
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import load_product
from include.domain.errors import ConfigurationError, ConflictError
from include.metering.hours.close import close_hour
from include.metering.imports.load import import_usage
from include.metering.polling.readings import Poll, read_listing
from include.metering.polling.record import record_polls
from include.operations.audits import audit_issued_bills
from include.warehouse import server
from include.warehouse.embedded import LASTING, ensure_database
from include.warehouse.engine import open_warehouse
from include.warehouse.migrate import migrate
from include.warehouse.vault import Vault
from tests.support.billing.october import OCTOBER, price_plan, version
from tests.support.builders import environment_of, insert, make_buyer, make_instance, make_subscription
from tests.support.restore_servers import DATABASE, ArchivedServer, dump, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import URL, Engine

NOVEMBER = OCTOBER.next
HOUR = timedelta(hours=1)
PAGE = Path(__file__).parents[2] / "docs/reference/restore-drill.md"
_BY = "fang"


@dataclass
class Drill:
    """What was played: seconds by step, in their order, and facts of the warehouse that was restored."""

    customers: int
    hours: int
    seconds: dict[str, float] = field(default_factory=dict)
    rows: int = 0
    tables: int = 0
    documents: int = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step that takes time."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def play(folder: Path, customers: int, hours: int, settings: Mapping[str, str] = LASTING) -> Drill:
    """Fill, back up, go on, note an instant, go on, destroy, restore and verify; then the same by a dump.

    Args:
        folder: an empty one, which the server's user may pass through.
        customers: subscriptions with an instance each.
        hours: of usage of each, from the start of October on.
        settings: of the servers.
    """
    drill = Drill(customers, hours)
    key = SecretStr(Fernet.generate_key().decode())
    try:
        with drill.step("start a server that archives its log, and migrate"):
            first = ArchivedServer(folder, settings)
            ensure_database(first.url, DATABASE)
            migrate(open_warehouse(first.url.set(database=DATABASE), role=None))
            warehouse = open_warehouse(first.url.set(database=DATABASE))
        with drill.step("fill: usage files, polls, hours"):
            _fill(warehouse, folder, Vault(key), customers, hours)
        with drill.step("take a base backup (`pg_basebackup`), and compare it with its manifest"):
            first.back_up()
        with drill.step("go on: close October, give a credit note"):
            _close_and_correct(warehouse)
        noted, instant = _digests(first.url), first.clock()
        with drill.step("go on after the instant: close November, correct again"):
            _go_on(warehouse, folder)
            lost = _digests(first.url)
            first.archive_all()
        warehouse.dispose()
        first.destroy()
        with drill.step("restore to the instant (`recovery_target_time`)"):
            restored = first.restore(folder / "restored", instant)
        with drill.step("verify what was restored"):
            drill.documents = _verify(restored, noted, lost, key)
        with drill.step("dump the restored warehouse (`pg_dumpall --roles-only`, `pg_dump`)"):
            dump(restored, folder)
        with drill.step("load the dump into a new server (`psql`, `pg_restore`)"):
            loaded = load(folder, folder / "loaded", settings)
        with drill.step("verify what was loaded"):
            assert _verify(loaded, noted, lost, key) == drill.documents
    finally:
        for data in (folder / "data", folder / "restored", folder / "loaded"):
            server.stop(data)
    drill.tables, drill.rows = len(noted), sum(count for count, _ in noted.values())
    return drill


def _fill(warehouse: Engine, folder: Path, vault: Vault, customers: int, hours: int) -> None:
    """October so far: customers whose usage comes from a file, and one whose console is polled in the last hour."""
    publish_price_plans(warehouse, [price_plan(version(price="1.00", tax_rate="0.06"))])
    with warehouse.begin() as connection:
        buyer = make_buyer(connection)
        for number in range(customers):
            key = make_subscription(connection, buyer, f"c{number}", metering_started_at=None)
            make_instance(connection, key, f"kf-{number}")
        start = OCTOBER.window.end - HOUR
        polled = make_subscription(connection, buyer, "polled", started_at=start, metering_started_at=start)
        environment = environment_of(connection, polled)
        insert(
            connection,
            "core.environment_credentials",
            environment_key=environment,
            access_key_id="drill",
            secret_ciphertext=vault.encrypt(SecretStr("a console's secret")),
            stored_at=start,
        )
    _import(warehouse, folder, customers, OCTOBER.window.start, hours)
    instants = [start + number * timedelta(minutes=5) for number in range(14)]
    listing = [
        {
            "instanceId": "kf-polled",
            "name": "polled",
            "state": "Running",
            "spec": {"reservedAku": 3, "currentAku": 4},
            "gmtCreate": start.isoformat(),
            "gmtModified": start.isoformat(),
        }
    ]
    payload = zlib.compress(b"{}")
    polls = [Poll(environment, at, *read_listing(listing, at, load_product().aku), payload=payload) for at in instants]
    record_polls(warehouse, polls)
    close_hour(warehouse, start, instants[-1])


def _import(warehouse: Engine, folder: Path, customers: int, start: datetime, hours: int) -> None:
    file = folder / f"usage-{start:%Y%m%d}.csv"
    rows = [
        f"sub-01-c{customer},kf-{customer},{(start + hour * HOUR).isoformat()},{3600 + customer + hour}\n"
        for customer in range(customers)
        for hour in range(hours)
    ]
    file.write_text("".join(["subscription_id,instance_id,hour,aku_seconds\n", *rows]), encoding="utf-8")
    assert import_usage(warehouse, file, NOVEMBER.window.end).rows_rejected == 0


def _close_and_correct(warehouse: Engine) -> None:
    close_period(warehouse, OCTOBER, OCTOBER.window.end + 6 * HOUR)
    _give_credit(warehouse, "c0", NOVEMBER.window.start + 30 * HOUR)


def _give_credit(warehouse: Engine, name: str, at: datetime) -> None:
    correction = read_correction(
        subscription=f"sub-01-{name}",
        bill=f"2026-10-sub-01-{name}",
        cause="discount",
        delivery="note",
        reason="Ten per cent were agreed on the phone.",
        by=_BY,
        origin=f"manual__{name}",
        discount_percent="10",
    )
    assert correct_bill(warehouse, correction, at).document_id is not None


def _go_on(warehouse: Engine, folder: Path) -> None:
    """What must not come back: usage and bills of November, and one more credit note."""
    _import(warehouse, folder, 1, NOVEMBER.window.start, 10)
    close_period(warehouse, NOVEMBER, NOVEMBER.window.end + 6 * HOUR)
    _give_credit(warehouse, "c1", NOVEMBER.window.end + 30 * HOUR)


def _verify(url: URL, noted: dict[str, tuple[int, str]], lost: dict[str, tuple[int, str]], key: SecretStr) -> int:
    """Hold a restored warehouse against what was noted; how many documents it has."""
    found = _digests(url)
    assert {table: found[table] for table in found if found[table] != noted[table]} == {}, "all of it came back"
    assert {"billing.bills", "metering.usage"} <= {table for table in lost if lost[table] != noted[table]}
    warehouse = open_warehouse(url.set(database=DATABASE))
    try:
        verification = verify_bills(warehouse)
        assert verification.differences == []
        assert audit_issued_bills(warehouse, NOVEMBER.window.start) == []
        with pytest.raises(ConflictError), warehouse.begin() as connection:
            connection.execute(text("UPDATE billing.bills SET total = 0 WHERE state = 'issued'"))
        with warehouse.connect() as connection:
            stored = connection.scalar(text("SELECT secret_ciphertext FROM core.environment_credentials"))
        assert Vault(key).decrypt(stored).get_secret_value() == "a console's secret"
        with pytest.raises(ConfigurationError):
            Vault(SecretStr(Fernet.generate_key().decode())).decrypt(stored)
    finally:
        warehouse.dispose()
    return verification.document_count


def _digests(url: URL) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and the digest of what they say."""
    warehouse = open_warehouse(url.set(database=DATABASE), role=None)
    query = """
        SELECT c.oid::regclass::text FROM pg_class AS c
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
        ORDER BY 1
    """
    digest = "SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM {} AS t"
    try:
        with warehouse.connect() as connection:
            return {
                table: tuple(connection.execute(text(digest.format(table))).one())
                for table in connection.scalars(text(query)).all()
            }
    finally:
        warehouse.dispose()


def write_page(drill: Drill) -> str:
    """The report of a drill."""
    steps = "\n".join(f"| {name} | {seconds:.1f} |" for name, seconds in drill.seconds.items())
    return f"""# Restore drill

`make restore-drill` wrote this page. It fills a warehouse, loses it, restores it and verifies what came back.
[Back up and restore](../how-to/back-up-and-restore.md) has the same commands for your server. `make test` plays a small
one.

| | |
|---|---|
| customers | {drill.customers + 1} |
| hours of usage of each | {drill.hours} |
| rows restored | {drill.rows:,} in {drill.tables} tables |
| bills and notes verified | {drill.documents} |

| step | seconds |
|---|---|
{steps}

After both ways of restoring, all of this held; otherwise the drill fails and this page is not written:

- every table has exactly the rows that it had at the noted instant, and none that were written later;
- `akubill bills verify` computes every issued document again and finds no difference;
- the audits of issued bills find nothing;
- an issued bill still cannot be changed;
- a console's secret is decrypted with the vault's key, and with no other.
"""


def main() -> None:
    """A drill of some size; its report becomes the page."""
    folder = Path(tempfile.mkdtemp(prefix="akubill-restore-"))
    try:
        drill = play(folder, customers=200, hours=700)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    PAGE.write_text(write_page(drill), encoding="utf-8")
    print("\n".join(f"{seconds:8.1f} s  {name}" for name, seconds in drill.seconds.items()))  # noqa: T201


if __name__ == "__main__":
    main()
