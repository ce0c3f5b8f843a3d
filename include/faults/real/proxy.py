"""A proxy in front of a server: it passes requests on, delays them, cuts them off, loses answers, or refuses."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from include.faults.plan import DONE, FAILED, LOST

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

#: What may become of a request beside being passed on, failing, and losing its answer.
CUT, DELAYED = "cut", "delayed"
#: What goes wrong at a request.
TROUBLES = (DELAYED, CUT, LOST, FAILED)
_LONGEST_HEAD = 512 * 1024
_ANSWER_SECONDS = 30


class CutError(Exception):
    """The client got no answer."""


class Request(NamedTuple):
    """A whole request.

    Attributes:
        head: its first line and headers, as they came.
        body: what follows.
        target: path and query.
        headers: by name in lower case.
    """

    head: bytes
    body: bytes
    target: str
    headers: dict[str, str]

    @property
    def action(self) -> str:
        """What is called: an action of the cloud, or a path."""
        return self.headers.get("x-acs-action") or urlsplit(self.target).path

    def parameters(self) -> dict[str, str]:
        """Of the query, and of a form."""
        return dict(parse_qsl(urlsplit(self.target).query) + parse_qsl(self.body.decode("latin-1")))


class Answer(NamedTuple):
    """A whole answer, as it came."""

    status: int
    raw: bytes

    @property
    def body(self) -> bytes:
        """What follows the headers."""
        return self.raw.partition(b"\r\n\r\n")[2]


_FAILURE = Answer(503, b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


@dataclass(slots=True)
class Trouble:
    """What goes wrong with so many requests, and how many it has met."""

    what: str
    times: int
    seconds: float = 0.0
    met: int = 0


class Proxy:
    """Listens on this machine, in a thread of its own, for as long as the block runs.

    Args:
        upstream: the port that requests are passed on to.
        watch: given a request, what is to happen around it; the answer is put into what it yields.
    """

    def __init__(
        self, upstream: int, watch: Callable[[Request], AbstractContextManager[dict[str, Any]] | None]
    ) -> None:
        self._upstream, self._watch = upstream, watch
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._troubles: list[Trouble] = []
        self.port = 0

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """Close, with whatever is under way."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def trouble(self, what: str, times: int, seconds: float = 0.0) -> Trouble:
        """Let so many requests go wrong, from the next one on."""
        trouble = Trouble(what, times, seconds)
        self._troubles.append(trouble)
        return trouble

    def calm(self) -> None:
        """Pass everything on."""
        self._troubles.clear()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_LONGEST_HEAD))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        with closing(self._loop), suppress(RuntimeError):
            self._loop.run_forever()
            server.close()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request; the connection then ends, as the server's does."""
        try:
            await self._pass(await _read(reader), writer)
        except (CutError, OSError, EOFError, TimeoutError, ValueError):  # one of the two sides has gone
            writer.transport.abort()
        finally:
            writer.close()

    async def _pass(self, request: Request, writer: asyncio.StreamWriter) -> None:
        trouble = next((each for each in self._troubles if each.met < each.times), Trouble(DONE, 0))
        what, trouble.met = trouble.what, trouble.met + 1
        with self._watch(request) or nullcontext({}) as learned:
            if what == DELAYED:
                await asyncio.sleep(trouble.seconds)
            if what == CUT:
                raise CutError
            answer = _FAILURE if what == FAILED else await asyncio.wait_for(self._ask(request), _ANSWER_SECONDS)
            if what == LOST:
                raise CutError
            learned["answer"] = answer
            writer.write(answer.raw)
            await writer.drain()

    async def _ask(self, request: Request) -> Answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        with closing(writer):
            writer.write(request.head + request.body)
            raw = await reader.read()
        return Answer(int(raw[9:12]), raw)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    kept = [line for line in lines if not line.lower().startswith(("connection:", "keep-alive:"))]
    plain = "\r\n".join([first, *kept, "Connection: close", "", ""]).encode("latin-1")
    return Request(plain, body, first.split(" ")[1], headers)
