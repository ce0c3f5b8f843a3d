"""Fixtures of the read side: one filled warehouse for all tests that only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.warehouse.embedded import scratch_warehouse
from tests.support.documents import fill_documents
from tests.support.showcase import NOW, fill_showcase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine


@pytest.fixture(scope="session")
def showcase_warehouse(postgres_server: URL) -> Iterator[Engine]:
    """The showcase; tests share it, so what they write there they take back."""
    with scratch_warehouse(postgres_server) as engine:
        fill_showcase(engine, NOW)
        yield engine


@pytest.fixture(scope="session")
def documents_warehouse(postgres_server: URL) -> Iterator[Engine]:
    """Issued documents with every kind of line; tests share it and write nothing."""
    with scratch_warehouse(postgres_server) as engine:
        with engine.begin() as connection:
            fill_documents(connection)
        yield engine
