"""`make demo-check`, twice on one state: what the first made, the second finds. Then a person uses its pages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.local import processes, stack, state
from include.local.state import State
from tests.support.walk import walk


def akubill(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
    environment["AKUBILL_STATE"] = str(folder)
    program = str(Path(sys.executable).with_name("akubill"))
    return subprocess.run(  # noqa: PLW1510 (the exit code is what is tested)
        [program, *arguments], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_demo_is_right_the_first_time_and_again_and_is_walked_through(server_folder: Path) -> None:
    folder = server_folder / "state"
    for _ in range(2):
        done = akubill("demo", "check", folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "FAILED" not in done.stdout
        settings = state.load_settings(State(folder))
        assert list(processes.members(settings.stack_id)) == [], "everything it started was stopped"
    try:
        walk(stack.up(State(folder), print))
    finally:
        stack.down(State(folder), print)
    assert akubill("stack", "clean", folder=folder).returncode == 0
    assert not folder.exists()
