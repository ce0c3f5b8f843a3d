"""What prevents a start is said in one sentence, and what a kill left is cleared away."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from include.domain.errors import ConfigurationError
from include.local import stack, state
from include.local.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def without_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AKUBILL_UI_PORT", raising=False)
    monkeypatch.delenv("AKUBILL_SANDBOX_PORT", raising=False)


@pytest.fixture
def place(server_folder: Path) -> Iterator[State]:
    place = State(server_folder / "state with a space")
    yield place
    if (place.folder / "settings.json").exists():
        stack.clean(place, print)


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_busy_port_that_the_reader_chose_stops_the_start(
    place: State, busy_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKUBILL_UI_PORT", str(busy_port))
    with pytest.raises(ConfigurationError, match=f"Port {busy_port}, for Airflow's UI, is taken"):
        stack.up(place, print)
    assert not any(stack.statuses(place).values())


def test_the_sandbox_does_not_move_once_its_consoles_have_addresses(
    place: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.make()
    settings = state.make_settings()
    settings.sandbox_port = 18081
    state.save_settings(place, settings)
    monkeypatch.setenv("AKUBILL_SANDBOX_PORT", "18082")
    with pytest.raises(ConfigurationError, match="consoles stand at port 18081"):
        stack.up(place, print)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of somebody else's")
def test_somebody_elses_state_is_left_alone(place: State) -> None:
    place.make()
    os.chown(place.folder, 65534, 65534)
    for command in (stack.up, stack.down):
        with pytest.raises(ConfigurationError, match="belongs to another user"):
            command(place, print)


def test_a_folder_that_is_no_stacks_state_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigurationError, match="may be something else"):
        stack.clean(State(tmp_path), print)
    assert (tmp_path / "thesis.txt").exists()


def test_stopping_what_never_ran_is_no_mistake(place: State, capsys: pytest.CaptureFixture[str]) -> None:
    stack.down(place, print)
    stack.clean(place, print)
    assert capsys.readouterr().out == "Nothing to stop.\nNothing to clean.\n"
