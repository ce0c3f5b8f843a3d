"""The callbacks over HTTP, as the Marketplace reaches them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import httpx
from pydantic import SecretStr

from include.domain.marketplace.callbacks import read_callback
from include.marketplace.callbacks.app import Doors, Limits
from include.marketplace.callbacks.server import create_service
from include.marketplace.callbacks.store import store_callback
from include.warehouse.engine import RECEIVER, open_warehouse
from tests.support.marketplace.callbacks import KEY, signed
from tests.support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import URL, Engine

ADDRESS = "/marketplace/callbacks"
#: Tests call as fast as they can.
UNLIMITED = Limits(per_second=1_000_000, burst=1_000_000)


class Callbacks(NamedTuple):
    """A running service, and a client of it."""

    client: httpx.Client

    def get(self, query: str) -> httpx.Response:
        """Call with a query as it is."""
        return self.client.get(self.client.base_url.copy_with(path=ADDRESS, query=query.encode()))

    def call(self, **parameters: str) -> httpx.Response:
        """Call, signed."""
        return self.get(signed(**parameters))


@contextmanager
def serving(url: URL, keys: Sequence[str] = (KEY,), limits: Limits = UNLIMITED) -> Iterator[Callbacks]:
    """The callbacks of a warehouse, stored as its receiver."""
    engine = open_warehouse(url, role=RECEIVER, answers_within=3)
    doors = Doors(keys=lambda: [SecretStr(key) for key in keys], warehouse=lambda: engine)
    with (
        serve(create_service(doors, limits)) as base_url,
        httpx.Client(base_url=base_url, trust_env=False, timeout=30) as client,
    ):
        yield Callbacks(client)
    engine.dispose()


def receive(warehouse: Engine, **parameters: str) -> dict[str, str]:
    """Store a callback as the service does, without HTTP; the answer."""
    return store_callback(warehouse, read_callback(signed(**parameters)))
