"""A push that is killed with -9 at every border of a transaction and of a call: never twice, never lost silently.

The points are those that undisturbed runs pass, named by what they do there. At each the run is killed, and later runs
do the rest; then the marketplace's own book is compared with the ledger. That is done for each channel, for a run that
sends its first record, and for one that finds an earlier request whose answer was lost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.breaking import wait_until
from tests.support.builders import rows
from tests.support.marketplace.killing import Run, run_and_die
from tests.support.marketplace.outsides import OUTSIDES
from tests.support.marketplace.pushing import AT, HOUR, Vendor

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxHandle

pytestmark = pytest.mark.slow

CHINA, INTERNATIONAL, AWS = CHANNELS = ("alibaba-china", "alibaba-international", "aws")


def borders(*steps: str) -> list[str]:
    """The points before and after each of these steps; a step that comes again is another one."""
    points: list[str] = []
    for step in steps:
        number = f" ({points.count(f'before the {step}') + 1})" if f"before the {step}" in points else ""
        points += [f"before the {step}{number}", f"after the {step}{number}"]
    return points


ENTERING, BEGINNING, BOOKING = (
    f"commit of {table}" for table in ("push_progress", "push_attempt_records", "push_records")
)
#: What a run passes that sends a first record, in this order.
FIRST = borders(ENTERING, BEGINNING, "call", BOOKING)
#: What a run passes that finds one unknown record and has another one to send.
LATER = {
    CHINA: borders(ENTERING, "harmless call", BEGINNING, "call", BOOKING),
    INTERNATIONAL: borders(ENTERING, "harmless call", "question", BOOKING, BEGINNING, "call", BOOKING),
    AWS: borders(ENTERING, "harmless call", BOOKING, BEGINNING, "call", BOOKING),
}
#: What the marketplace does with a call: it books and answers, its answer is lost, it refuses, or it is not reached.
LIVES = ("answered", "answer_lost", "refused", "not_arrived")
#: What it did with the call whose answer was lost: the fault, and whether it is in its book.
LOSSES = {"lost_answer": True, "unavailable": False}


@pytest.fixture
def seller(channel: str, warehouse: Engine, sandbox: SandboxHandle) -> Vendor:
    """A vendor at the channel's marketplace, without subscriptions."""
    outside = OUTSIDES[channel]
    return Vendor(warehouse, sandbox, outside.access(sandbox), outside=outside, metered_since=AT)


def push_in_a_process(seller: Vendor, point: str, folder: Path, access: object = None) -> tuple[int, list[str]]:
    """A run that kills itself at the point: its exit code, and which points it passed."""
    url, passed = seller.warehouse.url.render_as_string(hide_password=False), folder / "passed"
    run = Run(url, seller.outside.channel, access or seller.access, seller.now, point, passed)
    exit_code = run_and_die(run)
    # The server notices that the client is gone, and its session's lock goes.
    wait_until(lambda: not rows(seller.warehouse, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"))
    return exit_code, passed.read_text(encoding="utf-8").splitlines() if passed.exists() else []


def go_on(seller: Vendor) -> None:
    """Later runs, until nothing can be on its way any more, and until the hour's cut-off at Alibaba has passed."""
    for _ in range(2):
        seller.push()
        seller.wait(6 * 60)
    seller.push()
    seller.wait_until(AT + 2 * HOUR)
    seller.push()
    seller.assert_nothing_is_twice_or_lost()


def test_every_channel_is_killed() -> None:
    assert set(CHANNELS) == set(LATER) == set(OUTSIDES)


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_undisturbed_run_passes_these_points(channel: str, seller: Vendor, tmp_path: Path) -> None:
    seller.subscribe()
    seller.use(AT, 3600)
    assert push_in_a_process(seller, "none", tmp_path) == (0, FIRST)


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("point", FIRST)
@pytest.mark.parametrize("channel", CHANNELS)
def test_killed_there_nothing_is_charged_twice_or_lost_silently(
    channel: str, point: str, life: str, seller: Vendor, tmp_path: Path
) -> None:
    seller.subscribe()
    seller.use(AT, 3600)
    if life in {"answer_lost", "refused"}:
        seller.fault("lost_answer" if life == "answer_lost" else "refuse", times=1)
    access = replace(seller.access, endpoint="127.0.0.1:9") if life == "not_arrived" else None
    assert push_in_a_process(seller, point, tmp_path, access)[0] == -9, "It did not come to this point."
    go_on(seller)
    ((outcome, reason),) = seller.ledger()
    assert (outcome, reason if outcome == "unknown" else None) == expected(channel, point, life)


def expected(channel: str, point: str, life: str) -> tuple[str, str | None]:
    """What follows from what the ledger and the marketplace had when the run was killed."""
    at = FIRST.index(point)
    is_begun = at >= FIRST.index(f"after the {BEGINNING}")
    is_booked = at >= FIRST.index(f"after the {BOOKING}")
    was_called = at >= FIRST.index("after the call")
    if channel == CHINA and is_begun and not is_booked:
        return "unknown", "interrupted"
    if channel == CHINA and life == "answer_lost":
        return "unknown", "no_answer"
    # A refusal that was not heard is none: the record goes again, and is taken.
    is_refused = life == "refused" and (is_booked or not was_called)
    return ("refused" if is_refused else "accepted"), None


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("channel", "point"), [(channel, point) for channel in CHANNELS for point in LATER[channel]])
def test_killed_while_an_earlier_answer_is_lost_both_records_come_out_right(
    channel: str, point: str, loss: str, seller: Vendor, tmp_path: Path
) -> None:
    arrange_a_loss(seller, loss)
    assert push_in_a_process(seller, point, tmp_path)[0] == -9, "It did not come to this point."
    go_on(seller)
    outcomes = {quantity: outcome for outcome, quantity in seller.booked().values()}
    is_in_doubt = channel == CHINA and in_flight(point)
    if channel == CHINA:
        assert outcomes == {3600: "unknown", 60: "unknown" if is_in_doubt else "accepted"}
    else:
        assert outcomes == {3600: "accepted", 60: "accepted"}
    assert ([3600] in seller.book().values()) == (LOSSES[loss] or channel != CHINA)


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_undisturbed_run_after_a_lost_answer_passes_these_points(
    channel: str, seller: Vendor, tmp_path: Path
) -> None:
    arrange_a_loss(seller, "unavailable")
    assert push_in_a_process(seller, "none", tmp_path) == (0, LATER[channel])


def arrange_a_loss(seller: Vendor, loss: str) -> None:
    """A request whose answer was lost; later, when it cannot be on its way any more, another subscription's record."""
    seller.subscribe(2)
    seller.use(AT, 3600)
    seller.fault(loss, times=1)
    assert seller.push().outcomes == {"unknown": 1}
    seller.wait(6 * 60)
    seller.keys.reverse()
    seller.use(AT, 60)


def in_flight(point: str) -> bool:
    """Whether China's later run was killed after its request was entered, and before the answer was."""
    points = LATER[CHINA]
    return points.index(f"after the {BEGINNING}") <= points.index(point) < points.index(f"after the {BOOKING}")
