"""The demo on one stack: right the first time, found to be there when it is played again, and walked through.

Then a person uses its pages, and no secret is anywhere in what all of that left.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from include.local import processes, stack
from include.local.demo import Demo
from include.local.demo_checks import verify
from include.local.secret_scan import scan_secrets
from include.local.state import State
from tests.support.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.local.stack import Running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]


@pytest.fixture
def running(server_folder: Path) -> Iterator[Running]:
    """A stack for all of it; nothing of it is left."""
    place = State(server_folder / "state")
    try:
        running = stack.up(place, print)
        yield running
    finally:
        stack.clean(place, print)
    assert list(processes.members(running.settings.stack_id)) == []
    assert not place.folder.exists()


def test_the_demo_is_right_the_first_time_and_again_and_is_walked_through(running: Running) -> None:
    demo = Demo(running, print, datetime.now(UTC))
    checks = list(verify(demo, demo.play(with_lives=True)))
    assert len(checks) > 12
    assert [check for check in checks if not check.holds] == []
    made = bills_of(demo)
    demo.play()
    assert bills_of(demo) == made
    walk(running)
    scanned = scan_secrets(running)
    assert scanned.leaks == []
    assert min(scanned.places.values()) > 0
    planted = base64.b64encode(running.settings.callback_key.encode()).decode()
    (running.state.logs / "planted.log").write_text(f"signed with {planted}", encoding="utf-8")
    assert {leak.place for leak in scan_secrets(running).leaks} == {"files: logs/planted.log"}


def bills_of(demo: Demo) -> list[tuple[object, ...]]:
    """Every issued document, with its fingerprint."""
    query = "SELECT bill_id, state, total, fingerprint FROM billing.bills WHERE issued_at IS NOT NULL ORDER BY bill_id"
    return [tuple(row) for row in demo.ask(query)]
