"""The sandbox as a process: one port, one folder, ends on SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout

from include.sandbox.app import Sandbox


class CannotServeError(Exception):
    """The sandbox cannot start; the message says why and what to do."""


def serve(port: int, folder: Path, host: str = "127.0.0.1", allowed_hosts: Iterable[str] = ()) -> None:
    """Serve until stopped; the first line on standard output says where (port 0 takes a free one).

    What is stored is for its owner only: it holds the secrets of all accounts and consoles.

    Args:
        port: where to listen.
        folder: keeps the state, and the token of the admin API.
        host: the address to listen on.
        allowed_hosts: names by which the admin API may be asked besides those of this machine.

    Raises:
        CannotServeError: the port is taken, or another sandbox uses the folder.
    """
    # The state is in memory as well: two processes over one folder would each forget what the other one did.
    lock = FileLock(folder / "sandbox.lock", mode=0o600)
    os.umask(0o077)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise CannotServeError(
            f"Another sandbox keeps its state in {folder}; stop it, or choose another folder."
        ) from None
    listener = _listen(host, port)
    application = Sandbox(folder, allowed_hosts)
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
    try:
        _Server(config, f"sandbox at http://{host}:{listener.getsockname()[1]}").run(sockets=[listener])
    finally:
        application.close()
        lock.release()


class _Server(uvicorn.Server):
    """Prints its address only once it handles signals: one that came earlier could be lost."""

    def __init__(self, config: uvicorn.Config, said: str) -> None:
        super().__init__(config)
        self._said = said

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"{self._said}\n")
            sys.stdout.flush()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise CannotServeError(f"The sandbox cannot listen on {host}:{port} ({error}); choose another port.") from None
    listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
    return listener
