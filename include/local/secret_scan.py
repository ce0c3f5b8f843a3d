"""Looks for every secret of the local stack where none may be: logs, databases, pages, files and the process list.

A secret is looked for as it is, and as it looks in JSON, in an address, in base64 and inside compressed columns. What
has to hold one is left out: the files of the state folder that only their owner reads, and the sandbox, which plays the
outside world. Columns that hold one encrypted are searched like all others.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

import httpx
import psutil
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

from include.local import processes
from include.local.sandbox_api import SandboxApi
from include.local.state import load_passwords, load_sandbox_token
from include.warehouse import server
from include.warehouse.embedded import server_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import URL

    from include.local.stack import Running
    from include.local.state import State

_PAGES_AT_MOST = 150
_COMPRESSED = re.compile(rb"\\\\x(78(?:01|5e|9c|da)[0-9a-f]+)")
_LINK = re.compile(r'(?:href|src)="([^"#]+)')


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """A secret where it may not be: what it is (never its value), and where it was seen."""

    secret: str
    place: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What was looked for, where, and what was found.

    Attributes:
        secret_count: secrets that were looked for.
        places: bytes searched by kind of place.
        leaks: what was found, each once.
    """

    secret_count: int
    places: dict[str, int]
    leaks: list[Leak]


def scan_secrets(running: Running) -> Scan:
    """Search everything that the running stack keeps, shows and prints."""
    secrets = find_secrets(running)
    patterns = {form: name for name, value in secrets.items() for form in _forms(value)}
    anything = re.compile(b"|".join(re.escape(form) for form in sorted(patterns, key=len, reverse=True)))
    places: dict[str, int] = {}
    leaks: set[Leak] = set()
    for kind, place, content in _contents(running):
        places[kind] = places.get(kind, 0) + len(content)
        leaks.update(Leak(patterns[found.group()], f"{kind}: {place}") for found in anything.finditer(content))
    return Scan(len(secrets), places, sorted(leaks))


def find_secrets(running: Running) -> dict[str, str]:
    """Every secret by a name: the stack's, the sandbox's, and those of Airflow's connections."""
    state, settings = running.state, running.settings
    sandbox = SandboxApi(settings.sandbox_url, load_sandbox_token(state))
    secrets = {
        "Airflow's Fernet key": settings.fernet_key,
        "Airflow's JWT secret": settings.jwt_secret,
        "Airflow's API secret": settings.api_secret,
        "the vendor's access key secret": settings.vendor_key_secret,
        "the callback key": settings.callback_key,
        "the token of the sandbox": load_sandbox_token(state),
    }
    secrets |= {f"the password of {user}": password for user, password in load_passwords(state).items()}
    secrets |= {f"the access key secret of {name}": secret for name, secret in sandbox.secrets()}
    engine = create_engine(_url(state).set(database="airflow"))
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT conn_id, password FROM connection WHERE password IS NOT NULL"))
        fernet = Fernet(settings.fernet_key)
        secrets |= {f"the secret of connection {row.conn_id}": fernet.decrypt(row.password).decode() for row in stored}
    engine.dispose()
    return {name: value for name, value in secrets.items() if value}


def _forms(secret: str) -> set[bytes]:
    raw = secret.encode()
    return {raw, json.dumps(secret)[1:-1].encode(), quote(secret, safe="").encode(), base64.b64encode(raw)}


def _contents(running: Running) -> Iterator[tuple[str, str, bytes]]:
    """Kind of place, place, and what is there."""
    state = running.state
    for path in sorted(_files(state)):
        yield "files", str(path.relative_to(state.folder)), path.read_bytes()
    for database in ("airflow", "warehouse"):
        for table, line in _dump(state, database):
            yield "databases", f"{database}, {table}", line
    for address, content in _pages(running):
        yield "pages", address, content
    for process in processes.members(running.settings.stack_id):
        try:
            yield "processes", process.name(), "\0".join(process.cmdline()).encode()
        except psutil.Error:  # it has just ended
            continue


def _files(state: State) -> Iterator[Path]:
    """Logs, files of usage, exports; not what holds secrets for a start, nor the folders of PostgreSQL and sandbox."""
    holders = {state.environment_file, state.passwords_file, state.folder / "settings.json"}
    for path in state.folder.rglob("*"):
        is_kept = state.postgres in path.parents or state.sandbox in path.parents or path in holders
        if not is_kept and path.is_file():
            yield path
    yield state.postgres / "log"


def _dump(state: State, database: str) -> Iterator[tuple[str, bytes]]:
    """Every line of a dump with its table; compressed columns are opened."""
    url = _url(state)
    command = [str(server.program("pg_dump")), "--host", str(url.query["host"]), "--username", "postgres", database]
    table = "definitions"
    with subprocess.Popen(command, stdout=subprocess.PIPE) as dump:
        if dump.stdout is None:
            raise RuntimeError("pg_dump has no output.")
        for line in dump.stdout:
            if line.startswith(b"COPY "):
                table = line.split()[1].decode()
            opened = b"".join(_open(found.group(1)) for found in _COMPRESSED.finditer(line))
            yield table, line + opened
    if dump.returncode:
        raise RuntimeError(f"pg_dump of {database} ended with {dump.returncode}.")


def _open(compressed: bytes) -> bytes:
    try:
        return zlib.decompress(bytes.fromhex(compressed.decode()))
    except (ValueError, zlib.error):  # bytes that only begin like it
        return b""


def _pages(running: Running) -> Iterator[tuple[str, bytes]]:
    """What an administrator sees: billing pages by following links, and what Airflow's REST API says of connections."""
    login = {"username": "admin", "password": load_passwords(running.state)["admin"]}
    with httpx.Client(base_url=running.settings.ui_url, timeout=60, trust_env=False) as client:
        token = client.post("/auth/token", json=login).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        client.cookies.set("_token", token)
        waiting, seen = ["/billing/", "/api/v2/connections", "/api/v2/variables", "/api/v2/config"], set[str]()
        while waiting and len(seen) < _PAGES_AT_MOST:
            address = waiting.pop(0)
            if address in seen:
                continue
            seen.add(address)
            answer = client.get(address)
            yield address, answer.content
            if "text/html" in answer.headers.get("content-type", ""):
                links = (urlsplit(urljoin(address, link.replace("&amp;", "&"))) for link in _LINK.findall(answer.text))
                waiting += [
                    f"{link.path}?{link.query}" if link.query else link.path
                    for link in links
                    if not link.netloc and link.path.startswith("/billing/")
                ]


def _url(state: State) -> URL:
    return server_url(server.socket_folder(state.postgres.resolve()))
