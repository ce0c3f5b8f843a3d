"""docker-compose.yaml: every service is contained, every image pinned, and the specification accepts it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine, text

from include.local.state import ROOT
from include.warehouse.embedded import start_server
from include.warehouse.server import program, stop

FILE = ROOT / "docker-compose.yaml"
COMPOSE = yaml.safe_load(FILE.read_text(encoding="utf-8"))
PINNED = re.compile(r"[a-z]+:\d+\.\d+(\.\d+)?[\w.-]*@sha256:[0-9a-f]{64}")
SERVICES = pytest.mark.parametrize("name", COMPOSE["services"])


def check_schema(file: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.compose-spec"]
    return subprocess.run([*command, str(file)], check=False, capture_output=True, text=True)


def test_the_compose_specification_accepts_the_file_and_refuses_a_wrong_word(tmp_path: Path) -> None:
    checked = check_schema(FILE)
    assert checked.returncode == 0, checked.stdout
    wrong = tmp_path / "docker-compose.yaml"
    wrong.write_text(FILE.read_text(encoding="utf-8").replace("mem_limit:", "memory_limit:"))
    assert "'memory_limit' was unexpected" in check_schema(wrong).stdout


@SERVICES
def test_a_service_has_no_rights_writes_no_image_file_and_has_limits(name: str) -> None:
    service: dict[str, Any] = COMPOSE["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert int(service["user"].partition(":")[0]) > 0
    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & set(service)
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@SERVICES
def test_a_service_is_built_here_or_pinned_and_is_reached_from_this_machine_only(name: str) -> None:
    service = COMPOSE["services"][name]
    assert "build" in service or PINNED.fullmatch(service["image"])
    assert [port for port in service.get("ports", []) if not port.startswith("127.0.0.1:")] == []
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))


def test_the_built_image_starts_from_a_pinned_one_and_ends_without_rights() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    bases = {line.split()[1] for line in lines if line.startswith("FROM ")}
    assert bases == {"python:${PYTHON}"}
    (default,) = [line.removeprefix("ARG PYTHON=") for line in lines if line.startswith("ARG PYTHON=")]
    assert PINNED.fullmatch(f"python:{default}")
    assert [line for line in lines if line.startswith("USER ")] == ["USER 50000:0"]


def test_no_secret_has_a_default() -> None:
    defaults = dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", FILE.read_text(encoding="utf-8")))
    assert defaults == {"AIRFLOW_PORT": "8080", "CALLBACKS_PORT": "8090", "CALLBACK_KEYS": ""}


def test_only_what_needs_a_secret_has_it() -> None:
    def holders(variable: str) -> set[str]:
        return {name for name, service in COMPOSE["services"].items() if f"${{{variable}:" in str(service)}

    assert holders("POSTGRES_PASSWORD") == {"postgres", "init"}
    assert holders("PASSWORDS") == {"init"}
    assert holders("CALLBACK_KEYS") == {"callbacks"}
    assert holders("RECEIVER_PASSWORD") == {"init", "callbacks", "api-server"}
    assert holders("PAGES_PASSWORD") == {"init", "api-server"}
    for secret in ("WRITER_PASSWORD", "VAULT_KEY"):
        assert not holders(secret) & {"api-server", "callbacks", "sandbox", "postgres", "redis"}
    assert not re.search(r"\$\{(?!CALLBACKS_PORT)", str(COMPOSE["services"]["sandbox"]))


def test_postgresql_and_redis_are_on_a_network_without_a_way_out() -> None:
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert {name for name, service in COMPOSE["services"].items() if service["networks"] == ["data"]} == {
        "postgres",
        "redis",
    }


def test_airflow_owns_its_database_with_the_password_of_the_environment(server_folder: Path) -> None:
    """The file that PostgreSQL's container runs, with a password that SQL would misread."""
    # A server of its own: the session's has a database of that name where Airflow's tests run.
    postgres_server = start_server(server_folder / "postgres")
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    command = [str(program("psql")), "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres", "-f"]
    environment = {**os.environ, "PGHOST": str(postgres_server.query["host"]), "AIRFLOW_DB_PASSWORD": "it's $1 \\"}
    try:
        subprocess.run([*command, "include/local/airflow_database.sql"], cwd=ROOT, env=environment, check=True)
        with admin.connect() as connection:
            role = connection.execute(text("SELECT * FROM pg_roles WHERE rolname = 'airflow'")).mappings().one()
            others = connection.scalar(text("SELECT has_database_privilege('pg_monitor', 'airflow', 'CONNECT')"))
            mine = connection.scalar(text("SELECT has_database_privilege('airflow', 'airflow', 'CREATE')"))
        assert not any(role[right] for right in ("rolsuper", "rolcreaterole", "rolcreatedb", "rolbypassrls"))
        assert (mine, others) == (True, False)
    finally:
        admin.dispose()
        stop(server_folder / "postgres")
