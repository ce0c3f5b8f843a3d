"""What a command started is gone when the command is: when it has ended, and when it was interrupted at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
MARK = "LEFT_BY"
AKUBILL = str(Path(sys.executable).with_name("akubill"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Place(NamedTuple):
    """A folder for all that a command makes, and a mark that the processes of the command inherit."""

    folder: Path
    mark: str

    def start(self, *command: str) -> subprocess.Popen[str]:
        """As a terminal does: in a process group of its own."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "AKUBILL_"))}
        own = {"AKUBILL_STATE": str(self.folder / "state"), "TMPDIR": str(self.folder), MARK: self.mark}
        return subprocess.Popen(
            command,
            env={**inherited, **own},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def left(self) -> list[psutil.Process]:
        """What carries the mark, or works in the folder: PostgreSQL writes its title over its environment."""
        return [process for process in psutil.process_iter() if self._is_of_the_command(process)]

    def serves(self) -> bool:
        """Whether a PostgreSQL has begun."""
        for process in self.left():
            with suppress(psutil.NoSuchProcess):  # it may end while it is looked at
                if process.name().startswith("postgres"):
                    return True
        return False

    def _is_of_the_command(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return process.environ().get(MARK) == self.mark or Path(process.cwd()).is_relative_to(self.folder)
        except (psutil.Error, OSError):
            return False


@pytest.fixture
def place(server_folder: Path) -> Iterator[Place]:
    place = Place(server_folder, uuid.uuid4().hex)
    yield place
    for process in place.left():
        process.kill()


def until_said(words: str) -> Callable[[Place, subprocess.Popen[str]], str]:
    """Wait until the command has said the words; yields all that it said."""

    def wait(_place: Place, command: subprocess.Popen[str]) -> str:
        said = ""
        for line in command.stdout or ():
            said += line
            if words in line:
                break
        return said

    return wait


def until_it_serves(place: Place, command: subprocess.Popen[str]) -> str:
    """Wait until the command has a PostgreSQL, which may be starting still."""
    while not place.serves():
        assert command.poll() is None, command.communicate()
        time.sleep(0.02)
    return ""


def make(target: str) -> tuple[str, ...]:
    """A target of the Makefile, with what is installed already."""
    return "make", "--no-print-directory", "-o", "setup", "-o", ".venv/.installed", "-o", ".venv/.installed-dev", target


SERVE = (AKUBILL, "sandbox", "serve", "--port", "0", "--state", "sandbox")
FAULTS = (AKUBILL, "faults", "run", "--seed=1", "--level=2")
BENCH = (sys.executable, "-m", "benchmarks", "import_usage", "--size", "small")
TESTS = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/alibaba", "tests/warehouse")
PARTS = [
    (make("up"), signal.SIGINT, until_it_serves),
    (make("up"), signal.SIGTERM, until_said("Airflow and warehouse: migrating")),
    (make("up"), signal.SIGHUP, until_said("Airflow: waiting")),
    (make("demo-check"), signal.SIGTERM, until_said("Sandbox: starting")),
    (make("demo-check"), signal.SIGINT, until_said("Airflow: starting")),
    (make("demo"), signal.SIGHUP, until_it_serves),
    (make("soak"), signal.SIGTERM, until_said("Airflow and warehouse: migrating")),
    (FAULTS, signal.SIGTERM, until_said("nothing goes wrong")),
    (BENCH, signal.SIGTERM, until_it_serves),
    (TESTS, signal.SIGTERM, until_it_serves),
    (TESTS, signal.SIGINT, until_it_serves),
]


@pytest.mark.parametrize(
    ("command", "number", "wait"), PARTS, ids=[f"{each[0][-1]}-{signal.Signals(each[1]).name}" for each in PARTS]
)
def test_a_command_that_is_interrupted_leaves_nothing_running(
    place: Place,
    command: tuple[str, ...],
    number: signal.Signals,
    wait: Callable[[Place, subprocess.Popen[str]], str],
) -> None:
    with place.start(*command) as running:
        said = wait(place, running)
        os.killpg(running.pid, number)
        ended, _ = running.communicate(timeout=120)
    assert running.returncode != 0, said + ended
    assert "Traceback" not in ended or command is TESTS
    assert place.left() == [], said + ended


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_sandbox_ends_on_a_signal(place: Place, number: signal.Signals) -> None:
    state = str(place.folder / "sandbox")
    with place.start(*SERVE[:-1], state) as serving:
        until_said("sandbox at")(place, serving)
        os.killpg(serving.pid, number)
        said, _ = serving.communicate(timeout=60)
    assert "Traceback" not in said
    assert place.left() == []


def test_a_command_that_is_interrupted_while_it_is_loaded_shows_no_traceback(place: Place) -> None:
    for _ in range(5):
        with place.start(AKUBILL, "bills", "list") as running:
            time.sleep(0.15)
            os.killpg(running.pid, signal.SIGINT)
            said, _ = running.communicate(timeout=60)
        assert "include" not in said or "Traceback" not in said, said
    assert place.left() == []
