"""Brings the local stack up and down: embedded PostgreSQL, sandbox, and Airflow's four components.

Every step can be repeated, and `up` begins by clearing away what a killed or half-finished earlier start left.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import httpx
from filelock import FileLock, Timeout

from include.domain.errors import ConfigurationError
from include.local import environment, ports, processes, state
from include.local.sandbox_api import SandboxApi
from include.warehouse import server
from include.warehouse.embedded import ensure_database, start_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.local.state import Settings, State

    Say = Callable[[str], None]

AIRFLOW_COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
#: Airflow's log servers listen on every address, and have no setting for that. On one machine the API server reads the
#: folder of logs itself, so they are left out.
_ARGUMENTS = {"scheduler": ("--skip-serve-logs",), "triggerer": ("--skip-serve-logs",)}
COMPONENTS = ("sandbox", *AIRFLOW_COMPONENTS)
#: Where the API server takes the Marketplace's callbacks.
CALLBACKS = "/marketplace/callbacks"
#: So long is a minute of the sandbox's Marketplace when it repeats a call.
_MINUTE_SECONDS = 15.0
_HEALTH_TIMEOUT_SECONDS = 240


class Running(NamedTuple):
    """A stack that is up. `passwords_are_new`: they were made up just now, and should be shown."""

    state: State
    settings: Settings
    passwords_are_new: bool


def up(place: State, say: Say) -> Running:
    """Start what does not run, wait until all of it is healthy, and say what happens.

    A start that fails, or is interrupted, leaves nothing running that it started.

    Raises:
        ConfigurationError: with a sentence on what is in the way and what to do.
    """
    _require_ownership(place)
    place.make()
    with _only_one(place):
        settings = state.load_settings(place) or state.make_settings()
        state.make_passwords(place)
        if all(statuses(place).values()):
            _wait_until_healthy(place, settings, say)
        else:
            with _all_or_nothing(place, settings):
                _start_all(place, settings, say)
                _wait_until_healthy(place, settings, say)
        passwords_are_new, settings.passwords_shown = not settings.passwords_shown, True
        state.save_settings(place, settings)
        return Running(place, settings, passwords_are_new)


def down(place: State, say: Say) -> None:
    """Stop everything that `up` started; what is stored stays."""
    if not place.folder.exists():
        say("Nothing to stop.")
        return
    _require_ownership(place)
    with _only_one(place):
        settings = state.load_settings(place)
        count = processes.stop_all(place, settings.stack_id) if settings else 0
        stopped = server.stop(place.postgres)
        say(f"Stopped {count} processes{' and PostgreSQL' if stopped else ''}." if count or stopped else "Nothing ran.")


def clean(place: State, say: Say) -> None:
    """Stop everything and delete the state folder: bills, connections, passwords, all of it."""
    if not place.folder.exists():
        say("Nothing to clean.")
        return
    if not (place.folder / "settings.json").exists() and any(place.folder.iterdir()):
        raise ConfigurationError(
            f"{place.folder} holds no stack's settings, so it may be something else. Delete it yourself if it is not."
        )
    down(place, say)
    shutil.rmtree(place.folder)
    say(f"Deleted {place.folder}.")


def statuses(place: State) -> dict[str, bool]:
    """Whether PostgreSQL and each component run."""
    running = {name: processes.find(place, name) is not None for name in COMPONENTS}
    return {"postgres": server.postmaster(place.postgres.resolve()) is not None, **running}


@contextmanager
def _only_one(place: State) -> Iterator[None]:
    """Hold the stack's lock, so that two terminals do not start or stop it at once."""
    try:
        with FileLock(place.lock, timeout=300, mode=0o600):
            yield
    except Timeout:
        raise ConfigurationError(
            f"Another start or stop of this stack has been under way for five minutes ({place.lock}). "
            "Wait for it, or end it."
        ) from None


def _require_ownership(place: State) -> None:
    """Root started it, an ordinary user goes on (or the other way round): files would get out of each other's reach."""
    owner = place.folder.stat().st_uid if place.folder.exists() else os.geteuid()
    if owner != os.geteuid():
        raise ConfigurationError(
            f"{place.folder} belongs to another user ({owner}). Run as that user, or set AKUBILL_STATE to a folder of "
            "your own."
        )


@contextmanager
def _all_or_nothing(place: State, settings: Settings) -> Iterator[None]:
    try:
        yield
    except BaseException:
        processes.stop_all(place, settings.stack_id)
        server.stop(place.postgres)
        raise


