"""What the first start makes up is kept, and only its owner reads it."""

from __future__ import annotations

import os
import shlex
import stat
import time
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values

from include.domain.errors import ConfigurationError
from include.local import environment, processes, state
from include.local.state import State

if TYPE_CHECKING:
    from pathlib import Path


def test_settings_are_kept_and_closed_to_others(tmp_path: Path) -> None:
    place = State(tmp_path)
    settings = state.make_settings()
    settings.ui_port = 18000
    state.save_settings(place, settings)
    assert state.load_settings(place) == settings
    assert stat.S_IMODE((tmp_path / "settings.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"stack_id": "x"}', '{"of_another_version": 1}', "\\udc80"])
def test_settings_that_no_start_has_written_are_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "settings.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"settings\.json does not hold the settings"):
        state.load_settings(State(tmp_path))


def test_settings_do_not_print_their_secrets() -> None:
    settings = state.make_settings()
    for secret in (settings.fernet_key, settings.jwt_secret, settings.api_secret, settings.vendor_key_secret):
        assert secret not in repr(settings)


def test_passwords_are_made_once(tmp_path: Path) -> None:
    place = State(tmp_path)
    state.make_passwords(place)
    first = state.load_passwords(place)
    state.make_passwords(place)
    assert state.load_passwords(place) == first
    assert set(first) == {"admin", "ops", "viewer"}
    assert stat.S_IMODE(place.passwords_file.stat().st_mode) == 0o600


def test_what_the_stack_makes_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    (folder / "logs").mkdir(mode=0o755)
    place = State(folder)
    place.make()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755, "a folder that is no stack's is left as it is"
    state.save_settings(place, state.make_settings())
    place.make()
    others = 0o066  # where root starts it, PostgreSQL's user passes through
    assert stat.S_IMODE(folder.stat().st_mode) & others == 0
    assert {stat.S_IMODE(inner.stat().st_mode) for inner in folder.iterdir() if inner.is_dir()} == {0o700}
    processes.start(place, "probe", ["sh", "-c", "mkdir made; echo x > made/file"], dict(os.environ))
    deadline = time.monotonic() + 30
    while not (folder / "made/file").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    made = [folder / "made", folder / "made/file", folder / "logs/probe.log", folder / "run/probe.json"]
    assert {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in made} == dict.fromkeys(
        ["made", "file", "probe.log", "probe.json"], 0
    )


def test_a_shell_and_the_command_line_read_the_same_environment(tmp_path: Path) -> None:
    place = State(tmp_path / "with a space")
    place.make()
    airflow = environment.airflow_settings(place, state.make_settings(), tmp_path / "a socket")
    environment.write_environment_file(place, airflow)
    assert dict(dotenv_values(place.environment_file, interpolate=False)) == airflow
    words = [shlex.split(line)[0] for line in place.environment_file.read_text().splitlines()]
    assert dict(word.split("=", 1) for word in words) == airflow


def test_the_callers_own_airflow_does_not_leak_into_the_stack(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "SequentialExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "postgres://elsewhere")
    settings = state.make_settings()
    surroundings = environment.process_environment(settings, {"AIRFLOW_HOME": "here"})
    assert "AIRFLOW_CONN_WAREHOUSE" not in surroundings
    assert "AIRFLOW__CORE__EXECUTOR" not in surroundings
    assert surroundings["AIRFLOW_HOME"] == "here"
    assert "127.0.0.1" in surroundings["NO_PROXY"].split(",")
