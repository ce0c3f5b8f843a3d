"""The embedded server survives what happens to laptops: kills, stale files, odd paths."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import psutil
import pytest

from include.warehouse import server
from include.warehouse.embedded import SCRATCH, ensure_database, server_url
from include.warehouse.engine import open_warehouse

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(server_folder: Path):
    place = server_folder / "data"
    yield place
    server.stop(place)


def ask(socket_folder: Path) -> object:
    engine = open_warehouse(server_url(socket_folder), role=None)
    with engine.connect() as connection:
        answer = connection.exec_driver_sql("SHOW server_encoding").scalar()
    engine.dispose()
    return answer


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root runs it as another user than itself.")
def test_the_user_that_it_runs_as_for_root_may_not_log_in(folder: Path) -> None:
    socket_folder = server.start(folder, SCRATCH)
    psql = [str(server.program("psql")), "-h", str(socket_folder), "-U", "postgres", "-c", "SELECT 1", "postgres"]
    user = server._server_user()
    done = subprocess.run(
        psql, user=user.pw_uid, group=user.pw_gid, extra_groups=(), capture_output=True, text=True, check=False
    )
    assert 'Peer authentication failed for user "postgres"' in done.stderr
    assert subprocess.run(psql, capture_output=True, text=True, check=False).returncode == 0


def test_a_second_start_joins_the_first(folder: Path) -> None:
    first = server.start(folder, SCRATCH)
    pid = server.postmaster(folder).pid
    assert server.start(folder, SCRATCH) == first
    assert server.postmaster(folder).pid == pid
    assert ask(first) == "UTF8"


def test_a_killed_server_starts_again_with_its_data(folder: Path) -> None:
    url = server_url(server.start(folder, {}))
    ensure_database(url, "kept")
    killed = server.postmaster(folder)
    killed.kill()
    killed.wait(10)
    socket_folder = server.start(folder, {})
    engine = open_warehouse(server_url(socket_folder).set(database="kept"), role=None)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    engine.dispose()


def test_a_pid_file_that_names_another_process_is_not_believed(folder: Path) -> None:
    server.start(folder, SCRATCH)
    server.stop(folder)
    lines = [str(os.getpid()), str(folder), "1", "5432", str(folder), "", "1 1", "ready"]
    (folder / "postmaster.pid").write_text("\n".join(lines))
    assert server.postmaster(folder) is None
    assert ask(server.start(folder, SCRATCH)) == "UTF8"
    assert psutil.pid_exists(os.getpid())


def test_a_start_that_was_killed_while_making_the_cluster_is_begun_again(folder: Path) -> None:
    half_made = folder.with_name(f".{folder.name}.new")
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18")
    assert ask(server.start(folder, SCRATCH)) == "UTF8"


@pytest.mark.parametrize("name", ["with a space", 'it\'s, "odd"', "long" * 40])
def test_any_path_will_do(server_folder: Path, name: str) -> None:
    place = server_folder / name / "data"
    try:
        assert ask(server.start(place, SCRATCH)) == "UTF8"
    finally:
        server.stop(place)


def test_only_the_servers_own_user_gets_into_its_folder(folder: Path) -> None:
    server.start(folder, SCRATCH)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
