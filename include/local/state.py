"""The state folder: everything that the local stack makes lies in it, and deleting it deletes the stack.

What was chosen or made up at the first start (ports, keys, passwords) is remembered in files that only their owner
reads.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from include.domain.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
USERS = {"admin": "admin", "ops": "op", "viewer": "viewer"}


@dataclass(frozen=True, slots=True)
class State:
    """The folder, and where things lie in it."""

    folder: Path

    @classmethod
    def here(cls) -> State:
        """The folder that AKUBILL_STATE names, or .local of this checkout."""
        return cls(Path(os.environ.get("AKUBILL_STATE") or ROOT / ".local").absolute())

    @property
    def postgres(self) -> Path:
        """Data of the embedded PostgreSQL."""
        return self.folder / "postgres"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.folder / "airflow"

    @property
    def sandbox(self) -> Path:
        """What the sandbox remembers."""
        return self.folder / "sandbox"

    @property
    def logs(self) -> Path:
        """Logs of the stack's processes."""
        return self.folder / "logs"

    @property
    def runs(self) -> Path:
        """One file for each process that was started."""
        return self.folder / "run"

    @property
    def environment_file(self) -> Path:
        """Settings for `airflow` and `akubill` in a shell, as KEY='value' lines."""
        return self.folder / "env"

    @property
    def passwords_file(self) -> Path:
        """Airflow's users and passwords, as JSON."""
        return self.folder / "passwords.json"

    @property
    def lock(self) -> Path:
        """Held while the stack is started or stopped."""
        return self.folder / "lock"

    def make(self) -> None:
        """Make the folders that are missing, for their owner only.

        Where root starts the stack, others may pass through the first one, for PostgreSQL runs as another user; they
        can list nothing.
        """
        is_ours = not self.folder.exists() or (self.folder / "settings.json").exists()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_ours:
            self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in (self.airflow, self.sandbox, self.logs, self.runs):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)


@dataclass(slots=True)
class Settings:
    """What the first start chose.

    Attributes:
        stack_id: marks the environment of every process that belongs to the stack.
        ui_port, sandbox_port, worker_log_port, trigger_log_port: TCP ports on 127.0.0.1; 0 where not chosen yet.
        fernet_key, jwt_secret, api_secret: what Airflow's components share.
        vendor_account_id, vendor_key_id, vendor_key_secret: the vendor's account at the sandbox.
        callback_key: by which the sandbox's Marketplace signs its callbacks.
        passwords_shown: whether a start has come as far as showing the passwords.
        dags_begin_paused: whether no DAG runs on its schedule before somebody lets it.
        airflow: settings of Airflow that are other than usual, as environment variables.
    """

    stack_id: str
    fernet_key: str
    jwt_secret: str
    api_secret: str
    vendor_key_id: str
    vendor_key_secret: str
    vendor_account_id: str = "1000000000000001"
    callback_key: str = ""
    ui_port: int = 0
    sandbox_port: int = 0
    worker_log_port: int = 0
    trigger_log_port: int = 0
    passwords_shown: bool = False
    dags_begin_paused: bool = False
    airflow: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Settings(stack_id={self.stack_id!r}, ui_port={self.ui_port}, sandbox_port={self.sandbox_port})"

    @property
    def ui_url(self) -> str:
        """Where Airflow's UI and API answer."""
        return f"http://127.0.0.1:{self.ui_port}"

    @property
    def sandbox_url(self) -> str:
        """Where the sandbox answers."""
        return f"http://127.0.0.1:{self.sandbox_port}"


def load_settings(state: State) -> Settings | None:
    """The settings of the state folder, or None before its first start.

    Raises:
        ConfigurationError: when the file is not what a start has written.
    """
    path = state.folder / "settings.json"
    try:
        return Settings(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
    except (ValueError, TypeError):
        raise ConfigurationError(
            f"{path} does not hold the settings of a stack of this version. Put it back as it was, or delete "
            f"{state.folder} and start with an empty stack."
        ) from None


def make_settings() -> Settings:
    """Fresh settings, with ports still to choose."""
    return Settings(
        stack_id=secrets.token_hex(8),
        fernet_key=Fernet.generate_key().decode(),
        jwt_secret=secrets.token_urlsafe(64),
        api_secret=secrets.token_urlsafe(32),
        vendor_key_id=f"LTAI{secrets.token_hex(8)}",
        vendor_key_secret=secrets.token_hex(15),
        callback_key=make_key(),
    )


def make_key() -> str:
    """A key such as the Marketplace's console shows."""
    return secrets.token_hex(16)


def save_settings(state: State, settings: Settings) -> None:
    """Remember the settings."""
    write_private(state.folder / "settings.json", json.dumps(asdict(settings), indent=2))


def make_passwords(state: State) -> None:
    """Make up the passwords of Airflow's users where there are none."""
    if not state.passwords_file.exists():
        write_private(state.passwords_file, json.dumps({user: secrets.token_urlsafe(9) for user in USERS}))


def load_passwords(state: State) -> dict[str, str]:
    """Passwords by user."""
    return dict(json.loads(state.passwords_file.read_text(encoding="utf-8")))


def load_sandbox_token(state: State) -> str:
    """What the sandbox's admin API wants to see."""
    return (state.sandbox / "admin-token").read_text(encoding="ascii").strip()


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
    draft.replace(path)
