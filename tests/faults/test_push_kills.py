"""A push that is killed with -9 at every border of a transaction and of a call: never twice, never lost silently.

The points are those that an undisturbed run passes, named by what it does there. At each the run is killed, and later
runs do the rest; then the Marketplace's own book is compared with the ledger.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.breaking import wait_until
from tests.support.builders import rows
from tests.support.marketplace import killing
from tests.support.marketplace.pushing import AT, HOUR, Vendor

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

#: What the Marketplace does with the call: it books and answers, its answer is lost, it refuses, or it is not reached.
LIVES = ("answered", "answer_lost", "refused", "not_arrived")
POINTS = killing.POINTS


def arrange(vendor: Vendor, life: str) -> None:
    """One hour of usage, and a Marketplace of that kind for the first call."""
    vendor.subscribe()
    vendor.use(AT, 3600)
    if life == "answer_lost":
        vendor.sandbox.fault("lost_answer", action="PushMeteringData", times=1)
    elif life == "refused":
        vendor.sandbox.fault("refuse", action="PushMeteringData", times=1)


def push_in_a_process(vendor: Vendor, life: str, point: str, passed: Path) -> int:
    """A run that kills itself at the point; its exit code."""
    access = vendor.access
    endpoint = "127.0.0.1:9" if life == "not_arrived" else access.endpoint
    arguments = (
        vendor.warehouse.url.render_as_string(hide_password=False),
        f"{access.account_id} {access.access_key_id} {access.access_key_secret.get_secret_value()} {endpoint}",
        vendor.now.isoformat(),
        point,
        str(passed),
    )
    return subprocess.run([sys.executable, "-m", killing.__name__, *arguments], check=False).returncode


def after_it(vendor: Vendor) -> None:
    """The killed session has gone, and later runs go on until the hour's cut-off has passed."""
    wait_until(lambda: not rows(vendor.warehouse, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"))
    for _ in range(3):
        vendor.push()
        vendor.wait(120)
    vendor.wait_until(AT + 2 * HOUR)
    vendor.push()


def test_an_undisturbed_run_passes_these_points(vendor: Vendor, tmp_path: Path) -> None:
    arrange(vendor, "answered")
    passed = tmp_path / "passed"
    assert push_in_a_process(vendor, "answered", "none", passed) == 0
    assert tuple(passed.read_text(encoding="utf-8").splitlines()) == POINTS


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("point", POINTS)
def test_killed_there_nothing_is_charged_twice_or_lost_silently(
    point: str, life: str, vendor: Vendor, tmp_path: Path
) -> None:
    arrange(vendor, life)
    assert push_in_a_process(vendor, life, point, tmp_path / "passed") == -9, "It did not come to this point."
    after_it(vendor)
    vendor.assert_nothing_is_twice_or_lost()
    ((outcome, reason),) = vendor.ledger()
    assert outcome in {"accepted", "refused", "unknown"}
    if outcome == "unknown":
        assert reason in {"interrupted", "no_answer"}
    if POINTS.index(point) < POINTS.index("before the call") - 1:
        assert outcome == {"answer_lost": "unknown", "refused": "refused"}.get(life, "accepted")
    assert vendor.now - AT >= timedelta(hours=2)
