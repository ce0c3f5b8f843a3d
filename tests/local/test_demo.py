"""`make demo-check` once; played again on the same state, it finds what it made.

Then a person uses its pages, and no secret is anywhere in what all of that left.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.local import processes, stack, state
from include.local.demo import Demo
from include.local.secret_scan import scan_secrets
from include.local.state import State
from tests.support.walk import walk

if TYPE_CHECKING:
    from include.local.stack import Running


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
    done = akubill("demo", "check", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
    settings = state.load_settings(State(folder))
    assert list(processes.members(settings.stack_id)) == [], "everything it started was stopped"
    try:
        running = stack.up(State(folder), print)
        made = bills_of(running)
        Demo(running, print, datetime.now(UTC)).play()
        assert bills_of(running) == made
        walk(running)
        scanned = scan_secrets(running)
        assert scanned.leaks == []
        assert min(scanned.places.values()) > 0
        planted = base64.b64encode(running.settings.callback_key.encode()).decode()
        (running.state.logs / "planted.log").write_text(f"signed with {planted}", encoding="utf-8")
        assert {leak.place for leak in scan_secrets(running).leaks} == {"files: logs/planted.log"}
    finally:
        stack.down(State(folder), print)
    assert akubill("stack", "clean", folder=folder).returncode == 0
    assert not folder.exists()


def bills_of(running: Running) -> list[tuple[object, ...]]:
    """Every issued document, with its fingerprint."""
    query = "SELECT bill_id, state, total, fingerprint FROM billing.bills WHERE issued_at IS NOT NULL ORDER BY bill_id"
    return [tuple(row) for row in Demo(running, print, datetime.now(UTC)).ask(query)]
