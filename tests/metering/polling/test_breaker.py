"""Consoles that always fail are asked less often, and never forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.metering.polling.breaker import Breaker, Failures
from include.metering.polling.collect import Pace, collect_shard
from include.metering.polling.readings import Poll
from include.metering.polling.record import record_polls
from tests.support.builders import environment_of, make_buyer, make_subscription, rows
from tests.support.metering.consoles import enter

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.warehouse.vault import Vault
    from tests.support.sandbox import SandboxHandle
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STATE = "SELECT failed_runs, cause, last_failed_at FROM metering.failing_consoles"


@pytest.fixture
def environment(warehouse: Engine) -> int:
    with warehouse.begin() as connection:
        return environment_of(connection, make_subscription(connection, make_buyer(connection)))


def failed(environment: int, minute: int, cause: str = "timeout") -> Poll:
    return Poll(environment, NOON + minute * MINUTE, cause=cause, error="It did not answer.")


def answered(environment: int, minute: int) -> Poll:
    return Poll(environment, NOON + minute * MINUTE)


def test_a_console_that_fails_now_and_then_is_asked_in_every_run() -> None:
    assert not Breaker().spares(None, NOON)
    assert not Breaker().spares(Failures(5, NOON), NOON)


def test_the_pause_doubles_up_to_its_longest() -> None:
    breaker = Breaker(opens_after=2, first_pause=5 * MINUTE, longest_pause=15 * MINUTE)
    pauses = [breaker.pause(Failures(runs, NOON)) for runs in (1, 2, 3, 4, 100_000)]
    assert [pause / MINUTE for pause in pauses] == [0, 5, 10, 15, 15]
    assert breaker.spares(Failures(2, NOON), NOON + 4 * MINUTE)
    assert not breaker.spares(Failures(2, NOON), NOON + 5 * MINUTE)


def test_failures_in_a_row_are_counted_across_batches(warehouse: Engine, environment: int) -> None:
    record_polls(warehouse, [failed(environment, 0), failed(environment, 5)])
    record_polls(warehouse, [failed(environment, 10, "refused")])
    assert rows(warehouse, STATE) == [(3, "refused", NOON + 10 * MINUTE)]


def test_an_answer_ends_it(warehouse: Engine, environment: int) -> None:
    record_polls(warehouse, [failed(environment, 0), failed(environment, 5)])
    record_polls(warehouse, [answered(environment, 10)])
    assert rows(warehouse, STATE) == []
    record_polls(warehouse, [failed(environment, 8)])
    assert rows(warehouse, STATE) == [], "a failure from before the answer says nothing"


def test_an_answer_from_before_the_last_failure_does_not_end_it(warehouse: Engine, environment: int) -> None:
    record_polls(warehouse, [failed(environment, 5)])
    record_polls(warehouse, [answered(environment, 0)])
    assert rows(warehouse, STATE) == [(1, "timeout", NOON + 5 * MINUTE)]


def test_the_same_failure_twice_counts_once(warehouse: Engine, environment: int) -> None:
    for _ in range(2):
        record_polls(warehouse, [failed(environment, 5)])
    assert rows(warehouse, STATE) == [(1, "timeout", NOON + 5 * MINUTE)]


def test_a_dead_console_is_spared_then_probed_once_and_welcomed_back(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle
) -> None:
    dead, well = sandbox.consoles(count=2, instances=1)
    enter(warehouse, vault, [dead, well])
    sandbox.fault("unavailable", environment_id=dead.environment_id, times=None)
    pace = Pace(breaker=Breaker(opens_after=1), tries=2)
    assert collect_shard(warehouse, vault, 0, pace).failed == 1
    asked_before = sandbox.requests()["verified"]
    done = collect_shard(warehouse, vault, 0, pace)
    assert (done.environments, done.failed, done.spared) == (1, 0, 1)
    assert sandbox.requests()["verified"] == asked_before + 1
    make_due = text("""
        UPDATE metering.failing_consoles
        SET failing_since = failing_since - INTERVAL '1 hour', last_failed_at = last_failed_at - INTERVAL '1 hour'
    """)
    with warehouse.begin() as connection:
        connection.execute(make_due)
    collect_shard(warehouse, vault, 0, pace)
    assert sandbox.requests()["verified"] == asked_before + 3, "a probe is one try"
    sandbox.clear_faults()
    with warehouse.begin() as connection:
        connection.execute(make_due)
    done = collect_shard(warehouse, vault, 0, pace)
    assert (done.environments, done.failed, done.spared) == (2, 0, 0)
    assert rows(warehouse, STATE) == []


def test_consoles_for_which_a_run_has_no_time_are_counted_and_get_no_poll(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle
) -> None:
    enter(warehouse, vault, sandbox.consoles(count=3, instances=1))
    done = collect_shard(warehouse, vault, 0, Pace(run_seconds=0))
    assert (done.environments, done.not_asked) == (0, 3)
    assert rows(warehouse, "SELECT 1 FROM metering.polls") == []


def test_a_console_that_is_throttled_until_its_time_is_up_is_throttled_and_not_silent(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle
) -> None:
    enter(warehouse, vault, sandbox.consoles(count=1))
    sandbox.fault("throttle_without_header", times=None)
    collect_shard(warehouse, vault, 0, Pace(deadline_seconds=0.5, tries=100))
    assert rows(warehouse, "SELECT cause FROM metering.polls") == [("throttled",)]
