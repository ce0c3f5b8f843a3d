"""The sandbox as a test fixture: one process for the session, empty for each test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def pytest_configure() -> None:
    """End the session as Ctrl-C does when another signal ends it, so that no server outlives it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """A cloud account of the sandbox, with its access key."""

    account_id: str
    access_key_id: str
    access_key_secret: str
    role: str
    site: str
    real_name_verified: bool
    denied_actions: list[str]


@dataclass(frozen=True, slots=True)
class SandboxConsole:
    """A console of the sandbox, with its credential."""

    environment_id: str
    console_url: str
    access_key_id: str
    access_key_secret: str
    service_instance_id: str = ""


class SandboxHandle:
    """A running sandbox: where it is, and how a test arranges the outside."""

    def __init__(self, base_url: str, token: str, process: subprocess.Popen[str] | None = None) -> None:
        self.base_url = base_url
        self.token = token
        self.process = process
        self.port = int(base_url.rpartition(":")[2])
        self.endpoint = base_url.removeprefix("http://")
        self.admin = httpx.Client(base_url=f"{base_url}/admin", timeout=60, trust_env=False)
        self.admin.headers["Authorization"] = f"Bearer {token}"

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings."""
        return self._asked("PUT", "/settings", changes)

    def account(self, role: str = "buyer", **traits: Any) -> SandboxAccount:
        """Enter an account; traits as in POST /admin/accounts."""
        return SandboxAccount(**self._asked("POST", "/accounts", {"role": role, **traits}))

    def fault(self, kind: str, **traits: Any) -> None:
        """Let something go wrong; traits as in POST /admin/faults."""
        self._asked("POST", "/faults", {"kind": kind, **traits})

    def clear_faults(self) -> None:
        """Take all faults away."""
        self._asked("DELETE", "/faults")

    def consoles(self, count: int = 1, instances: int = 0, **traits: Any) -> list[SandboxConsole]:
        """Set up consoles that stand alone, each with some running instances."""
        made = self._asked("POST", "/consoles", {"count": count, "instances": instances, **traits})
        return [SandboxConsole(**console) for console in made]

    def life(self, target: str, **plan: Any) -> list[dict[str, Any]]:
        """Play a life for a service instance (si-…) or in a console's environment; the instances it has."""
        kind = "service-instances" if target.startswith("si-") else "consoles"
        made: list[dict[str, Any]] = self._asked("POST", f"/{kind}/{target}/life", plan)["instances"]
        return made

    def usage(self, environment_id: str, start: str, end: str) -> list[dict[str, Any]]:
        """The truth per instance and hour; instants in ISO 8601."""
        answer = self.admin.get(f"/consoles/{environment_id}/usage", params={"from": start, "to": end})
        answer.raise_for_status()
        rows: list[dict[str, Any]] = answer.json()
        return rows

    def enter_on_bill(self, marketplace_instance_id: str, hour: str, amount: str, item: str = "Refund") -> None:
        """Enter a further item on the buyer's bill, for one hour (ISO 8601)."""
        entry = {"marketplace_instance_id": marketplace_instance_id, "hour": hour, "amount": amount, "item": item}
        self._asked("POST", "/bill-entries", entry)

    def timelines(self, environment_id: str) -> list[dict[str, Any]]:
        """Every moment of every instance that a console's environment has had."""
        lives: list[dict[str, Any]] = self._asked("GET", f"/consoles/{environment_id}/timelines")
        return lives

    def requests(self) -> dict[str, Any]:
        """What was asked so far."""
        report: dict[str, Any] = self._asked("GET", "/requests")
        return report

    def reset(self) -> None:
        """Forget everything."""
        self._asked("POST", "/reset")

    def _asked(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self.admin.request(method, path, json=body)
        if answer.is_error:
            raise AssertionError(f"The sandbox refused {method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None


@contextmanager
def running_sandbox(folder: Path, port: int = 0, allowed_hosts: Sequence[str] = ()) -> Iterator[SandboxHandle]:
    """A sandbox process on a folder; it ends with the block, unless it was killed before."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "include.sandbox", "--port", str(port), "--state", str(folder)]
    command += [word for host in allowed_hosts for word in ("--allow-host", host)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("sandbox at "), f"The sandbox did not start: {line!r}"
        token = (folder / "admin-token").read_text().strip()
        handle = SandboxHandle(line.removeprefix("sandbox at ").strip(), token, process)
        try:
            yield handle
        finally:
            handle.admin.close()
            process.terminate()


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    """A sandbox for the session."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as handle:
        yield handle


@pytest.fixture
def sandbox(sandbox_server: SandboxHandle) -> SandboxHandle:
    """An empty sandbox whose deployments and changes take no time."""
    sandbox_server.reset()
    sandbox_server.settings(
        deploy_seconds=0,
        delete_seconds=0,
        instance_create_seconds=0,
        instance_change_seconds=0,
        instance_delete_seconds=0,
        bill_delay_seconds=0,
    )
    return sandbox_server
