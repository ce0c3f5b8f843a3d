"""One stack, killed and started again: it is healthy, reached from this machine only, and says in words what failed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from include.domain.errors import AkubillError
from include.local import processes, stack, state
from include.local.airflow_api import LOGGER, AirflowApi, Run
from include.local.state import State
from include.warehouse import server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.local.stack import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

REASON = "It was agreed on the phone."
#: A DAG, what its form is given, the task that fails, and the words of its sentence.
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "subscription_release",
        {"subscription": "sub-none", "ended_at": "2026-11-01T00:00:00Z", "reason": REASON},
        "release",
        "Subscription is 'sub-none': it is not known",
    ),
    ("usage_import", {"file": "missing.csv"}, "find_files", "missing.csv"),
    ("usage_import", {"file": "latin-1.csv"}, "each_file.import_file", "latin-1.csv"),
    (
        "bill_correction",
        {"subscription": "sub-none", "bill": "2026-10-none", "cause": "late_usage", "reason": REASON},
        "correct_bill",
        "2026-10-none",
    ),
    ("gap_waiver", {"gaps": "4711", "reason": REASON}, "waive_gaps", "4711"),
    (
        "private_offer",
        {"subscription": "sub-none", "from": "2026-11-01", "discount_percent": "10", "reason": REASON},
        "enter_offer",
        "sub-none",
    ),
    ("price_plan_publish", {"plan": "name: [unfinished"}, "check_plan", "line 1"),
    ("bill_review", {"bill": "2026-10-none"}, "await_answer", "2026-10-none"),
    (
        "bill_export",
        {"period": "2026-10", "formats": ["csv"], "destination": "/dev/null/exports"},
        "find_due",
        "'/dev/null/exports': it does not lie in",
    ),
    (
        "subscription_onboarding",
        {
            "account_id": "1100000000000009",
            "region": "cn-hangzhou",
            "environment_name": "orders",
            "network": "vpc-bp1a2b3c",
            "payment": "prepaid",
        },
        "prerequisites.region",
        "Licence AKU is missing",
    ),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A stack whose every process was killed once, and that came up again."""
    folder = Path(tempfile.mkdtemp(prefix="akubill-tests-"))
    folder.chmod(0o755)
    place = State(folder / "state with a space")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AKUBILL_UI_PORT", raising=False)
        patch.delenv("AKUBILL_SANDBOX_PORT", raising=False)
        try:
            place.make()
            # A task that is killed is missed after minutes only, and holds back the next run of its DAG.
            state.save_settings(place, replace(state.make_settings(), dags_begin_paused=True))
            first = stack.up(place, print)
            assert first.passwords_are_new
            for process in [*processes.members(first.settings.stack_id), server.postmaster(place.postgres)]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            yield stack.up(place, print)
        finally:
            stack.down(place, print)
            shutil.rmtree(folder, ignore_errors=True)
    assert not any(stack.statuses(place).values())
    assert list(processes.members(first.settings.stack_id)) == []


@pytest.fixture(scope="module")
def api(running: Running) -> AirflowApi:
    passwords = state.load_passwords(running.state)
    return AirflowApi(running.settings.ui_url, "admin", passwords["admin"])


def test_it_comes_up_again_with_its_passwords(running: Running) -> None:
    assert not running.passwords_are_new
    assert all(stack.statuses(running.state).values())
    health = httpx.get(f"{running.settings.ui_url}/api/v2/monitor/health", trust_env=False).json()
    assert {part["status"] for part in health.values()} == {"healthy"}


def sockets(process: psutil.Process) -> list[Any]:
    """Those that it has open; none of one that has just ended, like a task's."""
    with suppress(psutil.NoSuchProcess):
        return list(process.net_connections("inet"))
    return []


def test_everything_listens_on_this_machine_only(running: Running) -> None:
    postmaster = server.postmaster(running.state.postgres.resolve())
    assert postmaster is not None
    family = [postmaster, *postmaster.children(recursive=True), *processes.members(running.settings.stack_id)]
    heard = {
        (socket.laddr.port, socket.laddr.ip)
        for process in family
        for socket in sockets(process)
        if socket.status == psutil.CONN_LISTEN or (socket.type.name == "SOCK_DGRAM" and not socket.raddr)
    }
    assert {running.settings.ui_port, running.settings.sandbox_port} <= {port for port, _ in heard}
    assert [(port, ip) for port, ip in heard if not ip_address(ip).is_loopback] == []


def test_psql_opens_the_warehouse_and_leaves_nothing(running: Running) -> None:
    program = str(Path(sys.executable).with_name("akubill"))
    environment = {**os.environ, "AKUBILL_STATE": str(running.state.folder), "PSQLRC": os.devnull}
    query = "SELECT 'the ' || current_database();"
    done = subprocess.run(
        [program, "stack", "psql"], env=environment, input=query, capture_output=True, text=True, check=True
    )
    assert "the warehouse" in done.stdout
    mine = [child for child in psutil.Process().children(recursive=True) if child.name() == "psql"]
    assert mine == []


@pytest.fixture(scope="module")
def runs(running: Running, api: AirflowApi) -> list[Run]:
    """A run for each of REFUSED."""
    drop = running.state.folder / "usage-drop"
    drop.mkdir(exist_ok=True)
    (drop / "latin-1.csv").write_bytes("Zürich\n".encode("latin-1"))
    for dag_id in {dag_id for dag_id, _, _, _ in REFUSED}:
        api.unpause(dag_id)
    return [api.trigger(dag_id, conf) for dag_id, conf, _, _ in REFUSED]


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=[f"{dag_id}-{words}" for dag_id, _, _, words in REFUSED])
def test_a_task_that_fails_for_a_known_reason_says_so_and_shows_no_traceback(
    running: Running, api: AirflowApi, runs: list[Run], number: int
) -> None:
    run, (_, _, task_id, words) = runs[number], REFUSED[number]
    failed: list[str] = []
    api.follow(run, lambda name, state: failed.append(name) if state == "failed" else None, timeout_seconds=240)
    [task] = [name for name in failed if name.split("[")[0] == task_id]
    lines = log_of(running, run, task)
    first = next(line for line in lines if line["level"] in {"warning", "error", "critical"})
    assert (first["logger"], words in first["event"]) == (LOGGER, True), first
    assert [line for line in lines if line.get("error_detail") or "Traceback" in line["event"]] == []
    if "[" not in task:
        assert words in " ".join(api.errors(run, task))
    assert words in api.note(run)


def test_every_form_refuses_in_words_what_is_of_another_kind(
    running: Running, api: AirflowApi, runs: list[Run]
) -> None:
    asked = 0
    for file in sorted((state.ROOT / "dags").glob("*.py")):
        dag_id = file.stem
        for name in api._get(f"/api/v2/dags/{dag_id}/details")["params"] or {}:
            with pytest.raises(AkubillError) as refused:
                api.trigger(dag_id, {name: {"neither": "text nor number"}})
            said = str(refused.value)
            assert "answered 400" in said, said
            assert "Invalid input for param" in said, said
            assert "Traceback" not in said
            asked += 1
    assert asked > len(REFUSED)


def log_of(running: Running, run: Run, task: str) -> list[dict[str, Any]]:
    """The lines of the first attempt's log file."""
    name, _, index = task.partition("[")
    folder = running.state.airflow / "logs" / f"dag_id={run.dag_id}" / f"run_id={run.run_id}" / f"task_id={name}"
    if index:
        folder /= f"map_index={index.rstrip(']')}"
    return [json.loads(line) for line in (folder / "attempt=1.log").read_text(encoding="utf-8").splitlines()]
