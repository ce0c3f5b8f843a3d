"""Closing a month by what one would do instead, from the same stored usage, in the same run.

- a script with pandas, and Decimal for each hour
- dbt, with three models: hours, charges, bills
- the hashmap rating of CloudKitty, which rates each hour of each instance on its own

Ours makes bills with lines, taxes, audits and fingerprints, and issues them; the others make an amount for each
subscription. What they get wrong is counted: bills with another amount than ours, and bills that say something else
once an hour became known late and the month is closed again, which an issued bill never does. dbt and CloudKitty run in
an environment of their own (requirements-alternatives.lock), which is made before the clock starts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import text

from benchmarks.alternatives import pandas_script
from benchmarks.close_period import CLOSED_AT, PERIOD, enter_usage
from benchmarks.measuring import Ratio, cost, empty_warehouse
from include.billing.bills.close import PeriodIssuedError, close_period
from include.local.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL, Engine, TextClause

    from include.domain.money import Decimal

#: Subscriptions, and instances of each.
SIZES = {"full": (200, 10), "small": (20, 2)}
_HERE = Path(__file__).parent
_DBT = _HERE / "dbt_project"
_UV = str(Path(sys.executable).with_name("uv"))
_OURS = text("SELECT subscription_key, total FROM billing.bills ORDER BY 1")
_THEIRS = text("SELECT subscription_key, amount FROM alternative.bills ORDER BY 1")
_LATE = text(
    "UPDATE metering.usage SET aku_seconds = aku_seconds + 3600, peak_aku = peak_aku + 1 "
    "WHERE (hour_start, instance_key) = (SELECT hour_start, instance_key FROM metering.usage ORDER BY 1, 2 LIMIT 1)"
)


def run(size: str) -> list[Ratio]:
    subscriptions, instances = SIZES[size]
    with empty_warehouse() as warehouse, TemporaryDirectory() as folder:
        tools = _Tools(Path(folder), warehouse.url)
        works: dict[str, Callable[[Engine], None]] = {
            "a pandas script": pandas_script.close_month,
            "dbt": tools.close_with_dbt,
            "CloudKitty's hashmap": tools.close_with_hashmap,
        }
        rows = enter_usage(warehouse, subscriptions, instances)
        with warehouse.begin() as connection:
            connection.execute(text("CREATE SCHEMA alternative"))
        start = time.perf_counter()
        close_period(warehouse, PERIOD, CLOSED_AT)
        ours = time.perf_counter() - start
        issued = _amounts(warehouse, _OURS)
        took, made = {}, {}
        for name, work in works.items():
            start = time.perf_counter()
            work(warehouse)
            took[name], made[name] = time.perf_counter() - start, _amounts(warehouse, _THEIRS)
        with warehouse.begin() as connection:
            connection.execute(_LATE)
        with suppress(PeriodIssuedError):
            close_period(warehouse, PERIOD, CLOSED_AT)
        assert _amounts(warehouse, _OURS) == issued
        lines = []
        for name, work in works.items():
            work(warehouse)
            other = sum(made[name][key] != amount for key, amount in issued.items())
            changed = sum(amount != made[name][key] for key, amount in _amounts(warehouse, _THEIRS).items())
            note = f"{rows:,} rows; of their amounts {other} are not ours, {changed} changed later"
            lines.append(cost(f"our close, against {name}", ours, took[name], "", note))
    return lines


def _amounts(warehouse: Engine, query: TextClause) -> dict[int, Decimal]:
    with warehouse.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


class _Tools:
    """dbt and CloudKitty, installed into a folder; libpq's variables tell them where the warehouse is."""

    def __init__(self, folder: Path, url: URL) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "PGHOST": str(url.query["host"]),
            "PGUSER": str(url.username),
            "PGDATABASE": str(url.database),
            "PYTHONWARNINGS": "ignore",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
            "DBT_LOG_PATH": str(folder),
            "DBT_TARGET_PATH": str(folder / "target"),
        }
        python = str(folder / "venv/bin/python")
        self._run(_UV, "venv", "--quiet", "--python", sys.executable, str(folder / "venv"))
        lock = str(ROOT / "requirements-alternatives.lock")
        self._run(_UV, "pip", "install", "--quiet", "--require-hashes", "--python", python, "--requirements", lock)

    def close_with_dbt(self, _warehouse: Engine) -> None:
        project = str(_HERE / "dbt_project")
        window = json.dumps({"start": PERIOD.window.start.isoformat(), "end": PERIOD.window.end.isoformat()})
        options = ("--project-dir", project, "--profiles-dir", project, "--vars", window)
        self._run(str(self._folder / "venv/bin/dbt"), "--quiet", "run", *options)

    def close_with_hashmap(self, _warehouse: Engine) -> None:
        bounds = (PERIOD.window.start.isoformat(), PERIOD.window.end.isoformat())
        self._run(str(self._folder / "venv/bin/python"), str(_HERE / "hashmap.py"), *bounds)

    def _run(self, *command: str) -> None:
        subprocess.run(command, check=True, env=self._environment)  # noqa: S603 (ours, from above)
