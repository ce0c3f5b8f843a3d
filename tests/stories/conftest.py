"""The office of the stories, and the month that they are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from include.domain.billing_cycles import last_ended_cycle
from tests.support.office import Office

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from include.domain.periods import BillingPeriod
    from tests.support.sandbox import SandboxHandle


@pytest.fixture
def office(warehouse: Engine, sandbox: SandboxHandle, tmp_path: Path) -> Office:
    return Office(warehouse, sandbox, tmp_path)


@pytest.fixture
def last_month() -> BillingPeriod:
    """The last month that has ended for the sandbox, which lives by the real clock."""
    return last_ended_cycle(datetime.now(UTC) - timedelta(hours=3))
