"""Whatever comes first, polls, closings or files: the same usage and the same gaps follow from what is stored."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text

from include.domain.periods import Window
from include.metering.hours.close import close_due_hours, close_hours
from include.metering.imports.load import import_usage
from tests.support.metering.histories import EVERYTHING, HOURS, RULES
from tests.support.metering.lives import Environment, at, gaps, hours, kafka
from tests.support.metering.properties import property_of

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

END = EVERYTHING.end + timedelta(hours=3)
#: What was seen as a silence beyond the closed hours keeps that part of its gap until these hours are closed, too.
REACHED = Window(EVERYTHING.start, EVERYTHING.end + timedelta(hours=1))
#: What the console said, by minute: with instance kf-1 of so many AKU, without it, or nothing (None).
polls = st.dictionaries(st.integers(0, HOURS * 12 + 2), st.sampled_from([0, 6, 8]), min_size=0, max_size=12)
#: What a file says, by instance and hour.
files = st.lists(
    st.dictionaries(
        st.tuples(st.sampled_from(["kf-1", "kf-2"]), st.integers(0, HOURS - 1)), st.integers(0, 50_000), max_size=4
    ),
    max_size=2,
)
_number = count()


def load(warehouse: Engine, folder: Path, rows: dict[tuple[str, int], int]) -> None:
    if not rows:
        return
    file = folder / f"{next(_number)}.csv"
    lines = [f"sub-11-orders,{name},{at(60 * hour).isoformat()},{used}" for (name, hour), used in rows.items()]
    file.write_text("\n".join(["subscription_id,instance_id,hour,aku_seconds", *lines, ""]))
    import_usage(warehouse, file, END, again=True)


def tell(orders: Environment, polls: dict[int, int]) -> None:
    orders.tell(*(orders.poll(5 * n, *([kafka(aku, m=-60)] if aku else [])) for n, aku in polls.items()))


def begin(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        for table in ("polls", "readings", "rejections", "environment_hours", "usage", "imported_hours", "imports"):
            connection.execute(text(f"DELETE FROM metering.{table}"))
        for table in ("usage_revisions", "subscription_hours", "gaps"):
            connection.execute(text(f"DELETE FROM metering.{table}"))


def outcome(warehouse: Engine) -> tuple[object, object]:
    close_hours(warehouse, REACHED, END, rules=RULES)
    close_due_hours(warehouse, END, rules=RULES)
    return hours(warehouse), [gap for gap in gaps(warehouse) if gap[-1] == "open"]


@pytest.fixture
def orders(warehouse: Engine) -> Environment:
    """An environment without any poll yet."""
    return Environment(warehouse)


class Case(NamedTuple):
    """Polls, files, the minute in which metering starts, and another order of arrival with its closings."""

    polls: dict[int, int]
    said: list[dict[tuple[str, int], int]]
    start: int
    order: list[int]
    closes: list[bool]


cases = st.builds(
    Case,
    polls,
    files,
    st.sampled_from([0, 10]),
    st.permutations(range(3)),
    st.lists(st.booleans(), min_size=3, max_size=3),
)


@property_of
@example(
    case=Case(
        {12: 6, 21: 8, 8: 8, 2: 0, 16: 8, 34: 8, 37: 0, 25: 8, 0: 0, 13: 8, 10: 0},
        [],
        0,
        [2, 0, 1],
        [False, True, False],
    )
)
@given(case=cases)
def test_polls_closings_and_files_give_the_same_in_any_order(orders: Environment, tmp_path: Path, case: Case) -> None:
    warehouse = orders.warehouse
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET metering_started_at = :at"), {"at": at(case.start)})
    begin(warehouse)
    tell(orders, case.polls)
    close_hours(warehouse, EVERYTHING, END, rules=RULES)
    for rows in case.said:
        load(warehouse, tmp_path, rows)
    expected = outcome(warehouse)

    begin(warehouse)
    polled = sorted(case.polls.items())
    last_word: dict[tuple[str, int], int] = {}
    for rows in case.said:
        last_word |= rows
    for step, closes in zip(case.order, case.closes, strict=True):
        if step == 2:
            load(warehouse, tmp_path, last_word)
        else:
            tell(orders, dict(polled[step::2]))
        if closes:
            close_hours(warehouse, EVERYTHING, END, rules=RULES)
    assert outcome(warehouse) == expected
