"""The database goes down in the middle of work and comes back: an error now, the right rows at the next try."""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from include.domain.periods import Window
from include.metering.hours.close import close_hours
from include.metering.polling.collect import collect_shard
from include.warehouse import server
from include.warehouse.embedded import SCRATCH, scratch_warehouse, start_server
from include.warehouse.vault import Vault
from tests.support.breaking import held, wait_until
from tests.support.builders import rows
from tests.support.metering.consoles import enter
from tests.support.metering.lives import Environment, at, every_five_minutes, hours, kafka

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The folder of a server that these tests may stop."""
    made = Path(tempfile.mkdtemp(prefix="akubill-restart-"))
    yield made
    server.stop(made)
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def fragile(folder: Path) -> Iterator[Engine]:
    """A warehouse on that server."""
    with scratch_warehouse(start_server(folder)) as engine:
        yield engine


def break_in_the_middle(folder: Path, fragile: Engine, table: str, work: Callable[[], object]) -> BaseException:
    """Restart the server when the work is about to write to the table; what the work raises."""
    with ThreadPoolExecutor(1) as pool:
        running = None
        try:
            with held(fragile, table) as is_wanted:
                running = pool.submit(work)
                wait_until(lambda: is_wanted() or running.done())
                assert not running.done()
                server.stop(folder)
        except OperationalError:
            pass  # the session that held the lock went down, too
        server.start(folder, SCRATCH)
        assert running is not None
        raised = running.exception()
    assert raised is not None
    return raised


def test_hours_that_were_being_closed_are_closed_by_the_next_try(folder: Path, fragile: Engine) -> None:
    orders = Environment(fragile)
    orders.tell(*every_five_minutes(orders, 65, kafka(6)))

    def close() -> object:
        return close_hours(fragile, Window(at(0), at(60)), at(67))

    assert isinstance(break_in_the_middle(folder, fragile, "metering.usage", close), OperationalError)
    assert hours(fragile) == []
    close()
    assert [hour.aku_seconds for hour in hours(fragile)] == [6 * 3600]


def test_a_collection_ends_with_the_databases_error_and_the_next_one_is_whole(
    folder: Path, fragile: Engine, sandbox: SandboxHandle
) -> None:
    vault = Vault(SecretStr(Fernet.generate_key().decode()))
    enter(fragile, vault, sandbox.consoles(count=5, instances=2))
    raised = break_in_the_middle(folder, fragile, "metering.readings", lambda: collect_shard(fragile, vault, 0))
    assert isinstance(raised, OperationalError)
    assert rows(fragile, "SELECT 1 FROM metering.polls") == []
    assert collect_shard(fragile, vault, 0).answered == 5
    assert rows(fragile, "SELECT count(*) FROM metering.readings") == [(10,)]
