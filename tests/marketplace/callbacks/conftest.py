from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.marketplace.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.support.marketplace.serving import Callbacks


@pytest.fixture
def callbacks(warehouse: Engine) -> Iterator[Callbacks]:
    """The callbacks of this test's warehouse."""
    with serving(warehouse.url) as served:
        yield served
