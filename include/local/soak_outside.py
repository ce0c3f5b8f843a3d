"""The soak's outside: a sandbox process of its own, consoles with random lives, and faults for a share of all calls."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.domain.errors import AkubillError
from include.local.sandbox_api import SandboxApi
from include.local.soak_lives import draw_lives

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

_FAULTS = ("throttle_without_header", "server_error", "unavailable", "html", "broken", "lost_answer", "slow")
_SLOW_SECONDS = 1.0
_SHARE_OF_OUTAGES = 0.15


@dataclass(frozen=True, slots=True)
class Outage:
    """A console that does not answer from start until end, in seconds of the soak."""

    environment_id: str
    start: float
    end: float


class Outside(SandboxApi):
    """The sandbox, as the soak arranges it."""

    def make_consoles(self, count: int) -> list[dict[str, str]]:
        """Consoles that stand alone, with their credentials."""
        return list(self._answer("POST", "/admin/consoles", json={"count": count, "instances": 0}))

    def play(self, environment_id: str, since: datetime, script: list[dict[str, Any]]) -> None:
        """Let clusters live by a script."""
        plan = {"since": since.isoformat(), "script": script}
        self._answer("POST", f"/admin/consoles/{environment_id}/life", json=plan)

    def timelines(self, environment_id: str) -> list[dict[str, Any]]:
        """Every moment of every cluster."""
        return list(self._answer("GET", f"/admin/consoles/{environment_id}/timelines"))

    def arrange_faults(self, share: float, silent: list[str]) -> None:
        """Let that share of calls go wrong in all ways, and these consoles answer nothing."""
        self._delete("/admin/faults")
        for environment_id in silent:
            self._fault(kind="unavailable", environment_id=environment_id)
        # Faults are drawn one after the other; each has the share that makes the wanted one of all of them.
        each = 1 - (1 - share) ** (1 / len(_FAULTS))
        for kind in _FAULTS if share > 0 else ():
            self._fault(kind=kind, share=each, seconds=_SLOW_SECONDS if kind == "slow" else 0.0)

    def _fault(self, **traits: object) -> None:
        self._answer("POST", "/admin/faults", json={"service": "console", "times": None, **traits})

    def _delete(self, path: str) -> None:
        answer = self._client.delete(path)
        if not answer.is_success:
            raise AkubillError(f"The sandbox answered {answer.status_code} for {path}: {answer.text[:500]}")


@contextmanager
def running_outside(folder: Path) -> Iterator[Outside]:
    """A sandbox on a free port of this machine; it ends with the block."""
    command = [sys.executable, "-m", "include.sandbox", "--port", "0", "--state", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.startswith("sandbox at "):
                raise AkubillError(f"The sandbox did not start; it said {line!r}.")
            yield Outside(line.removeprefix("sandbox at ").strip())
        finally:
            process.terminate()


def play_lives(outside: Outside, consoles: list[dict[str, str]], since: datetime, pause: int, until: int) -> None:
    """Give every console a life of its own, the same one in every soak."""
    for number, console in enumerate(consoles):
        outside.play(console["environment_id"], since, draw_lives(f"console {number}", pause, until))


def draw_outages(consoles: list[dict[str, str]], seconds: float, tolerance: float) -> list[Outage]:
    """Some consoles fall silent once, most of them for longer than the tolerance."""
    dice = random.Random("outages")  # noqa: S311 (it must repeat, not be secret)
    silent = dice.sample(consoles, round(len(consoles) * _SHARE_OF_OUTAGES))
    starts = [dice.uniform(0, seconds * 0.6) for _ in silent]
    return [
        Outage(console["environment_id"], start, start + dice.uniform(0.5, 2.5) * tolerance)
        for console, start in zip(silent, starts, strict=True)
    ]
