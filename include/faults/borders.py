"""The borders of a scenario: where transactions end in the warehouse, and where calls go to the outside.

Each is a point with a name, taken from the code that is there: the function whose transaction ends, the operation that
is called.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.pq import TransactionStatus
from sqlalchemy import event

from include.faults.plan import DIED_AFTER, DIED_BEFORE, DONE, FAILED, LOST, REFUSED
from include.faults.stage import Actor, DiedError
from include.sandbox.records import Fault

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from include.faults.stage import Stage
    from include.sandbox.answers import Receive, Scope, Send
    from include.sandbox.app import Sandbox

_ROOMS = Path(__file__).parents[1]
_NOT_NAMED = {"warehouse", "faults"}
_HAS_WRITTEN = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"
#: The fault that the sandbox has for an outcome.
_BY_SANDBOX = {REFUSED: "throttle_without_header", FAILED: "unavailable", LOST: "lost_answer"}


def watch_warehouse(engine: Engine, stage: Stage) -> None:
    """Let transactions of this engine end at borders of the stage."""
    with engine.connect():
        pass  # what the engine asks of its first session is no work of a task
    _follow_sessions(engine, stage)
    _watch_statements(engine, stage)
    _watch_ends(engine, stage)


def _follow_sessions(engine: Engine, stage: Stage) -> None:
    """Know whose each session is."""

    @event.listens_for(engine, "checkout")
    def take(session: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401 (SQLAlchemy's own)
        record.info["actor"] = stage.holder
        if stage.holder is not None:
            stage.holder.sessions.append(session)

    @event.listens_for(engine, "checkin")
    def give_back(session: Any, record: Any) -> None:  # noqa: ANN401
        actor: Actor | None = record.info.pop("actor", None)
        if actor is not None and session in actor.sessions:
            actor.sessions.remove(session)


def _watch_statements(engine: Engine, stage: Stage) -> None:
    """The dead say nothing, and who got a lock waits for its turn."""

    @event.listens_for(engine, "before_cursor_execute")
    def refuse_the_dead(connection: Connection, *_: object) -> None:
        actor = connection.info.get("actor")
        if actor is not None and actor.is_dead:
            raise DiedError

    @event.listens_for(engine, "after_cursor_execute")
    def take_turn(connection: Connection, *_: object) -> None:
        _take_turn(stage, connection.info.get("actor"))

    @event.listens_for(engine, "handle_error")
    def take_turn_all_the_same(context: Any) -> None:  # noqa: ANN401
        if context.connection is not None:
            _take_turn(stage, context.connection.info.get("actor"))


def _watch_ends(engine: Engine, stage: Stage) -> None:
    """Where a transaction ends is a border, and where it has written something, a point."""
    commit, roll_back = engine.dialect.do_commit, engine.dialect.do_rollback

    def end(proxy: Any) -> None:  # noqa: ANN401
        actor = _holder(proxy)
        if actor is None:
            commit(proxy)
            return
        if actor.is_dead:
            raise DiedError
        outcome = DONE
        if proxy.dbapi_connection.execute(_HAS_WRITTEN).fetchone()[0]:
            stage.pause(actor)
            outcome = stage.plan.outcome(actor.name, f"commit in {_who_commits()}")
        if outcome == DIED_BEFORE:
            _kill(actor)
        commit(proxy)
        if outcome == DIED_AFTER:
            _kill(actor)
        stage.pause(actor)

    def leave(proxy: Any) -> None:  # noqa: ANN401
        actor = _holder(proxy)
        was_idle = actor is None or proxy.dbapi_connection.info.transaction_status == TransactionStatus.IDLE
        roll_back(proxy)
        if actor is not None and not actor.is_dead and not was_idle:
            stage.pause(actor)

    setattr(engine.dialect, "do_commit", end)  # noqa: B010 (mypy knows them as methods)
    setattr(engine.dialect, "do_rollback", leave)  # noqa: B010


def _holder(proxy: Any) -> Actor | None:  # noqa: ANN401
    """Whose session it is; None where the engine itself looks at a new one."""
    return proxy.info.get("actor") if hasattr(proxy, "info") and isinstance(proxy.info, dict) else None


def _take_turn(stage: Stage, actor: Actor | None) -> None:
    """Who waited for a lock has it, and waits for the baton."""
    if actor is not None and actor.waits:
        stage.pause(actor)


def _kill(actor: Actor) -> None:
    actor.die()
    raise DiedError


def _who_commits() -> str:
    """The function of a room whose transaction ends here."""
    frame = sys._getframe(1)  # noqa: SLF001 (there is no other way to see who calls)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_ROOMS):
            parts = path.relative_to(_ROOMS).with_suffix("").parts
            if parts[0] not in _NOT_NAMED:
                return f"{'/'.join(parts)}.{frame.f_code.co_qualname}"
        frame = frame.f_back  # type: ignore[assignment]
    return "no room"


class Door:
    """The sandbox's door, an ASGI application: calls of tasks on the stage pass borders on their way in and out."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.stage: Stage | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        stage = self.stage
        actor = stage.holder if stage is not None else None
        if stage is None or actor is None:
            await self._sandbox(scope, receive, send)
            return
        if actor.is_dead:
            return
        await asyncio.to_thread(stage.pause, actor)
        action = _action(scope)
        outcome = stage.plan.outcome(actor.name, f"call of {action}")
        if outcome == DIED_BEFORE:
            await asyncio.to_thread(actor.die)
            return
        world = self._sandbox.world
        if outcome in _BY_SANDBOX:
            world.keep(Fault("fault", _BY_SANDBOX[outcome], times=1))
        await self._sandbox(scope, receive, _Later(send, stage, actor, dies=outcome == DIED_AFTER))
        world.drop(*list(world.faults.values()))


class _Later:
    """Sends an answer once it is the task's turn again."""

    def __init__(self, send: Send, stage: Stage, actor: Actor, *, dies: bool) -> None:
        self._send, self._stage, self._actor, self._dies = send, stage, actor, dies
        self._has_begun = False

    async def __call__(self, message: Any) -> None:  # noqa: ANN401 (ASGI)
        if not self._has_begun:
            self._has_begun = True
            await asyncio.to_thread(self._stage.pause, self._actor)
            if self._dies:
                await asyncio.to_thread(self._actor.die)
        await self._send(message)


def _action(scope: Scope) -> str:
    headers = dict(scope["headers"])
    if name := headers.get(b"x-acs-action"):
        return str(name.decode())
    if target := headers.get(b"x-amz-target"):
        return str(target.decode().rpartition(".")[2])
    return f"console {scope['method']} instances"
