"""Lives: scripted, following traffic, random."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from include.sandbox import traffic
from include.sandbox.life import LifeError, LifePlan, play

SINCE = "2026-09-01T00:00:00Z"
T0 = int(datetime(2026, 9, 1, tzinfo=UTC).timestamp())
NOW = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())


def lived(**plan):
    return play("env-1", LifePlan(since=SINCE, **plan), NOW)


def test_a_script_is_played_as_written():
    [orders] = lived(
        script=[
            {"at": 0, "instance": "orders", "do": "create", "aku": 3, "seconds": 20},
            {"at": "2026-09-01T01:00:00Z", "instance": "orders", "do": "resize", "aku": 9, "seconds": 60},
            {"at": 7200, "instance": "orders", "do": "error"},
            {"at": 7300, "instance": "orders", "do": "recover"},
            {"at": 9000, "instance": "orders", "do": "delete", "seconds": 30},
        ]
    )
    assert orders.timeline == [
        (T0, "Creating", 3, 3),
        (T0 + 20, "Running", 3, 3),
        (T0 + 3600, "Changing", 3, 9),
        (T0 + 3660, "Running", 9, 9),
        (T0 + 7200, "Error", 9, 9),
        (T0 + 7300, "Running", 9, 9),
        (T0 + 9000, "Deleting", 9, 9),
        (T0 + 9030, "Deleted", 0, 0),
    ]


@pytest.mark.parametrize(
    "script",
    [
        [{"at": 0, "instance": "orders", "do": "resize", "aku": 3}],
        [{"at": 0, "instance": "orders", "do": "create"}],
        [{"at": 0, "instance": "orders", "do": "create", "aku": 3}] * 2,
        [
            {"at": 50, "instance": "orders", "do": "create", "aku": 3},
            {"at": 10, "instance": "orders", "do": "delete"},
        ],
    ],
)
def test_a_script_that_does_not_work_out_is_refused(script):
    with pytest.raises(LifeError):
        lived(script=script)


@pytest.mark.parametrize("name", traffic.names())
def test_sizes_follow_the_traffic_and_settle(name):
    one, other = lived(traffic={"file": name, "instances": 2})
    assert one.timeline[0] == (T0, "Running", one.timeline[0][2], one.timeline[0][2])
    running = [at for at, state, _, _ in one.timeline if state == "Running"]
    assert len(running) > 20
    assert all(later - earlier >= traffic.PATIENCE * traffic.STEP_SECONDS - 60 for earlier, later in pairwise(running))
    assert all(3 <= aku <= 500 for _, _, aku, _ in one.timeline)
    assert one.timeline[-1][0] > NOW
    assert one.timeline != other.timeline


def test_unknown_traffic_is_refused_by_name():
    with pytest.raises(LifeError, match="elb_request_count_8c0756"):
        lived(traffic={"file": "nothing"})


def test_the_same_seed_gives_the_same_life():
    plan = {"seed": 7, "instances": 5, "changes_per_day": 6}
    one, again = lived(random=plan), lived(random=plan)
    assert [row.timeline for row in one] == [row.timeline for row in again]
    assert [row.timeline for row in one] != [row.timeline for row in lived(random={**plan, "seed": 8})]
    for row in one:
        instants = [at for at, *_ in row.timeline]
        assert instants == sorted(instants)
