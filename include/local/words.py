"""What the local stack says to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.local.state import load_passwords

if TYPE_CHECKING:
    from include.local.stack import Running


def describe_access(running: Running) -> str:
    """Where the UI is and how to log in; passwords only when they are new."""
    place, settings = running.state, running.settings
    lines = [f"\nAirflow is at {settings.ui_url}"]
    if running.passwords_are_new:
        lines += [f"  user {name:7} password {password}" for name, password in load_passwords(place).items()]
        lines.append(f"  The passwords are shown this once; they stand in {place.passwords_file}, which only you read.")
    else:
        lines.append(f"  Users and passwords stand in {place.passwords_file}.")
    lines.append(f"Logs are in {place.logs}; stop everything with `make down`.")
    return "\n".join(lines)
