"""Starts again what has died, as an init system does."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

from include.domain.errors import AkubillError
from include.local import environment, processes, stack
from include.local.stack import AIRFLOW_COMPONENTS
from include.warehouse import server
from include.warehouse.embedded import start_server

if TYPE_CHECKING:
    from include.local.stack import Running

POSTGRES, CALLBACK_SERVER, SECOND = "postgres", "callback-server", "scheduler-2"
#: What may be killed, and is started again.
SUPERVISED = (POSTGRES, CALLBACK_SERVER, *AIRFLOW_COMPONENTS)
_LOOKS_AFTER_SECONDS = 0.5


class Supervisor:
    """Watches a stack; what was killed stays dead for as long as it was given."""

    def __init__(self, running: Running, callback_port: int) -> None:
        self._place, self._stack_id = running.state, running.settings.stack_id
        # What PostgreSQL's pid file says of it is not whole while it starts.
        self.socket_folder = server.socket_folder(running.state.postgres.resolve())
        settings = running.settings
        airflow = environment.airflow_settings(running.state, settings, self.socket_folder)
        self._surroundings = environment.process_environment(settings, airflow)
        akubill = str(Path(sys.executable).with_name("akubill"))
        self._commands = {name: stack.command_of(name) for name in AIRFLOW_COMPONENTS}
        self._commands[CALLBACK_SERVER] = [akubill, "marketplace", "serve", "--port", str(callback_port)]
        self._until: dict[str, float] = {}
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self.start(CALLBACK_SERVER)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """What dies from now on stays dead."""
        self._ended.set()
        self._thread.join()

    def find(self, name: str) -> psutil.Process | None:
        """The process of a component."""
        if name == POSTGRES:
            return server.postmaster(self._place.postgres.resolve())
        return processes.find(self._place, name)

    def kill(self, name: str, seconds: float) -> bool:
        """Kill it, and let it be dead for so long; whether there was something to kill."""
        with self._lock:
            process = self.find(name)
            if process is None:
                return False
            self._until[name] = time.monotonic() + seconds
            with suppress(psutil.NoSuchProcess):
                process.kill()
                process.wait(10)
            return True

    def start(self, name: str, command: str = "") -> None:
        """Start a component; another one of a kind has a name of its own."""
        processes.start(self._place, name, self._commands[command or name], self._surroundings)

    def bury(self) -> None:
        """End what the dead left, as an init system does.

        A scheduler's workers hold the database's session that they have inherited, and with it its locks on DAG runs.
        """
        for process in processes.members(self._stack_id):
            with suppress(psutil.Error, OSError):
                if not _is_alive(os.getsid(process.pid)):
                    process.kill()

    def dead(self) -> list[str]:
        """What does not run."""
        return [name for name in SUPERVISED if self.find(name) is None]

    def _watch(self) -> None:
        while not self._ended.wait(_LOOKS_AFTER_SECONDS):
            with self._lock:
                for name in self.dead():
                    if time.monotonic() > self._until.get(name, 0.0):
                        self._restart(name)

    def _restart(self, name: str) -> None:
        self.bury()
        if name == POSTGRES:
            with suppress(AkubillError):  # it is tried again
                start_server(self._place.postgres, keep_running=True)
        else:
            self.start(name)


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
