"""Receiving callbacks, against a bare FastAPI route that inserts one row.

Both are a process of their own with one worker, on the same durable PostgreSQL, asked by 16 clients at once. Ours also
reads the query, verifies its token, paces the caller, redacts, and notifies the inbox's watcher.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import uvicorn
from fastapi import FastAPI, Request
from pydantic import SecretStr
from sqlalchemy import make_url, text

from benchmarks.measuring import Ratio, in_turns, rate
from include.marketplace.callbacks.app import Doors, Limits
from include.marketplace.callbacks.server import serve
from include.warehouse import server
from include.warehouse.embedded import ensure_database, start_server
from include.warehouse.engine import RECEIVER, open_warehouse
from include.warehouse.migrate import migrate
from tests.support.marketplace.callbacks import KEY, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = {"full": (10_000, 3), "small": (1_000, 3)}
CLIENTS = 16
_BARE = text("INSERT INTO bare_callbacks (query) VALUES (:query)")


def run(size: str) -> list[Ratio]:
    count, repetitions = SIZES[size]
    with tempfile.TemporaryDirectory(prefix="akubill-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "postgres"
        Path(folder).chmod(0o755)  # the server may run as another user than root
        try:
            url = ensure_database(start_server(data, keep_running=True), "warehouse")
            owner = open_warehouse(url, role=None)
            migrate(owner)
            with owner.begin() as connection:
                connection.execute(text("CREATE TABLE bare_callbacks (key bigserial PRIMARY KEY, query text NOT NULL)"))
            owner.dispose()
            address = url.render_as_string(hide_password=False)
            with _process("ours", address) as ours, _process("bare", address) as bare:
                took = in_turns(
                    repetitions,
                    bare=lambda: asyncio.run(_ask_all(bare, count)),
                    ours=lambda: asyncio.run(_ask_all(ours, count)),
                )
        finally:
            server.stop(data)
    note = f"{count / took['ours']:.0f} against {count / took['bare']:.0f} callbacks per second"
    return [rate(f"receiving {count:,} callbacks", took["ours"], took["bare"], "≥ 0.5", note)]


@contextmanager
def _process(kind: str, address: str) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.receive_callbacks", kind, address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 (our own program)
        assert process.stdout is not None
        try:
            yield process.stdout.readline().rpartition(" ")[2].strip()
        finally:
            process.terminate()


async def _ask_all(address: str, count: int) -> None:
    numbers = iter(range(count))
    async with httpx.AsyncClient(
        trust_env=False, timeout=60, limits=httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    ) as client:

        async def ask() -> None:
            for number in numbers:
                query = signed(action="renewInstance", instanceId=str(number % 500), orderId=str(number), aliUid="17")
                answer = await client.get(f"{address}?{query}")
                assert answer.status_code == 200, answer.text

        await asyncio.gather(*(ask() for _ in range(CLIENTS)))


def _serve_bare(address: str) -> None:
    engine = open_warehouse(make_url(address), role=None)
    app = FastAPI()

    @app.get("/callbacks")
    def receive(request: Request) -> dict[str, str]:
        with engine.begin() as connection:
            connection.execute(_BARE, {"query": str(request.url.query)})
        return {"success": "true"}

    config = uvicorn.Config(app, port=0, access_log=False, log_level="warning")
    listener = config.bind_socket()
    print(f"bare at http://127.0.0.1:{listener.getsockname()[1]}/callbacks", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


def _serve_ours(address: str) -> None:
    engine = open_warehouse(make_url(address), role=RECEIVER, answers_within=3)
    doors = Doors(keys=lambda: [SecretStr(KEY)], warehouse=lambda: engine)
    serve(doors, "127.0.0.1", 0, lambda line: print(line, flush=True), Limits(1e9, 10**9))


if __name__ == "__main__":
    {"ours": _serve_ours, "bare": _serve_bare}[sys.argv[1]](sys.argv[2])
