"""How the properties of metering are tried."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support.metering.histories import ENVIRONMENTS
from tests.support.metering.lives import Environment
from tests.support.properties import PHASES

if TYPE_CHECKING:
    from sqlalchemy import Engine


property_of = settings(
    max_examples=int(os.environ.get("AKUBILL_EXAMPLES", "60")),
    deadline=None,
    phases=PHASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture
def environments(warehouse: Engine) -> list[Environment]:
    """Environments without any poll yet."""
    return [Environment(warehouse, f"life-{number}") for number in range(ENVIRONMENTS)]
