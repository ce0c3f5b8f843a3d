"""Who may ask the admin API: those who can read the sandbox's folder, from this machine, by one of its own names.

Every user of a machine reaches its loopback address, and every page in a browser can make it ask there under a name of
its own. So a request carries the token that lies in the folder, which only its owner reads, and a Host header that
names this machine.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from fastapi.responses import JSONResponse
from starlette.requests import Request

TOKEN_FILE = "admin-token"  # noqa: S105 (its name)
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_BEARER = "bearer "


def make_token(folder: Path) -> str:
    """The token of the sandbox in that folder, made up and stored at the first start."""
    path = folder / TOKEN_FILE
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()


class AdminAccess:
    """Refuses what may not ask.

    Args:
        token: what a request has to carry.
        hosts: further names by which this machine may be asked.
    """

    def __init__(self, token: str, hosts: Iterable[str] = ()) -> None:
        self._token = token.encode()
        self._hosts = _NAMES | {host.lower() for host in hosts}

    def refusal(self, request: Request) -> JSONResponse | None:
        """The answer for a request that may not ask; None for one that may."""
        if request.client is None or request.client.host not in _LOOPBACK:
            return _refused(403, "The admin API answers this machine only.")
        host = _without_port(request.headers.get("host", "")).lower()
        if host not in self._hosts:
            names = ", ".join(sorted(self._hosts))
            return _refused(421, f"The admin API does not answer for {host[:100]!r}, only for {names}.")
        given = request.headers.get("authorization", "")
        token = given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else ""
        if not secrets.compare_digest(token.encode(), self._token):
            return _refused(
                401,
                f"The admin API needs its token: send what {TOKEN_FILE} in the sandbox's folder holds as "
                "`Authorization: Bearer …`.",
            )
        return None


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _refused(status: int, sentence: str) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None  # noqa: PLR2004 (the status that asks for a token)
    return JSONResponse({"detail": sentence}, status, headers)
