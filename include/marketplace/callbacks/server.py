"""The callbacks as a process of their own, which works while Airflow is down."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI

from include.domain.errors import ConfigurationError
from include.marketplace.callbacks.app import PREFIX, ROUTE, Limits, create_callbacks

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.marketplace.callbacks.app import Doors

#: A call that came in is answered before the process ends.
_LAST_SECONDS = 10


def create_service(doors: Doors, limits: Limits | None = None) -> FastAPI:
    """The app of the process: the callbacks where Airflow would have them, and a sign of life."""
    service = FastAPI(title="Callbacks of the Marketplace", docs_url=None, redoc_url=None, openapi_url=None)
    callbacks = create_callbacks(doors, limits)

    @service.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    service.mount(PREFIX, callbacks)
    return service


def serve(doors: Doors, host: str, port: int, say: Callable[[str], None], limits: Limits | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C; says first where (port 0 takes a free one).

    Raises:
        ConfigurationError: when the address cannot be had, or a connection is missing.
    """
    doors.keys()
    doors.warehouse()
    try:
        listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048
        )
    except OSError as error:
        raise ConfigurationError(
            f"The callbacks cannot listen on {host}:{port}: {error.strerror}. Choose another port."
        ) from None
    say(f"callbacks at http://{host}:{listener.getsockname()[1]}{PREFIX}{ROUTE}")
    config = uvicorn.Config(
        create_service(doors, limits),
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=_LAST_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])
