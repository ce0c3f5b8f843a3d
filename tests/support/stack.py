"""A local stack for one test, soak or benchmark."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from include.local import stack, state
from include.local.airflow_api import AirflowApi
from include.warehouse import server
from include.warehouse.embedded import server_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL

    from include.local.stack import Running


@contextmanager
def running_stack(say: Callable[[str], None] = print) -> Iterator[Running]:
    """A stack in a folder of its own, in which no DAG runs on its schedule before it is unpaused."""
    place = state.State(Path(tempfile.mkdtemp(prefix="akubill-stack-")))
    place.folder.chmod(0o755)  # PostgreSQL may run as another user
    place.make()
    state.save_settings(place, replace(state.make_settings(), dags_begin_paused=True))
    say(f"The stack is in {place.folder}. If it is ever left over: AKUBILL_STATE={place.folder} make clean")
    try:
        yield stack.up(place, say)
    finally:
        stack.clean(place, say)


def airflow_of(running: Running) -> AirflowApi:
    """Its Airflow, as the administrator sees it."""
    return AirflowApi(running.settings.ui_url, "admin", state.load_passwords(running.state)["admin"])


def postgres_of(running: Running) -> URL:
    """Its PostgreSQL's maintenance database."""
    return server_url(server.socket_folder(running.state.postgres.resolve()))
