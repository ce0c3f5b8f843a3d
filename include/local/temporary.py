"""A stack for one test, soak, benchmark or run of faults: in a folder of its own, gone at the end."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from include.local import stack, state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from include.local.stack import Running


@contextmanager
def temporary_stack(say: Callable[[str], None] = print, airflow: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A stack in which no DAG runs on its schedule before it is unpaused.

    Args:
        say: hears what happens.
        airflow: settings of Airflow that are other than usual, as environment variables.
    """
    place = state.State(Path(tempfile.mkdtemp(prefix="akubill-stack-")))
    place.folder.chmod(0o755)  # PostgreSQL may run as another user
    place.make()
    settings = replace(state.make_settings(), dags_begin_paused=True, airflow=dict(airflow or {}))
    state.save_settings(place, settings)
    say(f"The stack is in {place.folder}. If it is ever left over: AKUBILL_STATE={place.folder} make clean")
    try:
        yield stack.up(place, say)
    finally:
        stack.clean(place, say)
