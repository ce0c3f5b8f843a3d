"""A services on real parts: a warehouse of its own, and the real SDKs against the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from include.catalog.loader import load_product
from include.onboarding.onboard import Clock, Services, onboard
from include.warehouse.vault import Vault
from tests.support.onboarding import BUYER, FakeClock, access_of, request_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from include.onboarding.activation import Report
    from tests.support.sandbox import SandboxAccount, SandboxHandle


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def buyer(sandbox: SandboxHandle) -> SandboxAccount:
    """A buyer that may subscribe."""
    return sandbox.account("buyer", account_id=BUYER)


@pytest.fixture
def vendor(sandbox: SandboxHandle) -> SandboxAccount:
    return sandbox.account("vendor")


@pytest.fixture
def services(warehouse: Engine, sandbox: SandboxHandle, buyer: SandboxAccount, vendor: SandboxAccount) -> Services:
    return Services(
        product=load_product(),
        warehouse=warehouse,
        vault=Vault(SecretStr(Fernet.generate_key().decode())),
        open_buyer=lambda: access_of(sandbox, buyer),
        open_vendor=lambda: access_of(sandbox, vendor),
    )


@pytest.fixture
def onboarded(services: Services, clock: FakeClock) -> Callable[..., Report]:
    """Onboards a request and gives its report."""

    def run(**changes: Any) -> Report:
        return onboard(services, request_for(**changes), Clock(clock.now, clock.wait), lambda _line: None)

    return run
