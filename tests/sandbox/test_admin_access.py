"""The admin API answers those who can read the sandbox's folder, and no one else on the machine."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.sandbox import running_sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.sandbox import SandboxHandle

ASKED = [("GET", "/accounts"), ("GET", "/consoles"), ("PUT", "/settings"), ("POST", "/accounts"), ("POST", "/reset")]


def ask(sandbox: SandboxHandle, method: str, path: str, **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.request(method, f"{sandbox.base_url}/admin{path}", headers=headers)


@pytest.mark.parametrize(("method", "path"), ASKED)
@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Bearer", "Basic x"])
def test_without_the_token_nothing_is_shown_or_done(
    sandbox: SandboxHandle, method: str, path: str, authorization: str | None
) -> None:
    account = sandbox.account()
    answer = ask(sandbox, method, path, **({"Authorization": authorization} if authorization else {}))
    assert answer.status_code == 401
    assert "admin-token" in answer.text
    assert account.access_key_secret not in answer.text
    assert [each["account_id"] for each in sandbox.admin.get("/accounts").json()] == [account.account_id]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost@evil.com"])
def test_another_host_header_is_refused_even_with_the_token(sandbox: SandboxHandle, host: str) -> None:
    answer = ask(sandbox, "GET", "/accounts", Host=host, Authorization=f"Bearer {sandbox.token}")
    assert answer.status_code == 421
    assert "127.0.0.1" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "[::1]:18080", "LOCALHOST", "127.0.0.1:80"])
def test_names_of_this_machine_are_answered(sandbox: SandboxHandle, host: str) -> None:
    assert ask(sandbox, "GET", "/accounts", Host=host, Authorization=f"Bearer {sandbox.token}").status_code == 200


def test_another_name_can_be_allowed(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, allowed_hosts=["sandbox"]) as sandbox:
        authorization = f"Bearer {sandbox.token}"
        assert ask(sandbox, "GET", "/accounts", Host="sandbox:18080", Authorization=authorization).status_code == 200
        assert ask(sandbox, "GET", "/accounts", Host="evil.example", Authorization=authorization).status_code == 421


def test_the_token_is_made_once_and_kept_from_others_like_everything_that_the_sandbox_stores(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with running_sandbox(folder) as sandbox:
        sandbox.account()
        first = sandbox.token
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
    assert {"admin-token", "sandbox.sqlite"} <= set(modes)
    with running_sandbox(folder) as again:
        assert again.token == first


def test_health_needs_no_token(sandbox: SandboxHandle) -> None:
    assert httpx.get(f"{sandbox.base_url}/healthz", trust_env=False).json() == {"status": "ok"}
