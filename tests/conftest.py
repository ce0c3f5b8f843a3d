"""Fixtures that all tests share: a real PostgreSQL for the session, and an empty migrated warehouse for each test."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from include.warehouse.embedded import scratch_warehouse, start_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

# A busy machine draws slowly, which says nothing of a property.
settings.register_profile("akubill", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("akubill")

#: A file system in memory, and how much of it has to be free: the write-ahead log takes most of it.
_MEMORY = Path("/dev/shm")  # noqa: S108 (what lies in it is a folder of our own)
_ROOM = 4 * 2**30

#: Fixtures that tests of several folders share.
pytest_plugins = [
    "tests.support.airflow",
    "tests.support.billing.october",
    "tests.support.bill_review",
    "tests.support.billing.rating",
    "tests.support.cloud",
    "tests.support.command_line",
    "tests.support.marketplace.pushing",
    "tests.support.metering.consoles",
    "tests.support.metering.properties",
    "tests.support.sandbox",
]


@pytest.fixture(scope="session")
def postgres_server() -> URL:
    """An embedded PostgreSQL of this test session; it stops with the session.

    It does not lie in pytest's own folder: every pytest that starts beside this one closes that folder to other users,
    and a server that root starts runs as another user. It lies in memory where there is room: each test has a database
    of 600 files, and most file systems take ten times as long to make and delete these.
    """
    is_roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    folder = Path(tempfile.mkdtemp(prefix="akubill-tests-", dir=_MEMORY if is_roomy else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # after the server has stopped, which registers later
    return start_server(folder)


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder that a PostgreSQL may have its data in; see `postgres_server`."""
    folder = Path(tempfile.mkdtemp(prefix="akubill-tests-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def warehouse(postgres_server: URL) -> Iterator[Engine]:
    """An empty, migrated warehouse; its sessions run as the writer role."""
    with scratch_warehouse(postgres_server) as engine:
        yield engine


@pytest.fixture
def owned_warehouse(postgres_server: URL) -> Iterator[Engine]:
    """An empty, migrated warehouse; its sessions run as its owner."""
    with scratch_warehouse(postgres_server, role=None) as engine:
        yield engine


_PARTS = {"postgres_server", "sandbox_server", "server_folder"}
#: Files that start whole stacks run one after the other, so that two stacks never share the cores.
_STACKS = ("local/test_demo", "soak/", "local/test_running_stack", "local/test_celery", "browser/", "faults/test_real")
#: What takes long starts early, so that no worker is left with it alone at the end.
_FIRST = (
    *_STACKS,
    "cli/test_bad_input",
    "dags/",
    "faults/",
    "stories/",
    "billing/corrections/",
    "metering/",
    "operations/",
)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Keep each file on one worker, and all files that start stacks on the same one."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "stacks" if file.removeprefix("tests/").startswith(_STACKS) else file

    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need real parts, and put long files first."""
    for item in items:
        if _PARTS & set(getattr(item, "fixturenames", ())):
            item.add_marker("parts")
        if "AKUBILL_EXAMPLES" in os.environ:
            item.add_marker(pytest.mark.timeout(0))  # a long run of a property
    items.sort(key=lambda item: _rank(item.path.relative_to(Path(__file__).parent).as_posix()))


def _rank(name: str) -> int:
    return next((rank for rank, start in enumerate(_FIRST) if name.startswith(start)), len(_FIRST))
