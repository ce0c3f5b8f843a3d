"""Metering of consoles that change and fail all the time: nothing is lost, nothing invented, and nothing left running.

`make soak` plays the long one, an hour or more of real time.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from include.local import processes
from include.local.interrupts import listen_once
from include.local.temporary import temporary_stack
from tests.support.soak.in_airflow import READINGS, soak_in_airflow
from tests.support.soak.in_process import soak_in_process
from tests.support.soak.scene import Soak

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.warehouse.vault import Vault
    from tests.support.sandbox import SandboxHandle

pytestmark = pytest.mark.slow


class EnoughError(Exception):
    """The soak has shown what the test wants to see."""


def test_a_short_soak_loses_and_invents_nothing(warehouse: Engine, sandbox: SandboxHandle, vault: Vault) -> None:
    scene, until = soak_in_process(Soak(seconds=30, consoles=12, every=4, pause=6), sandbox, warehouse, vault)
    found, polls = scene.evaluate(until), scene.count_polls()
    assert found.problems == []
    assert found.exact_intervals > 0
    assert found.truth > 0
    assert polls.total() > polls["answered"] > 0


@pytest.mark.timeout(600)
def test_airflow_meters_and_leaves_nothing_when_the_soak_ends_early() -> None:
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if f"{READINGS}: " in line:
            raise EnoughError

    with pytest.raises(EnoughError), temporary_stack(said.append) as running:
        soak_in_airflow(Soak(consoles=8), running, say)
    assert [line for line in said if re.search(rf"{READINGS}: success, [1-8] polls answered", line)] != [], said
    assert not running.state.folder.exists()
    assert list(processes.members(running.settings.stack_id)) == []


@pytest.mark.timeout(0)
@pytest.mark.skipif("AKUBILL_SOAK_HOURS" not in os.environ, reason="it takes an hour or more: make soak")
def test_a_long_soak_by_airflow_loses_and_invents_nothing() -> None:
    listen_once()  # make and the terminal may both send Ctrl-C
    hours, consoles = float(os.environ["AKUBILL_SOAK_HOURS"]), int(os.environ["AKUBILL_SOAK_CONSOLES"])
    say = print
    with temporary_stack(say) as running:
        watch, found = soak_in_airflow(Soak(hours * 3600, consoles), running, say)
    for line in found.sentences(watch.polls):
        say(line)
    assert found.problems == []
    assert found.exact_intervals > 0
