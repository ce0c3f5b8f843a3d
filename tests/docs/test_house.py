"""The page on the house shows a task of today."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/concepts/house.md"


def test_its_sample_of_a_task_is_that_of_the_dag() -> None:
    (sample,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    dag = (ROOT / "dags/aku_metering.py").read_text(encoding="utf-8")
    lines = [line.split("  #")[0].strip() for line in sample.splitlines()]
    assert [line for line in lines if line not in dag] == []
