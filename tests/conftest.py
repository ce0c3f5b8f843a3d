"""Fixtures that all tests share: a real PostgreSQL for the session, and an empty migrated warehouse for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.warehouse.embedded import scratch_warehouse, start_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

pytest_plugins = ["tests.support.airflow", "tests.support.sandbox"]


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> URL:
    """An embedded PostgreSQL of this test session; it stops with the session."""
    return start_server(tmp_path_factory.mktemp("postgres"))


@pytest.fixture
def warehouse(postgres_server: URL) -> Iterator[Engine]:
    """An empty, migrated warehouse; its sessions run as the writer role."""
    with scratch_warehouse(postgres_server) as engine:
        yield engine


@pytest.fixture
def owned_warehouse(postgres_server: URL) -> Iterator[Engine]:
    """An empty, migrated warehouse; its sessions run as its owner."""
    with scratch_warehouse(postgres_server, role=None) as engine:
        yield engine
