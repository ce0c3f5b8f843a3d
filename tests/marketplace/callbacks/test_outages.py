"""A database that goes away and comes back: the Marketplace hears 503, and what was answered is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from include.warehouse import server
from include.warehouse.embedded import LASTING, server_url, start_server
from include.warehouse.engine import open_warehouse
from include.warehouse.migrate import migrate
from tests.support.marketplace.serving import serving

if TYPE_CHECKING:
    from pathlib import Path


def test_a_call_is_refused_while_the_database_is_down_and_taken_when_it_is_back(server_folder: Path) -> None:
    url = start_server(server_folder)
    owner = open_warehouse(url, role=None)
    migrate(owner)
    try:
        with serving(url) as callbacks:
            assert callbacks.call(action="renewInstance", instanceId="1").status_code == 200
            server.stop(server_folder)
            for _ in range(2):
                answer = callbacks.call(action="renewInstance", instanceId="2")
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
                assert answer.text == "The warehouse cannot store the callback now. Call again."
            assert callbacks.get("action=renewInstance&token=0").status_code == 403
            assert server_url(server.start(server_folder, LASTING)) == url
            assert callbacks.call(action="renewInstance", instanceId="2").status_code == 200
        with owner.connect() as connection:
            kept = connection.scalars(text("SELECT instance_id FROM marketplace.inbox ORDER BY event_key")).all()
        assert kept == ["1", "2"]
    finally:
        owner.dispose()
        server.stop(server_folder)
