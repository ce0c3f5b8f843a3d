"""Secrets change while consoles are polled, and no poll fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from include.domain.errors import ConfigurationError, ConflictError, RefusedError
from include.domain.sharding import SHARDS
from include.metering.polling.collect import Pace, collect_shard
from include.onboarding.credentials import encrypt_again, renew_credential
from include.onboarding.environments import console_access
from include.warehouse.vault import Vault

if TYPE_CHECKING:
    from include.onboarding.activation import Report
    from tests.support.office import Office

SHOP = "1650000000000001"
_polls = count(1)


@pytest.fixture
def report(office: Office) -> Report:
    return office.onboard(SHOP, first_instance_name="orders-kafka", first_instance_aku=6)


def failed_polls(office: Office) -> int:
    """Ask every console, each time a minute later: two polls of one second would count as one."""
    at = datetime.now(UTC) + next(_polls) * timedelta(minutes=1)
    pace = Pace(now=lambda: at)
    return sum(collect_shard(office.warehouse, office.vault, shard, pace).failed for shard in range(SHARDS))


def renew(office: Office, report: Report, key_id: str, secret: str) -> str:
    at, subscription = office.clock.now(), report.subscription_id
    return renew_credential(office.warehouse, office.vault, subscription, lambda _id: (key_id, SecretStr(secret)), at)


def test_a_console_is_polled_before_during_and_after_its_credential_changes(office: Office, report: Report) -> None:
    assert failed_polls(office) == 0
    keys = f"/consoles/{report.environment_id}/access-keys"
    made = office.sandbox.admin.post(keys).json()
    assert failed_polls(office) == 0
    said = renew(office, report, made["access_key_id"], made["access_key_secret"])
    assert made["access_key_id"] in said
    assert made["access_key_secret"] not in said
    assert failed_polls(office) == 0
    assert office.sandbox.admin.delete(keys).status_code == 204
    assert failed_polls(office) == 0
    assert "already" in renew(office, report, made["access_key_id"], made["access_key_secret"])
    office.sandbox.admin.post(keys)
    office.sandbox.admin.delete(keys)
    assert failed_polls(office) == 1, "the last key is not taken any more"


def test_a_credential_that_the_console_refuses_changes_nothing(office: Office, report: Report) -> None:
    with pytest.raises(RefusedError):
        renew(office, report, "AKwrong", "wrong")
    assert failed_polls(office) == 0


def test_a_subscription_without_environment_is_named(office: Office) -> None:
    with pytest.raises(ConflictError, match="sub-none has no environment"):
        renew_credential(
            office.warehouse, office.vault, "sub-none", lambda _id: ("a", SecretStr("b")), office.clock.now()
        )


def test_the_vaults_key_changes_in_three_steps_and_no_poll_fails(office: Office, report: Report) -> None:
    last, new = office.vault_key, Fernet.generate_key().decode()
    with office.warehouse.connect() as connection:
        secret = console_access(connection, office.vault, report.subscription_id).secret
    office.vault = Vault(SecretStr(f"{new},{last}"))
    assert failed_polls(office) == 0
    assert encrypt_again(office.warehouse, office.vault) == 1
    assert encrypt_again(office.warehouse, office.vault) == 0
    office.vault = Vault(SecretStr(new))
    assert failed_polls(office) == 0
    with office.warehouse.connect() as connection:
        assert console_access(connection, office.vault, report.subscription_id).secret == secret
    with pytest.raises(ConfigurationError, match="Add the earlier key"):
        encrypt_again(office.warehouse, Vault(SecretStr(last)))
