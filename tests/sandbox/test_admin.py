"""The admin API's own manners."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("PUT", "/settings", {"nothing": 1}, "There is no setting nothing"),
        ("PUT", "/settings", {"deploy_seconds": "soon"}, "deploy_seconds is a int"),
        ("POST", "/accounts", {"site": "moon"}, "site"),
        ("POST", "/accounts", {"surprise": 1}, "surprise"),
        ("POST", "/service-instances/si-none/life", {"since": "2025-09-01T00:00:00Z"}, "no service instance si-none"),
        ("POST", "/consoles/env-none/life", {"since": "2025-09-01T00:00:00Z"}, "no console env-none"),
        ("POST", "/consoles", {"count": 2, "environment_id": "env-x"}, "env-x"),
    ],
)
def test_what_it_cannot_do_it_refuses_with_a_sentence(sandbox, method, path, body, says):
    answer = sandbox.admin.request(method, path, json=body)
    assert answer.is_client_error
    assert says in answer.text


def test_an_account_can_be_changed_and_keeps_its_key(sandbox):
    account = sandbox.account(real_name_verified=False)
    changed = sandbox.account(account_id=account.account_id, real_name_verified=True)
    assert (changed.access_key_id, changed.access_key_secret) == (account.access_key_id, account.access_key_secret)
    assert changed.real_name_verified


def test_an_access_key_belongs_to_one_account(sandbox):
    account = sandbox.account()
    answer = sandbox.admin.post("/accounts", json={"access_key_id": account.access_key_id})
    assert answer.status_code == 409


def test_usage_is_listed_by_instance_and_hour(sandbox):
    [console] = sandbox.consoles()
    script = [
        {"at": 1800, "instance": "orders", "do": "create", "aku": 4},
        {"at": 5400, "instance": "orders", "do": "delete"},
    ]
    [made] = sandbox.life(console.environment_id, since="2025-09-01T00:00:00Z", script=script)
    rows = sandbox.usage(console.environment_id, "2025-09-01T00:00:00Z", "2025-09-02T00:00:00Z")
    assert [(row["instance_id"], row["hour"], row["aku_seconds"]) for row in rows] == [
        (made["instance_id"], "2025-09-01T00:00:00Z", 7200),
        (made["instance_id"], "2025-09-01T01:00:00Z", 7200),
    ]


def test_it_says_that_it_is_well(sandbox):
    assert sandbox.admin.get(f"{sandbox.base_url}/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("command", [["-m", "include.sandbox"], ["-m", "include.cli.main", "sandbox", "serve"]])
def test_a_busy_port_is_a_sentence(sandbox, tmp_path, command):
    if "include.cli.main" in command:
        command = ["-c", "from include.cli.main import main; main()", "sandbox", "serve"]
    arguments = [*command, "--port", str(sandbox.port), "--state", str(tmp_path)]
    ended = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{sandbox.port}" in ended.stderr
    assert "Traceback" not in ended.stderr
