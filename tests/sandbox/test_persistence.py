"""What was answered survives a kill."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

from alibabacloud_computenest20210601.client import Client
from alibabacloud_tea_openapi.models import Config

from tests.support.sandbox import SandboxAccount, SandboxConsole, SandboxHandle, running_sandbox
from tests.support.sandbox_calls import ask, models

if TYPE_CHECKING:
    from pathlib import Path

SHOWN = ["/settings", "/accounts", "/service-instances", "/faults"]


def ordered(sandbox: SandboxHandle, buyer: SandboxAccount) -> dict[str, Any]:
    """The answer to an order, always with the same token."""
    config = Config(
        access_key_id=buyer.access_key_id,
        access_key_secret=buyer.access_key_secret,
        endpoint=sandbox.endpoint,
        protocol="HTTP",
    )
    request = models("computenest").CreateServiceInstanceRequest(
        region_id="cn-hangzhou",
        service_id="service-automq-byoc",
        parameters={"RegionId": "cn-hangzhou"},
        client_token="one",
    )
    answer: dict[str, Any] = Client(config).create_service_instance(request).body.to_map()
    return {name: value for name, value in answer.items() if name != "RequestId"}


def shown(sandbox: SandboxHandle) -> list[Any]:
    """All that the admin API tells."""
    consoles = sorted(sandbox.admin.get("/consoles").json(), key=lambda row: row["environment_id"])
    lives = [sandbox.timelines(row["environment_id"]) for row in consoles]
    return [
        *(sandbox.admin.get(path).json() for path in SHOWN),
        consoles,
        [sorted(life, key=lambda row: row["instance_id"]) for life in lives],
    ]


def test_everything_answered_survives_a_kill(tmp_path: Path):
    with running_sandbox(tmp_path) as sandbox:
        sandbox.settings(deploy_seconds=0, unit_price="2.50")
        buyer = sandbox.account()
        created = ordered(sandbox, buyer)
        traffic = {"file": "elb_request_count_8c0756"}
        sandbox.life(created["ServiceInstanceId"], since="2025-09-01T00:00:00Z", traffic=traffic)
        sandbox.fault("server_error", service="ecs", times=3)
        sandbox.consoles(1, instances=3)
        before = shown(sandbox)
        sandbox.process.kill()

    with running_sandbox(tmp_path, port=sandbox.port) as again:
        assert shown(again) == before
        assert ordered(again, buyer) == created
        for console in again.admin.get("/consoles").json():
            assert ask(SandboxConsole(**console), "GET", "/instances").json()["total"] > 0


def test_two_sandboxes_do_not_share_a_folder(tmp_path: Path):
    with running_sandbox(tmp_path):
        command = [sys.executable, "-m", "include.sandbox", "--port", "0", "--state", str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert f"Another sandbox keeps its state in {tmp_path}" in ended.stderr


def test_a_reset_forgets_for_good(tmp_path: Path):
    with running_sandbox(tmp_path) as sandbox:
        sandbox.consoles(2, instances=1)
        sandbox.reset()
    with running_sandbox(tmp_path) as again:
        assert again.admin.get("/consoles").json() == []
