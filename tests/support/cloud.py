"""A server that answers what a test tells it to, for answers that no well-meaning sandbox would give."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr

from include.alibaba.access import CloudAccess
from include.alibaba.gateway import CallLimits

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "a-secret-that-must-not-leak"
QUICK = CallLimits(call_seconds=5, attempt_seconds=2, attempts=4, first_wait_seconds=0.01)


@dataclass
class Said:
    """One answer of the server."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    drip_seconds: float = 0  # between single bytes


def says(status: int = 200, headers: dict[str, str] | None = None, /, **body: object) -> Said:
    """A JSON answer."""
    return Said(status, json.dumps(body).encode(), headers=headers or {})


@dataclass
class Cloud:
    """The server: what it will say, and what it was asked. The last answer is given again and again."""

    port: int
    answers: list[Said] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def access(self) -> CloudAccess:
        """Access to it."""
        return CloudAccess(
            account_id="1001",
            access_key_id="LTAItest",
            access_key_secret=SecretStr(SECRET),
            endpoint=f"127.0.0.1:{self.port}",
            protocol="http",
        )


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A server that says what `cloud.answers` holds, one after the other."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.block_on_close = False
    server.cloud = Cloud(server.server_port)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.cloud  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        cloud: Cloud = self.server.cloud  # type: ignore[attr-defined]
        cloud.asked.append(dict(parse_qsl(urlsplit(self.path).query)) | {"Action": self.headers["x-acs-action"]})
        cloud.headers.append({name.lower(): value for name, value in self.headers.items()})
        said = cloud.answers.pop(0) if len(cloud.answers) > 1 else cloud.answers[0]
        self.send_response(said.status)
        self.send_header("content-type", said.content_type)
        self.send_header("content-length", str(len(said.body)))
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if not said.drip_seconds:
            self.wfile.write(said.body)
            return
        for byte in said.body:
            time.sleep(said.drip_seconds)
            try:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            except OSError:
                return

    def log_message(self, *args: object) -> None:
        """Keep quiet."""
