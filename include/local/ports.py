"""TCP ports on this machine: which are free, and who holds the others."""

from __future__ import annotations

import os
import socket

import psutil

from include.domain.errors import ConfigurationError, InvalidInputError

_LOCALHOST = "127.0.0.1"
_HIGHEST = 65535


def free_port() -> int:
    """Some free port."""
    with socket.socket() as probe:
        probe.bind((_LOCALHOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether one could listen on it now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed server's last connections do not count
        try:
            probe.bind((_LOCALHOST, port))
        except OSError:
            return False
        return True


def wanted_port(variable: str) -> int | None:
    """The port that the reader chose by an environment variable, if any.

    Raises:
        InvalidInputError: when it is no port.
    """
    value = os.environ.get(variable)
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= _HIGHEST):
        raise InvalidInputError(variable, value, "is not a port from 1 to 65535", "Set it to one, or leave it out.")
    return int(value)


def require_free(port: int, purpose: str, remedy: str) -> None:
    """Refuse a port that is taken.

    Raises:
        ConfigurationError: says who has it, where that can be known, and what to do.
    """
    if not is_free(port):
        raise ConfigurationError(f"Port {port}, for {purpose}, is taken{_holder(port)}. {remedy}")


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,) and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return ""
