"""Asking consoles over HTTP, against the sandbox."""

from __future__ import annotations

import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlalchemy import text

from include.metering.polling.collect import Pace, collect_shard, poll_instant
from include.metering.polling.readings import read_listing
from tests.support.builders import rows
from tests.support.metering.consoles import enter
from tests.support.metering.lives import AKU, kafka

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.warehouse.vault import Vault
    from tests.support.sandbox import SandboxHandle


def test_every_console_of_the_shard_is_a_poll_and_every_instance_a_reading(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle
) -> None:
    enter(warehouse, vault, sandbox.consoles(count=7, instances=3))
    done = collect_shard(warehouse, vault, 0, Pace(concurrency=4, batch=3))
    assert (done.environments, done.answered, done.failed, done.rejected) == (7, 7, 0, 0)
    assert rows(warehouse, "SELECT count(*), count(DISTINCT instance_key) FROM metering.readings") == [(21, 21)]
    assert rows(warehouse, "SELECT count(*) FROM metering.instances") == [(21,)]
    pages = json.loads(zlib.decompress(rows(warehouse, "SELECT payload FROM metering.polls LIMIT 1")[0][0]))
    assert sum(len(page["list"]) for page in pages) == 3
    assert rows(warehouse, "SELECT 1 FROM metering.polls WHERE observed_at <> date_trunc('second', observed_at)") == []


def test_a_poll_that_failed_is_recorded_with_its_cause_and_stops_no_other(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle
) -> None:
    good, wrong_secret = sandbox.consoles(count=2, instances=1)
    enter(warehouse, vault, [good, wrong_secret])
    with warehouse.begin() as connection:
        connection.execute(
            text("""
            UPDATE core.environment_credentials SET secret_ciphertext = :secret
            FROM core.environments WHERE environments.environment_key = environment_credentials.environment_key
                AND environment_id = :id
            """),
            {"secret": vault.encrypt(SecretStr("not-it")), "id": wrong_secret.environment_id},
        )
    done = collect_shard(warehouse, vault, 0)
    assert (done.answered, done.failed) == (1, 1)
    assert rows(warehouse, "SELECT cause, instance_count FROM metering.polls WHERE NOT ok") == [("refused", None)]
    [(error,)] = rows(warehouse, "SELECT error FROM metering.polls WHERE NOT ok")
    assert wrong_secret.access_key_id in error
    assert "not-it" not in error


def test_a_console_that_answers_too_slowly_times_out_alone(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle
) -> None:
    slow, *quick = sandbox.consoles(count=5, instances=1)
    enter(warehouse, vault, [slow, *quick])
    sandbox.fault("slow", path=f"/consoles/{slow.environment_id}", seconds=5)
    done = collect_shard(warehouse, vault, 0, Pace(deadline_seconds=1))
    assert (done.answered, done.failed) == (4, 1)
    assert rows(warehouse, "SELECT cause FROM metering.polls WHERE NOT ok") == [("timeout",)]


def test_two_runs_at_once_do_no_harm(warehouse: Engine, vault: Vault, sandbox: SandboxHandle) -> None:
    enter(warehouse, vault, sandbox.consoles(count=6, instances=2))
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(collect_shard, warehouse, vault, 0) for _ in range(2)]
        assert [run.result().failed for run in runs] == [0, 0]
    unlike = """
        SELECT polls.environment_key
        FROM metering.polls LEFT JOIN metering.readings USING (environment_key, observed_at)
        GROUP BY polls.environment_key, observed_at, instance_count HAVING count(instance_key) <> instance_count
    """
    assert rows(warehouse, unlike) == []
    assert rows(warehouse, "SELECT count(*) FROM metering.instances") == [(12,)]


def test_a_console_whose_clock_is_off_is_polled_and_its_skew_recorded(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle
) -> None:
    enter(warehouse, vault, sandbox.consoles(count=1, instances=1))
    sandbox.fault("clock_skew", seconds=3600)
    assert collect_shard(warehouse, vault, 0).answered == 1
    [(skew,)] = rows(warehouse, "SELECT clock_skew_ms FROM metering.polls")
    assert 3_540_000 < skew < 3_660_000


def test_fields_that_we_do_not_know_are_kept_in_the_payload(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle
) -> None:
    enter(warehouse, vault, sandbox.consoles(count=1, instances=1))
    collect_shard(warehouse, vault, 0)
    [(payload,)] = rows(warehouse, "SELECT payload FROM metering.polls")
    [instance] = json.loads(zlib.decompress(payload))[0]["list"]
    assert instance["statistics"]["topicCount"] == 12


def test_a_listing_of_several_pages_that_breaks_off_is_no_poll(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle
) -> None:
    # Each console gives its first page or not, and its second or not: of twenty, some give one page only.
    enter(warehouse, vault, sandbox.consoles(count=20, instances=150))
    sandbox.fault("broken", action="ListInstances", times=None, share=0.3)
    collect_shard(warehouse, vault, 0, Pace(tries=1))
    counts = "SELECT DISTINCT ok, instance_count FROM metering.polls ORDER BY ok"
    assert rows(warehouse, counts) == [(False, None), (True, 150)]


ANSWERED_AT = datetime(2026, 10, 1, 12, 0, 7, 900_000, tzinfo=UTC)
ASKED_WITHIN = datetime(2026, 10, 1, 12, 0, 7, tzinfo=UTC)


def instant_of(*instances: dict) -> datetime:
    """The instant of a poll that took 0.2 s and was answered at 12:00:07.9."""
    return poll_instant(ANSWERED_AT, 200, read_listing(instances, ANSWERED_AT, AKU)[0])


def test_a_poll_holds_for_the_last_second_that_had_ended_when_it_was_asked_for() -> None:
    assert instant_of(kafka(m=-5)) == ASKED_WITHIN - timedelta(seconds=1)


def test_a_poll_that_shows_a_change_of_its_own_second_holds_for_that_second() -> None:
    assert instant_of(kafka() | {"gmtModified": "2026-10-01T12:00:07.500Z"}) == ASKED_WITHIN


def test_a_time_in_the_future_does_not_move_the_poll() -> None:
    assert instant_of(kafka(m=5)) == ASKED_WITHIN - timedelta(seconds=1)
