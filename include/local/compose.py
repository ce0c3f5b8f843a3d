"""The secrets of docker-compose.yaml, made once into .env, which only its owner reads."""

from __future__ import annotations

import json
import secrets

from cryptography.fernet import Fernet

from include.local.state import ROOT, USERS, write_private


def write_compose_environment() -> str:
    """Write .env where there is none, and say so; one that is there gets what it lacks, and keeps what it has."""
    path = ROOT / ".env"
    kept = path.read_text(encoding="utf-8") if path.exists() else None
    passwords = {user: secrets.token_urlsafe(9) for user in USERS}
    values = {
        "POSTGRES_PASSWORD": secrets.token_hex(16),
        "AIRFLOW_DB_PASSWORD": secrets.token_hex(16),
        "WRITER_PASSWORD": secrets.token_hex(16),
        "PAGES_PASSWORD": secrets.token_hex(16),
        "RECEIVER_PASSWORD": secrets.token_hex(16),
        "REDIS_PASSWORD": secrets.token_hex(16),
        "FERNET_KEY": Fernet.generate_key().decode(),
        "VAULT_KEY": Fernet.generate_key().decode(),
        "JWT_SECRET": secrets.token_urlsafe(64),
        "API_SECRET": secrets.token_urlsafe(32),
        "PASSWORDS": json.dumps(passwords),
        "AIRFLOW_PORT": "8080",
        "CALLBACKS_PORT": "8090",
        # The Marketplace's console shows it; a person enters it here.
        "CALLBACK_KEYS": "",
    }
    lines = {name: f"{name}='{value}'\n" for name, value in values.items()}
    if kept is None:
        write_private(path, "".join(lines.values()))
        shown = ", ".join(f"{user} {password}" for user, password in passwords.items())
        return f"Wrote {path}. Users and passwords of the UI: {shown}."
    known = {line.partition("=")[0].strip() for line in kept.splitlines()}
    lacking = [name for name in lines if name not in known]
    if not lacking:
        return f"{path} is there already; it stays as it is."
    end = "" if not kept or kept.endswith("\n") else "\n"
    write_private(path, kept + end + "".join(lines[name] for name in lacking))
    return f"{path} is there already; added {', '.join(lacking)}."
