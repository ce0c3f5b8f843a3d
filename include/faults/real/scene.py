"""Where lives are lived in real processes: a stack of its own, a proxy on each side of it, and who restarts the dead."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
import psycopg

from include.domain.errors import AkubillError
from include.faults.real.airflow import PatientApi
from include.faults.real.proxy import Proxy
from include.faults.real.watching import Watcher
from include.local import environment, processes, stack, state
from include.local.interrupts import pause
from include.local.ports import free_port
from include.local.sandbox_api import SandboxApi
from include.local.stack import AIRFLOW_COMPONENTS, CALLBACKS
from include.local.temporary import temporary_stack
from include.warehouse import server
from include.warehouse.embedded import start_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.faults.history import History
    from include.local.stack import Running

#: Airflow notices death sooner than it usually does.
_QUICK = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
}
POSTGRES, CALLBACK_SERVER, SECOND = "postgres", "callback-server", "scheduler-2"
#: What may be killed, and is started again.
SUPERVISED = (POSTGRES, CALLBACK_SERVER, *AIRFLOW_COMPONENTS)
_LOOKS_AFTER_SECONDS = 0.5
VENDOR = "alibaba_vendor"


class Scene(NamedTuple):
    """What lives are lived with.

    Attributes:
        running: the stack.
        outside: the proxy through which the product calls the outside.
        inside: the proxy through which the Marketplace calls the product.
        sandbox: the outside, as who arranges it sees it.
        airflow: Airflow, as its administrator sees it.
        supervisor: who restarts the dead.
    """

    running: Running
    outside: Proxy
    inside: Proxy
    sandbox: SandboxApi
    airflow: PatientApi
    supervisor: Supervisor

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection]:
        """A session that sees all of the warehouse."""
        folder = server.socket_folder(self.running.state.postgres.resolve())
        with psycopg.connect(host=str(folder), user="postgres", dbname="warehouse", autocommit=True) as session:
            session.execute("SET TIME ZONE 'UTC'")
            yield session

    def calm(self) -> None:
        """Nothing goes wrong any more, and everything runs."""
        self.outside.calm()
        self.inside.calm()
        self.supervisor.kill(SECOND, 0)
        while self.supervisor.dead():
            pause(_LOOKS_AFTER_SECONDS)
        self.supervisor.bury()


class Supervisor:
    """Starts again what has died, as an init system does; each has as long to stay dead as it was given."""

    def __init__(self, running: Running, callback_port: int) -> None:
        self._place = running.state
        settings, socket_folder = running.settings, server.socket_folder(running.state.postgres.resolve())
        airflow = environment.airflow_settings(running.state, settings, socket_folder)
        self._surroundings = environment.process_environment(settings, airflow)
        akubill = str(Path(sys.executable).with_name("akubill"))
        self._commands = {name: stack.command_of(name) for name in AIRFLOW_COMPONENTS}
        self._commands[CALLBACK_SERVER] = [akubill, "marketplace", "serve", "--port", str(callback_port)]
        self._until: dict[str, float] = {}
        self._dead_schedulers: list[int] = []
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.restarts = 0

    def __enter__(self) -> Supervisor:
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
        return server.postmaster(self._place.postgres.resolve()) if name == POSTGRES else processes.find(self._place, name)

    def kill(self, name: str, seconds: float) -> bool:
        """Kill it, and let it be dead for so long; whether there was something to kill."""
        with self._lock:
            process = self.find(name)
            if process is None:
                return False
            self._until[name] = time.monotonic() + seconds
            if name.startswith("scheduler"):
                self._dead_schedulers.append(process.pid)
            with suppress(psutil.NoSuchProcess):
                process.kill()
                process.wait(10)
            return True

    def start(self, name: str, command: str = "") -> None:
        """Start a component; another one of a kind has a name of its own."""
        processes.start(self._place, name, self._commands[command or name], self._surroundings)

    def bury(self) -> int:
        """End what the dead schedulers left: workers that wait for work which nobody gives them; how many."""
        left = [process for process in psutil.process_iter() if _session_of(process) in self._dead_schedulers]
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(left, timeout=5)
        self._dead_schedulers.clear()
        return len(left)

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
        self.restarts += 1
        if name == POSTGRES:
            with suppress(AkubillError):  # it is tried again
                start_server(self._place.postgres, keep_running=True)
        else:
            self.start(name)


def _session_of(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except OSError:
        return 0


@contextmanager
def open_scene(say: Callable[[str], None], history: History) -> Iterator[Scene]:
    """Everything that lives share; nothing of it is left at the end."""
    watcher = Watcher(history)
    with _product() as code, temporary_stack(say, {**_QUICK, "PYTHONPATH": str(code)}) as running:
        callback_port, settings = free_port(), running.settings
        with (
            Proxy(settings.sandbox_port, watcher.to_the_outside) as outside,
            Proxy(callback_port, watcher.from_the_outside) as inside,
            Supervisor(running, callback_port) as supervisor,
        ):
            sandbox = SandboxApi(settings.sandbox_url, state.load_sandbox_token(running.state))
            sandbox.change_settings(
                spi_url=f"http://127.0.0.1:{inside.port}{CALLBACKS}",
                spi_minute_seconds=8.0,
                metering_source="push",
                deploy_seconds=2,
                bill_delay_seconds=0,
            )
            passwords = state.load_passwords(running.state)
            airflow = PatientApi(settings.ui_url, "admin", passwords["admin"])
            airflow.put_cloud_account(
                VENDOR, outside.port, settings.vendor_account_id, settings.vendor_key_id, settings.vendor_key_secret
            )
            yield Scene(running, outside, inside, sandbox, airflow, supervisor)


@contextmanager
def _product() -> Iterator[Path]:
    """The product as a vendor has it who reports usage himself: a copy, whose catalogue says so."""
    with tempfile.TemporaryDirectory(prefix="akubill-faults-") as name:
        code = Path(name)
        shutil.copytree(state.ROOT / "include", code / "include", ignore=shutil.ignore_patterns("__pycache__"))
        for file in (code / "include" / "catalog").glob("*.product.yaml"):
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace("measured_by: ComputeNestBill", "measured_by: Custom"), encoding="utf-8")
        yield code


def folder_of_files(scene: Scene) -> Path:
    """Where usage files are dropped."""
    folder = scene.running.state.folder / "usage-drop"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
