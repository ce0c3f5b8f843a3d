"""What was answered survives a kill."""

from __future__ import annotations

from tests.sandbox.conftest import ask, models
from tests.support.sandbox import SandboxConsole, SandboxHandle, start_sandbox, stop_sandbox

M = models("computenest")
FILE = "elb_request_count_8c0756"


def test_everything_answered_survives_a_kill(tmp_path):
    from alibabacloud_computenest20210601.client import Client
    from alibabacloud_tea_openapi.models import Config

    process, base_url = start_sandbox(tmp_path)
    sandbox = SandboxHandle(base_url)
    sandbox.settings(deploy_seconds=0, unit_price="2.50")
    buyer = sandbox.account(site="international")
    buyer = sandbox.account(account_id=buyer.account_id)
    config = Config(
        access_key_id=buyer.access_key_id,
        access_key_secret=buyer.access_key_secret,
        endpoint=sandbox.endpoint,
        protocol="HTTP",
    )
    request = M.CreateServiceInstanceRequest(
        region_id="cn-hangzhou",
        service_id="service-automq-byoc",
        parameters={"RegionId": "cn-hangzhou"},
        client_token="one",
    )
    created = Client(config).create_service_instance(request).body.to_map()
    sandbox.life(created["ServiceInstanceId"], since="2025-09-01T00:00:00Z", traffic={"file": FILE})
    sandbox.fault("server_error", service="ecs", times=3)
    sandbox.consoles(1, instances=3)
    paths = ["/settings", "/accounts", "/service-instances", "/faults"]
    before = [sandbox.admin.get(path).json() for path in paths]
    consoles = {row["environment_id"]: row for row in sandbox.admin.get("/consoles").json()}
    lives = {each: sandbox.admin.get(f"/consoles/{each}/timelines").json() for each in consoles}
    process.kill()
    process.wait()

    process, _ = start_sandbox(tmp_path, port=sandbox.port)
    try:
        sandbox = SandboxHandle(base_url)
        assert [sandbox.admin.get(path).json() for path in paths] == before
        assert {row["environment_id"]: row for row in sandbox.admin.get("/consoles").json()} == consoles
        for each, life in lives.items():
            again = sandbox.admin.get(f"/consoles/{each}/timelines").json()
            assert sorted(again, key=lambda row: row["instance_id"]) == sorted(life, key=lambda row: row["instance_id"])
            assert ask(SandboxConsole(**consoles[each]), "GET", "/instances?pageSize=1").json()["total"] > 0
        repeated = Client(config).create_service_instance(request).body.to_map()
        assert {**repeated, "RequestId": ""} == {**created, "RequestId": ""}
    finally:
        stop_sandbox(process)


def test_a_reset_forgets_for_good(tmp_path):
    process, base_url = start_sandbox(tmp_path)
    sandbox = SandboxHandle(base_url)
    sandbox.consoles(2, instances=1)
    sandbox.reset()
    stop_sandbox(process)
    process, base_url = start_sandbox(tmp_path)
    try:
        assert SandboxHandle(base_url).admin.get("/consoles").json() == []
    finally:
        stop_sandbox(process)
