"""Secrets in columns: opened by the right key, by an older one, and by no other."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from include.domain.errors import ConfigurationError
from include.warehouse.vault import Vault


def test_a_secret_comes_back_and_its_ciphertext_does_not_show_it() -> None:
    vault = Vault(SecretStr(Fernet.generate_key().decode()))
    ciphertext = vault.encrypt(SecretStr("console-secret"))
    assert b"console-secret" not in ciphertext
    assert vault.decrypt(ciphertext).get_secret_value() == "console-secret"


def test_an_older_key_still_opens_after_rotation() -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    ciphertext = Vault(SecretStr(old)).encrypt(SecretStr("s"))
    assert Vault(SecretStr(f"{new}, {old}")).decrypt(ciphertext) == SecretStr("s")


def test_another_key_is_refused_with_what_to_do() -> None:
    ciphertext = Vault(SecretStr(Fernet.generate_key().decode())).encrypt(SecretStr("s"))
    with pytest.raises(ConfigurationError, match="Add the earlier key"):
        Vault(SecretStr(Fernet.generate_key().decode())).decrypt(ciphertext)


def test_a_key_that_is_none_is_named_without_being_shown() -> None:
    with pytest.raises(ConfigurationError, match="not a Fernet key") as caught:
        Vault(SecretStr("hunter2"))
    assert "hunter2" not in str(caught.value)
