"""The stack's processes: found by their mark, stopped with all their children and no other process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from include.local import processes
from include.local.environment import MARK
from include.local.state import State

FORKING = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], \
start_new_session=True); print('up', flush=True); time.sleep(600)"


@pytest.fixture
def place(tmp_path):
    state = State(tmp_path / "state")
    state.make()
    yield state
    processes.stop_all(state, mark(state), timeout_seconds=1)


def mark(state: State) -> str:
    return f"test-{state.folder}"


def start(state: State, name: str, program: str) -> None:
    environment = {**os.environ, MARK: mark(state)}
    processes.start(state, name, [sys.executable, "-c", program], environment)


def wait_for(holds) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_stopping_finds_orphans_that_left_their_session(place: State) -> None:
    start(place, "forking", FORKING)
    wait_for(lambda: len(list(processes.members(mark(place)))) == 2)
    processes.find(place, "forking").kill()
    assert processes.stop_all(place, mark(place)) >= 1
    assert list(processes.members(mark(place))) == []


def test_one_that_ignores_being_asked_is_killed(place: State) -> None:
    start(
        place,
        "deaf",
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
    )
    wait_for(lambda: "up" in processes.last_words(place, "deaf"))
    assert processes.stop_all(place, mark(place), timeout_seconds=1) == 1
    assert processes.find(place, "deaf") is None


def test_one_that_writes_over_its_environment_is_stopped_too(place: State) -> None:
    processes.start(place, "titled", [sys.executable, "-c", "import time; time.sleep(600)"], {"PATH": os.defpath})
    started = processes.find(place, "titled")
    assert started is not None
    assert list(processes.members(mark(place))) == []
    assert processes.stop_all(place, mark(place), timeout_seconds=5) == 1
    assert not started.is_running() or started.status() == psutil.STATUS_ZOMBIE


def test_a_process_without_the_mark_is_left_alone(place: State) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        start(place, "ours", "import time; time.sleep(600)")
        wait_for(lambda: list(processes.members(mark(place))))
        processes.stop_all(place, mark(place))
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_record_whose_process_id_was_reused_finds_no_process(place: State) -> None:
    (place.runs / "ours.json").write_text(json.dumps({"pid": os.getpid(), "started_at": 1.0}))
    assert processes.find(place, "ours") is None
    assert psutil.pid_exists(os.getpid())


def test_what_a_component_said_last_is_kept(place: State) -> None:
    start(place, "talking", "print('first'); print('the reason')")
    wait_for(lambda: "the reason" in processes.last_words(place, "talking"))
    wait_for(lambda: processes.find(place, "talking") is None)
