"""Changes the secrets of consoles while they are polled: a console's next credential, and the vault's next key.

A poll reads the credential when it begins. So the last one must be accepted until the polls that have begun are over,
which is minutes: disable it at the console after that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.automq.access import ConsoleAccess
from include.automq.console import Console
from include.onboarding.environments import console_access
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pydantic import SecretStr
    from sqlalchemy import Engine

    from include.warehouse.vault import Vault


def renew_credential(
    warehouse: Engine,
    vault: Vault,
    subscription_id: str,
    next_credential: Callable[[str], tuple[str, SecretStr]],
    at: datetime,
) -> str:
    """Store the console's next credential once the console has answered to it; says what became of it.

    Args:
        warehouse: where the console is registered.
        vault: encrypts the secret.
        subscription_id: whose console it is.
        next_credential: access key id and secret, for the id of an environment.
        at: logical time of the run.

    Raises:
        ConflictError: when the subscription has no environment.
        RefusedError: when the console refuses it; the last one stays.
        RetriableError: when the console does not answer; the last one stays.
    """
    with warehouse.connect() as connection:
        now = console_access(connection, vault, subscription_id)
    access_key_id, secret = next_credential(now.environment_id)
    if (access_key_id, secret) == (now.access_key_id, now.secret):
        return f"Console {now.environment_id} is asked with access key {access_key_id} already."
    Console(
        ConsoleAccess(now.base_url, now.environment_id, access_key_id, secret), deadline_seconds=15
    ).list_instances()
    with warehouse.begin() as connection:
        connection.execute(
            statement("onboarding/credentials/replace_credential"),
            {
                "environment_id": now.environment_id,
                "access_key_id": access_key_id,
                "secret_ciphertext": vault.encrypt(secret),
                "at": at,
            },
        )
    return (
        f"Console {now.environment_id} answered to access key {access_key_id}, and is asked with it from now on. "
        f"Disable {now.access_key_id} at the console in ten minutes, and delete the connection."
    )


def encrypt_again(warehouse: Engine, vault: Vault) -> int:
    """Encrypt by the vault's newest key what an older one has encrypted; how many secrets. Then the older may go.

    Raises:
        ConfigurationError: when the vault lacks the key of a secret; nothing is changed then.
    """
    with warehouse.begin() as connection:
        stored = connection.execute(statement("onboarding/credentials/lock_credentials")).all()
        renewed = [
            {"environment_key": row.environment_key, "secret_ciphertext": again}
            for row in stored
            if (again := vault.encrypt_again(row.secret_ciphertext)) is not None
        ]
        if renewed:
            connection.execute(statement("onboarding/credentials/replace_ciphertext"), renewed)
    return len(renewed)
