"""Where scenarios are played in real processes: a stack of its own, and a proxy on each side of it."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psycopg

from include.faults.real.airflow import PatientApi
from include.faults.real.proxy import Proxy
from include.faults.real.supervisor import SECOND, Supervisor
from include.faults.real.watching import Watcher
from include.local import state
from include.local.interrupts import pause
from include.local.ports import free_port
from include.local.sandbox_api import SandboxApi
from include.local.stack import CALLBACKS
from include.local.temporary import temporary_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.faults.history import History
    from include.local.stack import Running

#: Airflow notices death sooner than it usually does.
_QUICK = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
}
_VENDOR = "alibaba_vendor"


class Scene(NamedTuple):
    """What scenarios are played with.

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
        with psycopg.connect(
            host=str(self.supervisor.socket_folder), user="postgres", dbname="warehouse", autocommit=True
        ) as session:
            session.execute("SET TIME ZONE 'UTC'")
            yield session

    def calm(self) -> None:
        """Nothing goes wrong any more, and everything runs."""
        self.outside.calm()
        self.inside.calm()
        self.supervisor.kill(SECOND, 0)
        while self.supervisor.dead():
            pause(0.2)
        self.supervisor.bury()


@contextmanager
def open_scene(say: Callable[[str], None], history: History) -> Iterator[Scene]:
    """Everything that scenarios share; nothing of it is left at the end."""
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
                spi_minute_seconds=20.0,
                metering_source="push",
                deploy_seconds=2,
                bill_delay_seconds=0,
            )
            passwords = state.load_passwords(running.state)
            airflow = PatientApi(settings.ui_url, "admin", passwords["admin"])
            airflow.put_cloud_account(
                _VENDOR, outside.port, settings.vendor_account_id, settings.vendor_key_id, settings.vendor_key_secret
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
