"""Parsing each DAG file, against a process that only imports `dag` and `task`; every parse in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.measuring import Ratio, cost, in_turns

ROOT = Path(__file__).parents[1]
REPETITIONS = {"full": 9, "small": 3}


def run(size: str) -> list[Ratio]:
    files = sorted((ROOT / "dags").glob("*.py"))
    works = {file.name: partial(_python, f"import runpy; runpy.run_path({str(file)!r})") for file in files}
    took = in_turns(REPETITIONS[size], bare=partial(_python, "from airflow.sdk import dag, task"), **works)
    return [cost(f"parse {file.name}", took[file.name], took["bare"], "≤ 1.2") for file in files]


def _python(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True)  # noqa: S603 (ours)
