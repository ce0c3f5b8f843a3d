"""The rules of metering as the warehouse's functions, one interval at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.support.metering.lives import at

if TYPE_CHECKING:
    from sqlalchemy import Engine

RULE = """
    SELECT metering.interval_rule(:was_listed, :was_rejected, :earlier_aku, :is_first, :is_rejected, :aku, :modified_at,
                                  :from_at, :to_at)
"""
#: Two answers, at minutes 0 and 5; the instance had 6 AKU and was modified before both.
STEADY: dict[str, Any] = {
    "was_listed": True,
    "was_rejected": False,
    "earlier_aku": 6,
    "is_first": False,
    "is_rejected": False,
    "aku": 6,
    "modified_at": at(-60),
    "from_at": at(0),
    "to_at": at(5),
}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, "steady"),
        ({"modified_at": at(0)}, "steady"),
        ({"modified_at": at(2)}, "touched"),
        ({"aku": 9, "modified_at": at(2)}, "changed"),
        ({"aku": 9, "modified_at": at(5)}, "changed"),
        ({"aku": 9, "modified_at": at(6)}, "inconsistent"),
        ({"aku": 9}, "inconsistent"),
        ({"was_listed": False, "earlier_aku": None}, "appeared"),
        ({"was_listed": None, "earlier_aku": None, "is_first": True}, "first"),
        ({"is_rejected": True}, "rejected"),
        ({"was_rejected": True, "aku": 9}, "steady"),
        ({"was_rejected": True, "aku": 9, "modified_at": at(2)}, "changed"),
    ],
)
def test_an_interval_falls_under_one_rule(warehouse: Engine, changes: dict[str, Any], rule: str) -> None:
    with warehouse.connect() as connection:
        assert connection.scalar(text(RULE), STEADY | changes) == rule


INTERVAL = """
    SELECT split_at, aku_before, known_before, aku_after, known_after, gap_start, gap_end, gap_cause
    FROM metering.measured_interval(:rule, :is_silent, :from_at, :to_at, :metered_from, :ended_at, :earlier_aku, :aku,
                                    :created_at, :modified_at)
"""
FACTS: dict[str, Any] = {
    "is_silent": False,
    "from_at": at(0),
    "to_at": at(30),
    "metered_from": at(-600),
    "ended_at": None,
    "earlier_aku": 6,
    "aku": 9,
    "created_at": at(-900),
    "modified_at": at(10),
}


@pytest.mark.parametrize(
    ("rule", "facts", "expected"),
    [
        ("steady", {"aku": 6}, ((6, "measured"), (6, "measured"), 30, None)),
        ("steady", {"aku": 6, "is_silent": True}, ((6, "inferred"), (6, "measured"), 30, None)),
        ("touched", {"aku": 6}, ((6, "measured"), (6, "measured"), 30, None)),
        ("touched", {"aku": 6, "is_silent": True}, ((6, "estimated"), (6, "measured"), 30, (0, 30))),
        ("changed", {}, ((6, "measured"), (9, "measured"), 10, None)),
        ("changed", {"is_silent": True}, ((6, "estimated"), (9, "inferred"), 10, (0, 10))),
        ("inconsistent", {}, ((6, "estimated"), (9, "measured"), 30, (0, 30))),
        ("appeared", {"created_at": at(4)}, ((0, "measured"), (9, "measured"), 10, None)),
        ("first", {"modified_at": at(-900)}, ((0, "measured"), (9, "inferred"), -600, None)),
        ("first", {"metered_from": at(0)}, ((0, "unknown"), (9, "inferred"), 10, (0, 10))),
        ("rejected", {"aku": 6}, ((6, "estimated"), (6, "measured"), 30, (0, 30))),
        ("carried", {"aku": 6, "ended_at": at(20)}, ((6, "estimated"), (6, "measured"), 30, (0, 20))),
        ("held", {"aku": 6}, ((6, "measured"), (6, "measured"), 30, None)),
    ],
)
def test_an_interval_comes_to_what_its_rule_says(
    warehouse: Engine, rule: str, facts: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    before, after, split, gap = expected
    with warehouse.connect() as connection:
        row = connection.execute(text(INTERVAL), FACTS | facts | {"rule": rule}).one()
    assert (row.aku_before, row.known_before) == before
    assert (row.aku_after, row.known_after) == after
    assert row.split_at == at(split)
    has_gap = row.gap_start is not None and row.gap_start < row.gap_end
    assert ((row.gap_start, row.gap_end) if has_gap else None) == (gap and (at(gap[0]), at(gap[1])))


def test_the_functions_become_part_of_the_statements_that_use_them(warehouse: Engine) -> None:
    query = """
        EXPLAIN (VERBOSE) SELECT m.* FROM generate_series(1, 9) AS n
        CROSS JOIN LATERAL metering.measured_interval(
            metering.interval_rule(TRUE, FALSE, n, FALSE, FALSE, 6, now(), now(), now()),
            FALSE, now(), now(), now(), NULL, n, n, now(), now()
        ) AS m
    """
    with warehouse.connect() as connection:
        plan = "\n".join(connection.scalars(text(query)))
    assert "measured_interval" not in plan
    assert "interval_rule" not in plan
