"""The secrets of docker-compose.yaml, made once into .env, which only its owner reads."""

from __future__ import annotations

import json
import secrets

from cryptography.fernet import Fernet

from include.local.state import ROOT, USERS, write_private


def write_compose_environment() -> str:
    """Write .env where there is none, and say so; its passwords are never written again."""
    path = ROOT / ".env"
    if path.exists():
        return f"{path} is there already; it stays as it is."
    passwords = {user: secrets.token_urlsafe(9) for user in USERS}
    values = {
        "POSTGRES_PASSWORD": secrets.token_hex(16),
        "REDIS_PASSWORD": secrets.token_hex(16),
        "FERNET_KEY": Fernet.generate_key().decode(),
        "VAULT_KEY": Fernet.generate_key().decode(),
        "JWT_SECRET": secrets.token_urlsafe(64),
        "API_SECRET": secrets.token_urlsafe(32),
        "PASSWORDS": json.dumps(passwords),
        "AIRFLOW_PORT": "8080",
    }
    write_private(path, "".join(f"{name}='{value}'\n" for name, value in values.items()))
    shown = ", ".join(f"{user} {password}" for user, password in passwords.items())
    return f"Wrote {path}. Users and passwords of the UI: {shown}."
