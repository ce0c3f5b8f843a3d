"""`akubill vault …`: the key that encrypts secrets in the warehouse."""

from __future__ import annotations

import typer

from include.cli.output import say

app = typer.Typer(no_args_is_help=True, help="The key that encrypts secrets in the warehouse.")


@app.command(name="new-key")
def new_key() -> None:
    """Print a new key, for the connection akubill_vault: before the last one, with a comma between them."""
    from cryptography.fernet import Fernet

    say(Fernet.generate_key().decode())


@app.command(name="encrypt-again")
def encrypt_again() -> None:
    """Encrypt every stored secret by the newest key; then the older ones may be taken away."""
    from include.onboarding.credentials import encrypt_again as encrypt
    from include.orchestration import connections

    count = encrypt(connections.warehouse(), connections.vault())
    say(f"{count} secret(s) encrypted again. All are encrypted by the newest key.")
