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

    def change_settings(self, **changes: object) -> None:
        """Change how the outside behaves."""
        self._answer("PUT", "/admin/settings", json=changes)

    def enter_account(self, **account: object) -> dict[str, Any]:
        """Enter a cloud account, or change it; the answer has its access key."""
        return dict(self._answer("POST", "/admin/accounts", json=account))

    def wait_for_service_instance(self, account_id: str, name: str, timeout_seconds: float = 180) -> dict[str, Any]:
        """The service instance of that account's environment, as soon as it is ordered."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            for instance in self.service_instances():
                if (instance["account_id"], instance["parameters"].get("EnvironmentName")) == (account_id, name):
                    return instance
            pause(0.5)
        raise RetriableError(f"No order of account {account_id} for {name} reached the sandbox.")

    def service_instances(self) -> list[dict[str, Any]]:
        """Everything that was ordered and not deleted."""
        return [row for row in self._answer("GET", "/admin/service-instances") if not row["deleted_at"]]

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

    def requests(self) -> dict[str, Any]:
        """How many requests were rightly signed, and which were refused."""
        return dict(self._answer("GET", "/admin/requests"))

    def _answer(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 (JSON)
        answer = self._client.request(method, path, **options)
        if not answer.is_success:
            raise AkubillError(f"The sandbox answered {answer.status_code} for {path}: {answer.text[:500]}")
        return answer.json()
