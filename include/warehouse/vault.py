"""Encrypts the secrets that stand in warehouse columns."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from include.domain.errors import ConfigurationError


class Vault:
    """Encrypts and decrypts with one or more Fernet keys; the first encrypts, all decrypt, so that keys can rotate."""

    def __init__(self, keys: SecretStr) -> None:
        """Take the keys, newest first, separated by commas."""
        try:
            fernets = [Fernet(key.strip()) for key in keys.get_secret_value().split(",")]
        except ValueError:
            raise ConfigurationError(
                "The vault's key is not a Fernet key (32 bytes in URL-safe base64). "
                "Make one with `akubill vault new-key` and put it in the connection akubill_vault."
            ) from None
        self._newest, self._fernet = fernets[0], MultiFernet(fernets)

    def encrypt(self, secret: SecretStr) -> bytes:
        """The secret, encrypted by the newest key."""
        return self._fernet.encrypt(secret.get_secret_value().encode())

    def encrypt_again(self, ciphertext: bytes) -> bytes | None:
        """The same secret, encrypted by the newest key; None where that is done already.

        Raises:
            ConfigurationError: when none of the keys has encrypted it.
        """
        try:
            self._newest.decrypt(ciphertext)
        except InvalidToken:
            return self.encrypt(self.decrypt(ciphertext))
        return None

    def decrypt(self, ciphertext: bytes) -> SecretStr:
        """The secret.

        Raises:
            ConfigurationError: when none of the keys has encrypted it.
        """
        try:
            return SecretStr(self._fernet.decrypt(ciphertext).decode())
        except InvalidToken:
            raise ConfigurationError(
                "A stored secret was encrypted by a key that the connection akubill_vault does not hold. "
                "Add the earlier key after the newest one, separated by a comma."
            ) from None
