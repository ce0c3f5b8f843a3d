"""Metered environments for the sandbox's consoles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text

from include.warehouse.vault import Vault
from tests.support.builders import insert, make_buyer, make_subscription

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.sandbox import SandboxConsole


@pytest.fixture
def vault() -> Vault:
    """A vault with a key of its own."""
    return Vault(SecretStr(Fernet.generate_key().decode()))


def enter(warehouse: Engine, vault: Vault, consoles: list[SandboxConsole], shards: int = 1, **columns: object) -> None:
    """Metered environments for these consoles, spread over that many shards."""
    with warehouse.begin() as connection:
        buyer = make_buyer(connection)
        for number, console in enumerate(consoles):
            subscription = make_subscription(connection, buyer, f"env{number}", **columns)
            key = connection.execute(
                text("""
                UPDATE core.environments SET environment_id = :id, console_url = :url, shard = :shard
                WHERE subscription_key = :subscription RETURNING environment_key
                """),
                {
                    "id": console.environment_id,
                    "url": console.console_url,
                    "shard": number % shards,
                    "subscription": subscription,
                },
            ).scalar_one()
            insert(
                connection,
                "core.environment_credentials",
                environment_key=key,
                access_key_id=console.access_key_id,
                secret_ciphertext=vault.encrypt(SecretStr(console.access_key_secret)),
                stored_at=datetime.now(UTC),
            )
