"""A client of the sandbox's admin API, by which the demo plays the outside world's part."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx

from include.domain.errors import AkubillError, RetriableError
from include.local.interrupts import pause

if TYPE_CHECKING:
    from datetime import datetime


class SandboxApi:
    """The outside world, from the inside."""

    def __init__(self, base_url: str, token: str) -> None:
        """Talk to the sandbox there."""
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=base_url, headers=headers, timeout=60, trust_env=False)

    def settings(self) -> dict[str, Any]:
        """How the outside behaves."""
        return dict(self._answer("GET", "/admin/settings"))

    def change_settings(self, **changes: object) -> None:
        """Change how the outside behaves."""
        self._answer("PUT", "/admin/settings", json=changes)

    def enter_account(self, **account: object) -> dict[str, Any]:
        """Enter a cloud account, or change it; the answer has its access key."""
        return dict(self._answer("POST", "/admin/accounts", json=account))

    def secrets(self) -> list[tuple[str, str]]:
        """The secrets that the outside has given out: of each account, and of each console."""
        accounts = [(f"account {row['account_id']}", row) for row in self._answer("GET", "/admin/accounts")]
        consoles = [(f"console {row['environment_id']}", row) for row in self._answer("GET", "/admin/consoles")]
        return [(name, str(row["access_key_secret"])) for name, row in accounts + consoles]

    def wait_for_service_instance(self, account_id: str, name: str, timeout_seconds: float = 180) -> dict[str, Any]:
        """The service instance of that account's environment, as soon as it is ordered."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if found := self.find_service_instance(account_id, name):
                return found
            pause(0.5)
        raise RetriableError(f"No order of account {account_id} for {name} reached the sandbox.")

    def service_instances(self) -> list[dict[str, Any]]:
        """Everything that was ordered and not deleted."""
        return [row for row in self._answer("GET", "/admin/service-instances") if not row["deleted_at"]]

    def find_service_instance(self, account_id: str, name: str) -> dict[str, Any] | None:
        """The service instance of that account's environment, if it was ordered."""
        for instance in self.service_instances():
            if (instance["account_id"], instance["parameters"].get("EnvironmentName")) == (account_id, name):
                return instance
        return None

    def order(self, **wish: object) -> dict[str, Any]:
        """Let a buyer order at the Marketplace; its service instance."""
        return dict(self._answer("POST", "/admin/orders", json=wish))

    def let_happen(self, service_instance_id: str, action: str, parameters: dict[str, str]) -> str:
        """Let something happen to a subscription at the Marketplace; the id of the call to the vendor."""
        event = {"action": action, "parameters": parameters}
        return str(
            self._answer("POST", f"/admin/service-instances/{service_instance_id}/events", json=event)["callback_id"]
        )

    def call_vendor(self, about: str, action: str, parameters: dict[str, str]) -> str:
        """Let the Marketplace call the vendor about a service instance; the call's id."""
        call = {"action": action, "parameters": parameters, "about": about}
        return str(self._answer("POST", "/admin/callbacks", json=call)["callback_id"])

    def callback(self, callback_id: str) -> dict[str, Any]:
        """What became of a call to the vendor."""
        return next(dict(row) for row in self._answer("GET", "/admin/callbacks") if row["callback_id"] == callback_id)

    def cause_fault(self, **fault: object) -> None:
        """Let something go wrong."""
        self._answer("POST", "/admin/faults", json=fault)

    def faults(self) -> list[dict[str, Any]]:
        """What is still to go wrong."""
        return list(self._answer("GET", "/admin/faults"))

    def has_a_life(self, environment_id: str) -> bool:
        """Whether Kafka instances were played in that environment."""
        return bool(self._answer("GET", f"/admin/consoles/{environment_id}/timelines"))

    def play_life(self, service_instance_id: str, **plan: object) -> None:
        """Let Kafka instances live in the environment of a service instance."""
        self._answer("POST", f"/admin/service-instances/{service_instance_id}/life", json=plan)

    def usage(self, environment_id: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """The truth per instance and hour."""
        window = {"from": start.isoformat(), "to": end.isoformat()}
        return list(self._answer("GET", f"/admin/consoles/{environment_id}/usage", params=window))

    def charges(self, account_id: str, cycle: str) -> list[dict[str, Any]]:
        """The Marketplace's own charges of an account in a month of UTC+8."""
        return list(self._answer("GET", f"/admin/accounts/{account_id}/charges", params={"cycle": cycle})["charges"])

    def pushes(self) -> list[dict[str, Any]]:
        """What the Marketplace took of what the vendor pushed."""
        return list(self._answer("GET", "/admin/pushes"))

    def requests(self) -> dict[str, Any]:
        """How many requests were rightly signed, and which were refused."""
        return dict(self._answer("GET", "/admin/requests"))

    def _answer(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 (JSON)
        answer = self._client.request(method, path, **options)
        if not answer.is_success:
            raise AkubillError(f"The sandbox answered {answer.status_code} for {path}: {answer.text[:500]}")
        return answer.json()
