"""The outside at its worst while consoles are asked: what one console does is never another one's trouble."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text

from include.domain.errors import ConfigurationError
from include.metering.polling.collect import Pace, collect_shard
from include.warehouse.vault import Vault
from tests.support.breaking import wait_until
from tests.support.builders import rows
from tests.support.metering.consoles import enter

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxConsole, SandboxHandle

CAUSES = "SELECT environment_id, cause FROM metering.polls JOIN core.environments USING (environment_key) WHERE NOT ok"


@pytest.fixture
def consoles(warehouse: Engine, vault: Vault, sandbox: SandboxHandle) -> list[SandboxConsole]:
    """Six consoles with two instances each, metered."""
    made = sandbox.consoles(count=6, instances=2)
    enter(warehouse, vault, made)
    return made


@pytest.mark.parametrize(
    "kind", ["throttle", "throttle_without_header", "server_error", "unavailable", "html", "broken", "lost_answer"]
)
def test_what_passes_is_asked_again_and_answered(
    kind: str, warehouse: Engine, vault: Vault, sandbox: SandboxHandle, consoles: list[SandboxConsole]
) -> None:
    sandbox.fault(kind, environment_id=consoles[0].environment_id, times=1)
    done = collect_shard(warehouse, vault, 0)
    assert (done.answered, done.failed) == (6, 0)
    assert sandbox.requests()["by_fault"] == {kind: 1}
    assert rows(warehouse, "SELECT count(*) FROM metering.readings") == [(12,)]


def test_what_lasts_is_a_failed_poll_with_its_cause_for_each_console_alone(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle, consoles: list[SandboxConsole]
) -> None:
    causes = {
        "throttle_without_header": "throttled",
        "server_error": "unreachable",
        "html": "unreachable",
        "not_json": "broken",
        "lost_answer": "unreachable",
    }
    for console, kind in zip(consoles, causes, strict=False):
        sandbox.fault(kind, environment_id=console.environment_id, times=None)
    done = collect_shard(warehouse, vault, 0)
    assert (done.answered, done.failed) == (1, 5)
    expected = {(console.environment_id, cause) for console, cause in zip(consoles, causes.values(), strict=False)}
    assert set(rows(warehouse, CAUSES)) == expected
    for (sentence,) in rows(warehouse, "SELECT error FROM metering.polls WHERE NOT ok"):
        assert "/consoles/env-" in sentence
        assert all(console.access_key_secret not in sentence for console in consoles)


def test_a_slow_console_delays_no_other(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle, consoles: list[SandboxConsole]
) -> None:
    """With two askers, one of whom hangs, all others are answered and stored before the slow one is given up."""
    sandbox.fault("slow", environment_id=consoles[0].environment_id, seconds=60)
    with ThreadPoolExecutor(1) as pool:
        pace = Pace(concurrency=2, batch=1, deadline_seconds=8, step_seconds=60, tries=1)
        running = pool.submit(collect_shard, warehouse, vault, 0, pace)
        stored = "SELECT count(*) FROM metering.polls WHERE ok"
        wait_until(lambda: rows(warehouse, stored) == [(5,)] or running.done())
        assert not running.done()
        assert running.result().failed == 1
    assert rows(warehouse, CAUSES) == [(consoles[0].environment_id, "timeout")]


def test_a_key_that_opens_no_secret_says_so(
    warehouse: Engine, sandbox: SandboxHandle, consoles: list[SandboxConsole]
) -> None:
    wrong = Fernet.generate_key().decode()
    with pytest.raises(ConfigurationError, match="akubill_vault") as refusal:
        collect_shard(warehouse, Vault(SecretStr(wrong)), 0)
    assert wrong not in str(refusal.value)
    assert rows(warehouse, "SELECT 1 FROM metering.polls") == []


def test_one_wrong_url_is_one_failed_poll(
    warehouse: Engine, vault: Vault, sandbox: SandboxHandle, consoles: list[SandboxConsole]
) -> None:
    with warehouse.begin() as connection:
        connection.execute(
            text("UPDATE core.environments SET console_url = 'console.example' WHERE environment_id = :id"),
            {"id": consoles[0].environment_id},
        )
    assert collect_shard(warehouse, vault, 0).answered == 5
    assert rows(warehouse, CAUSES) == [(consoles[0].environment_id, "misconfigured")]
