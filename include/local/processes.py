"""The stack's processes: each component in a session of its own, with a log file and a record of who it is.

A process belongs to the stack when its environment carries the stack's mark; so stopping finds what Airflow forked,
orphans too, and can never hit a process that got a reused id.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

import psutil

from include.local.environment import MARK
from include.local.state import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from include.local.state import State

_START_TOLERANCE_SECONDS = 0.1
#: What these processes write, their owner alone reads: bills, logs, usage.
PRIVATE = 0o077


def start(state: State, name: str, command: Sequence[str], environment: dict[str, str]) -> None:
    """Start a component in the background; its output goes to logs/<name>.log."""
    with open_private(state.logs / f"{name}.log") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=state.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=PRIVATE,
        )
    record = {"pid": process.pid, "started_at": psutil.Process(process.pid).create_time()}
    write_private(state.runs / f"{name}.json", json.dumps(record))


def open_private(path: Path) -> BinaryIO:
    """The file, to append to; its owner alone reads it."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def find(state: State, name: str) -> psutil.Process | None:
    """The running process of a component: the recorded id, if it is still the process that was started then."""
    try:
        record = json.loads((state.runs / f"{name}.json").read_text(encoding="utf-8"))
        process = psutil.Process(record["pid"])
        same = abs(process.create_time() - record["started_at"]) < _START_TOLERANCE_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, KeyError, psutil.Error):
        return None


def last_words(state: State, name: str, lines: int = 5) -> str:
    """The end of a component's log."""
    path = state.logs / f"{name}.log"
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return " | ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())


def members(stack_id: str) -> Iterator[psutil.Process]:
    """Every process of the stack."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == stack_id:
                yield process


def stop_all(state: State, stack_id: str, timeout_seconds: float = 15) -> int:
    """Stop every process of the stack, kindly first, and return how many there were.

    Some programs (redis-server) write their title over their environment, and the mark with it: those are known by the
    record of their start.
    """
    recorded = [process for file in state.runs.glob("*.json") if (process := find(state, file.stem))]
    seen: set[int] = set()
    for end, patience in ((psutil.Process.terminate, timeout_seconds), (psutil.Process.kill, 10.0)):
        signalled: set[int] = set()
        deadline = time.monotonic() + patience
        # Looking again and again also finds what was forked meanwhile.
        while (running := _running(stack_id, recorded)) and time.monotonic() < deadline:
            for process in running:
                if process.pid not in signalled:
                    with suppress(psutil.NoSuchProcess):
                        end(process)
            signalled |= {process.pid for process in running}
            psutil.wait_procs(running, timeout=0.5)
        seen |= signalled
    for record in state.runs.glob("*.json"):
        record.unlink()
    return len(seen)


def _running(stack_id: str, recorded: Sequence[psutil.Process]) -> list[psutil.Process]:
    """The marked processes, and of the recorded ones those that still run."""
    alive = set(members(stack_id))
    for process in recorded:
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                alive.add(process)
    return list(alive)
