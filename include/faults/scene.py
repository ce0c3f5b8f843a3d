"""Where scenarios are played: one PostgreSQL, and one sandbox in this process, for any number of seeds."""

from __future__ import annotations

import logging
import random
import socket
import tempfile
import threading
import time
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import uvicorn

from include.faults import clock
from include.faults.borders import Door
from include.sandbox.app import Sandbox
from include.sandbox.world import draw_ids_from
from include.warehouse.embedded import scratch_warehouse
from include.warehouse.engine import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import URL, Engine


class Scene(NamedTuple):
    """What scenarios are played with.

    Attributes:
        template: an empty warehouse whose clock is set from outside; each scenario has a copy.
        sandbox: the outside.
        door: through which it is called.
        address: where the door is, host and port.
        folder: for files.
    """

    template: URL
    sandbox: Sandbox
    door: Door
    address: str
    folder: Path


@contextmanager
def open_scene(server: URL) -> Iterator[Scene]:
    """Everything that scenarios share, on that PostgreSQL server."""
    with (
        tempfile.TemporaryDirectory(prefix="akubill-faults-") as name,
        scratch_warehouse(server, role=None) as owner,
    ):
        folder = Path(name)
        with _session(owner.url) as session:
            clock.install(session)
        owner.dispose()
        sandbox = Sandbox(folder / "sandbox", calls_vendor=False)
        door = Door(sandbox)
        with _serving(door) as address:
            yield Scene(owner.url, sandbox, door, address, folder)
        sandbox.close()
        with _session(server) as maintenance:
            for made in ("scenario", "moment"):
                maintenance.execute(f'DROP DATABASE IF EXISTS "{owner.url.database}_{made}" WITH (FORCE)')


class Moment(NamedTuple):
    """A scenario as it is at an instant: its warehouse, and what the sandbox knows."""

    database: str
    world: dict[str, Any]
    at: datetime


@contextmanager
def open_copy(
    scene: Scene, at: datetime, moment: Moment | None = None
) -> Iterator[tuple[Engine, clock.Clock, psycopg.Connection]]:
    """A warehouse and an outside as new, or as they were at a moment: the warehouse, its clock, and who sees all."""
    name, template = f"{scene.template.database}_life", moment.database if moment else scene.template.database
    with _session(scene.template.set(database="postgres")) as maintenance:
        maintenance.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        maintenance.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    with _session(scene.template.set(database=name)) as session:
        clock.show(session)
        engine = open_warehouse(scene.template.set(database=name))
        going = clock.Clock(session, at)
        world = scene.sandbox.world
        world.reset()
        world.clock = going.seconds
        if moment:
            vars(world).update(deepcopy(moment.world))
        dice = random.Random("ids")  # noqa: S311 - a scenario must repeat, not be secret
        draw_ids_from(dice)
        random.seed(0)
        try:
            yield engine, going, session
        finally:
            engine.dispose()


def keep(scene: Scene, at: datetime) -> Moment:
    """The scenario that was played last, as it is now; nothing may be connected to its warehouse."""
    name = f"{scene.template.database}_moment"
    with _session(scene.template.set(database="postgres")) as maintenance:
        maintenance.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        maintenance.execute(f'ALTER DATABASE "{scene.template.database}_life" RENAME TO "{name}"')
    known = vars(scene.sandbox.world).items()
    return Moment(name, {key: deepcopy(value) for key, value in known if key not in {"journal", "clock"}}, at)


@contextmanager
def _session(url: URL) -> Iterator[psycopg.Connection]:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as session:
        session.execute("SET TIME ZONE 'UTC'")
        yield session


@contextmanager
def _serving(door: Door) -> Iterator[str]:
    """Serve from a thread; host and port."""
    # Answers are lost on purpose, and uvicorn would call each one an error.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)  # noqa: FBT003 (the socket's own signature)
        config = uvicorn.Config(
            door,
            log_level="critical",
            access_log=False,
            date_header=False,
            lifespan="off",
            h11_max_incomplete_event_size=256 * 1024,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        host, port = listener.getsockname()
        yield f"{host}:{port}"
        server.should_exit = True
        thread.join()