def _start_all(place: State, settings: Settings, say: Say) -> None:
    left = processes.stop_all(place, settings.stack_id, timeout_seconds=3)
    if left:
        say(f"Cleared away {left} processes of an unfinished earlier start.")
    _choose_ports(settings)
    settings.callback_key = settings.callback_key or state.make_key()  # a stack of an earlier version has none
    state.save_settings(place, settings)
    say("PostgreSQL: starting")
    url = start_server(place.postgres, keep_running=True)
    for database in ("airflow", "warehouse"):
        ensure_database(url, database)
    airflow = environment.airflow_settings(place, settings, server.socket_folder(place.postgres))
    environment.write_environment_file(place, airflow)
    surroundings = environment.process_environment(settings, airflow)
    say(f"Sandbox: starting at {settings.sandbox_url}")
    command = [sys.executable, "-m", "include.sandbox", "--port", str(settings.sandbox_port), "--state"]
    processes.start(place, "sandbox", [*command, str(place.sandbox)], surroundings)
    say("Airflow and warehouse: migrating")
    _set_up_airflow(place, surroundings)
    _enter_vendor_account(place, settings)
    say(f"Airflow: starting at {settings.ui_url}")
    for name in AIRFLOW_COMPONENTS:
        processes.start(place, name, command_of(name), surroundings)


def command_of(component: str) -> list[str]:
    """The command that one of Airflow's components runs as."""
    return [str(Path(sys.executable).with_name("airflow")), component, *_ARGUMENTS.get(component, ())]


def _choose_ports(settings: Settings) -> None:
    """Keep the ports of the first start where one can. The sandbox's is in consoles' addresses: it never changes."""
    wanted = ports.wanted_port("AKUBILL_SANDBOX_PORT")
    if settings.sandbox_port and wanted not in {None, settings.sandbox_port}:
        raise ConfigurationError(
            f"AKUBILL_SANDBOX_PORT is {wanted}, but this stack's consoles stand at port {settings.sandbox_port}. "
            "Leave it out, or start from scratch with `make clean`."
        )
    settings.sandbox_port = settings.sandbox_port or wanted or ports.free_port()
    ports.require_free(
        settings.sandbox_port,
        "the sandbox",
        "Stop that process, or choose another by AKUBILL_SANDBOX_PORT (after `make clean`, if the stack ran before).",
    )
    wanted = ports.wanted_port("AKUBILL_UI_PORT")
    if wanted:
        ports.require_free(wanted, "Airflow's UI", "Stop that process, or choose another by AKUBILL_UI_PORT.")
    settings.ui_port = wanted or _kept_or_new(settings.ui_port)
    settings.worker_log_port = _kept_or_new(settings.worker_log_port)
    settings.trigger_log_port = _kept_or_new(settings.trigger_log_port)


def _kept_or_new(port: int) -> int:
    return port if port and ports.is_free(port) else ports.free_port()


def _set_up_airflow(place: State, surroundings: dict[str, str]) -> None:
    log = place.logs / "setup.log"
    log.unlink(missing_ok=True)
    with processes.open_private(log) as output:
        done = subprocess.run(
            [sys.executable, "-m", "include.local.airflow_setup"],
            check=False,
            env=surroundings,
            cwd=place.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            umask=processes.PRIVATE,
        )
    if done.returncode != 0:
        raise ConfigurationError(
            f"Airflow's or the warehouse's database could not be migrated: {processes.last_words(place, 'setup')}. "
            f"The whole story is in {log}."
        )


def _enter_vendor_account(place: State, settings: Settings) -> None:
    """Make the vendor's account known to the sandbox, and the address that its Marketplace calls."""
    _wait_for(place, "sandbox", lambda: _answers(f"{settings.sandbox_url}/healthz"), timeout_seconds=60)
    account = {
        "account_id": settings.vendor_account_id,
        "role": "vendor",
        "access_key_id": settings.vendor_key_id,
        "access_key_secret": settings.vendor_key_secret,
    }
    sandbox = SandboxApi(settings.sandbox_url, state.load_sandbox_token(place))
    sandbox.enter_account(**account)
    sandbox.change_settings(
        spi_url=f"{settings.ui_url}{CALLBACKS}", spi_key=settings.callback_key, spi_minute_seconds=_MINUTE_SECONDS
    )


def _wait_until_healthy(place: State, settings: Settings, say: Say) -> None:
    say("Airflow: waiting for its health")
    for name in COMPONENTS:
        _wait_for(place, name, lambda: _is_healthy(settings), timeout_seconds=_HEALTH_TIMEOUT_SECONDS)


def _wait_for(place: State, name: str, is_ready: Callable[[], bool], timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not is_ready():
        dead = [
            each for each in COMPONENTS if (place.runs / f"{each}.json").exists() and not processes.find(place, each)
        ]
        if dead or time.monotonic() > deadline:
            culprit = dead[0] if dead else name
            problem = "ended" if dead else f"was not ready after {timeout_seconds:.0f} s"
            raise ConfigurationError(
                f"{culprit} {problem}. It said last: {processes.last_words(place, culprit) or 'nothing'}. "
                f"Its log is {place.logs / culprit}.log. All of it was stopped; `make up` tries again."
            )
        time.sleep(0.3)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _is_healthy(settings: Settings) -> bool:
    """Whether Airflow says that its database and its three other components are healthy."""
    try:
        answer = httpx.get(f"{settings.ui_url}/api/v2/monitor/health", timeout=5, trust_env=False)
        parts = answer.json().values() if answer.is_success else []
    except (httpx.HTTPError, ValueError):
        return False
    return bool(parts) and all(part["status"] == "healthy" for part in parts)
