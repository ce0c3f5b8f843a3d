"""The page on the house shows a task of today, and every table that one room writes for another."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/concepts/house.md"
SQL = ROOT / "include/warehouse/sql"
ROUTINES = ROOT / "include/warehouse/routines"
#: These fill warehouses that are thrown away afterwards.
SCRATCH = ("billing/quotes/", "metering/imports/insert_scratch_")
WRITE = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)\s+([a-z]+\.[a-z_]+)")
READ = re.compile(r"\b(?:FROM|JOIN|USING)\s+(?:ONLY\s+)?([a-z]+\.[a-z_]+)")
VIEW = re.compile(r"\bCREATE VIEW ([a-z]+\.[a-z_]+) AS(.*?);", re.DOTALL)


def test_its_sample_of_a_task_is_that_of_the_dag() -> None:
    (sample,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    dag = (ROOT / "dags/aku_metering.py").read_text(encoding="utf-8")
    lines = [line.split("  #")[0].strip() for line in sample.splitlines()]
    assert [line for line in lines if line not in dag] == []


def test_a_room_writes_its_own_schema_and_the_page_lists_what_others_read_of_it() -> None:
    writers, readers = defaultdict(set), defaultdict(set)
    routines = "\n".join(file.read_text(encoding="utf-8") for file in ROUTINES.rglob("*.sql"))
    views = {view: READ.findall(query) for view, query in VIEW.findall(routines)}
    for file in SQL.rglob("*.sql"):
        name = file.relative_to(SQL).as_posix()
        if name.startswith(SCRATCH):
            continue
        text = re.sub(r"--.*", "", file.read_text(encoding="utf-8"))
        for table in WRITE.findall(text):
            writers[table].add(name.partition("/")[0])
        for table in READ.findall(text):
            for read in views.get(table, [table]):
                readers[read].add(name.partition("/")[0])
    passing = {
        table: (written, readers[table] - written) for table, written in writers.items() if readers[table] - written
    }
    owners = {"core": "onboarding"}
    assert {
        table: written
        for table, written in writers.items()
        if written != {owners.get(schema := table.partition(".")[0], schema)}
    } == {}
    listed = {}
    for tables, written, read in re.findall(
        r"^\| (`[a-z_]+\..*?) \| (.*?) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE
    ):
        for table in re.findall(r"`([a-z_.]+)`", tables):
            listed[table] = (set(re.findall(r"[a-z]+", written)), set(re.findall(r"[a-z]+", read)))
    assert listed == passing
