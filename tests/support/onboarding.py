"""Onboarding requests, the sandbox's accounts, and a clock that goes only when one waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from sqlalchemy import text

from include.alibaba.access import CloudAccess
from include.domain.onboarding import OnboardingRequest

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxAccount, SandboxHandle


BUYER = "1700000000000017"


class FakeClock:
    """A clock that goes only when one waits."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def access_of(sandbox: SandboxHandle, account: SandboxAccount) -> CloudAccess:
    """The account's access, by its key."""
    return CloudAccess(
        account_id=account.account_id,
        access_key_id=account.access_key_id,
        access_key_secret=SecretStr(account.access_key_secret),
        endpoint=sandbox.endpoint,
        protocol="http",
    )


def form(**changes: Any) -> dict[str, Any]:
    """A form that is filled in well, with what varies."""
    return {
        "account_id": BUYER,
        "site": "china",
        "region": "cn-hangzhou",
        "environment_name": "orders",
        "network": "vpc-orders",
        "department": "",
        "payment": "payg",
        "contact": "ops@buyer.example",
    } | changes


def request_for(**changes: Any) -> OnboardingRequest:
    """A request that is in order, with what varies."""
    return OnboardingRequest.from_form(form(**changes))


def rows(warehouse: Engine, query: str) -> list[dict[str, Any]]:
    """What the warehouse contains."""
    with warehouse.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(text(query))]


def count_calls(sandbox: SandboxHandle, action: str) -> int:
    """How often the sandbox was asked for an action."""
    return sum(count for name, count in sandbox.requests()["by_action"].items() if name.endswith(action))
