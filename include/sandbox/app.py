"""The whole outside behind one port: clouds at /, consoles under /consoles/, the admin API under /admin/."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from include.sandbox import admin, aws, consoles, gateway
from include.sandbox.admin_access import AdminAccess, make_token
from include.sandbox.answers import Receive, Scope, Send
from include.sandbox.callbacks import Caller
from include.sandbox.world import World


class Sandbox:
    """The ASGI application. What is asked often is dispatched by hand, only the admin API goes through FastAPI."""

    def __init__(
        self,
        folder: Path,
        allowed_hosts: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
        *,
        calls_vendor: bool = True,
    ) -> None:
        self._calls_vendor = calls_vendor
        self.world = World(folder, clock)
        self.caller = Caller(self.world)
        self._admin = admin.make_app(self.world, AdminAccess(make_token(folder), allowed_hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._calls_vendor:
            self.caller.begin()
        if scope["type"] != "http":
            await self._admin(scope, receive, send)
        elif scope["path"].startswith(consoles.PREFIX):
            await consoles.serve(self.world, scope, receive, send, self.world.clock())
        elif scope["path"] == "/" and aws.is_asked(scope):
            await aws.serve(self.world, scope, receive, send, self.world.clock())
        elif scope["path"] == "/":
            await gateway.serve(self.world, scope, receive, send, self.world.clock())
        else:
            await self._admin(scope, receive, send)

    def close(self) -> None:
        """Close the journal."""
        self.world.journal.close()
