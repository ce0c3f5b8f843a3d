"""Parsing each DAG file, against a process that only imports `dag` and `task`; every parse in a process of its own.

Seconds are of the processor, not of the clock: a parse waits for nothing, and what else runs on the machine disturbs it
less. Bytecode is cached, as it is for a DAG processor that parses again and again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.measuring import Ratio, cost, in_turns

ROOT = Path(__file__).parents[1]
REPETITIONS = {"full": 3, "small": 1}
BARE = "from airflow.sdk import dag, task"


def run(size: str) -> list[Ratio]:
    files = sorted((ROOT / "dags").glob("*.py"))
    works = {file.name: partial(_python, f"import runpy; runpy.run_path({str(file)!r})") for file in files}
    for work in works.values():
        work()  # so that all bytecode is there
    took = in_turns(REPETITIONS[size], bare=partial(_python, BARE), **works)
    return [cost(f"parse {file.name}", took[file.name], took["bare"], "≤ 1.2") for file in files]


def _python(program: str) -> float:
    """The processor's seconds of a Python that runs the program."""
    before = os.times()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run(  # noqa: S603 (ours)
        [sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
