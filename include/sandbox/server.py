"""The sandbox as a process: one port, one folder, ends on SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import socket
import sys
from pathlib import Path

import uvicorn

from include.sandbox.app import Sandbox


def serve(port: int, folder: Path, host: str = "127.0.0.1") -> None:
    """Serve until told to stop; the first line on standard output says where (port 0 takes a free one).

    Raises:
        OSError: the port is taken.
    """
    application = Sandbox(folder)
    # The lost_answer fault leaves answers unfinished on purpose; uvicorn would call each one an error.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        access_log=False,
        date_header=False,
        server_header=False,
        log_level="critical",
        # A hundred metering records ride in the URL: some 19 kB.
        h11_max_incomplete_event_size=256 * 1024,
        # What a fault still holds back must not hold back the end.
        timeout_graceful_shutdown=1,
    )
    listener = _listen(host, port)
    sys.stdout.write(f"sandbox at http://{host}:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        application.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
    return listener
