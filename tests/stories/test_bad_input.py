"""What people get wrong, by the real commands: one clear sentence each, and nothing half-made is left.

A sentence names what is wrong, its value, the rule and what to do, and shows no secret.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import func, select
from typer.testing import CliRunner

from include.catalog.loader import CATALOG, load_product
from include.cli.main import app
from include.domain.billing_cycles import last_ended_cycle
from include.domain.errors import AkubillError, RefusedError
from include.domain.words.metering import REJECTIONS
from include.onboarding.ledger import AttemptFailedError
from include.onboarding.onboard import buyer_cloud
from include.onboarding.orders import order_request
from include.warehouse.tables import metadata
from tests.support.airflow import connection_json
from tests.support.office import middle_of
from tests.support.onboarding import FakeClock, access_of, request_for

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine
    from typer.testing import Result

    from tests.support.office import Office
    from tests.support.sandbox import SandboxHandle

BUYER = "1700000000000017"
PLAN = (CATALOG / "automq-byoc-payg.plan.yaml").read_text(encoding="utf-8")
HEADER = "subscription_id,instance_id,hour,aku_seconds"
LAST_MONTH = last_ended_cycle(datetime.now(UTC) - timedelta(hours=3))


class HurriedClock(FakeClock):
    """Goes a minute when one waits for a second, so that half an hour is a few looks."""

    def wait(self, seconds: float) -> None:
        super().wait(60 * seconds)


class House:
    """A house with one buyer whose subscription is metered, and its command line."""

    def __init__(
        self, warehouse: Engine, sandbox: SandboxHandle, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        self.warehouse, self.sandbox, self.monkeypatch, self.folder = warehouse, sandbox, monkeypatch, folder
        self.buyer = sandbox.account("buyer", account_id=BUYER)
        self.vault_key = Fernet.generate_key().decode()
        url = warehouse.url
        where = {"login": "postgres", "host": url.query["host"], "schema": url.database}
        self.connect("WAREHOUSE", conn_type="postgres", **where)
        self.connect("AKUBILL_VAULT", conn_type="akubill_vault", password=self.vault_key)
        self.connect_buyer(self.buyer.access_key_secret)

    def connect(self, name: str, **fields: object) -> None:
        """Set an Airflow connection."""
        self.monkeypatch.setenv(f"AIRFLOW_CONN_{name}", connection_json(**fields))

    def connect_buyer(self, secret: str) -> None:
        """Set the buyer's delegated access."""
        extra = {"account_id": BUYER, "protocol": "http"}
        self.connect(
            f"ALIBABA_BUYER_{BUYER}",
            conn_type="alibaba_cloud",
            login=self.buyer.access_key_id,
            password=secret,
            host="127.0.0.1",
            port=self.sandbox.port,
            extra=extra,
        )

    def akubill(self, *arguments: str) -> Result:
        """Call the command line."""
        return CliRunner().invoke(app, arguments)

    def onboard(self, **changes: str) -> Result:
        """Onboard the buyer, with what varies."""
        options = {"region": "cn-hangzhou", "environment": "orders", "network": "vpc-orders", **changes}
        words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
        return self.akubill("onboard", "--account", BUYER, *words)

    def stored(self) -> dict[str, Any]:
        """How many rows each table has, and what was ordered."""
        with self.warehouse.connect() as connection:
            counts = {
                table.fullname: connection.scalar(select(func.count()).select_from(table))
                for table in metadata.sorted_tables
            }
        return {**counts, "ordered": len(self.sandbox.admin.get("/service-instances").json())}

    def secrets(self) -> set[str]:
        """Everything that must not be seen."""
        consoles = self.sandbox.admin.get("/consoles").json()
        accounts = self.sandbox.admin.get("/accounts").json()
        return {self.vault_key} | {one["access_key_secret"] for one in [*consoles, *accounts]}


@pytest.fixture
def house(
    warehouse: Engine,
    sandbox: SandboxHandle,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> House:
    caplog.set_level(logging.DEBUG)
    return House(warehouse, sandbox, monkeypatch, tmp_path)


def assert_refused(house: House, done: Result, caplog: pytest.LogCaptureFixture, *parts: str) -> None:
    """It failed by an error of ours, in one line with these parts, and no secret is anywhere."""
    assert done.exit_code == 1
    assert isinstance(done.exception, AkubillError), repr(done.exception)
    sentence = str(done.exception)
    for part in parts:
        assert part in sentence
    assert "\n" not in sentence.strip()
    assert sentence.rstrip().endswith((".", "!", "?", ")"))
    seen = sentence + repr(done.exception) + done.output + caplog.text
    assert not [secret for secret in house.secrets() if secret in seen]


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"region": "cn-hangzou"}, ("Region is 'cn-hangzou'", "is no region", "Did you mean cn-hangzhou?")),
        ({"region": "eu-central-1"}, ("Region is 'eu-central-1'", "without support", "Obtaining Services")),
        ({"site": "international"}, ("Site is 'international'", "must be china", "Obtaining Services")),
        ({"began_on": "2020-01-01T00:00:00Z"}, ("2020-01-01T00:00:00+00:00", "before the plan's first version", "Add")),
        ({"began_on": "2026-09-31"}, ("Subscription began on", "is not an ISO 8601 time", "Write it like")),
        ({"environment": "1"}, ("Environment name is '1'", "must be 2 to 48 letters", "Correct it")),
        ({"payment": "prepaid"}, ("Licence AKU is missing", "Give a whole number from 1 to")),
    ],
)
def test_a_wish_that_cannot_be_met(
    house: House, caplog: pytest.LogCaptureFixture, changes: dict[str, str], parts: tuple[str, ...]
) -> None:
    before = house.stored()
    assert_refused(house, house.onboard(**changes), caplog, *parts)
    assert house.stored() == before


def test_a_buyer_without_real_name_authentication(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.sandbox.account("buyer", account_id=BUYER, real_name_verified=False)
    before = house.stored()
    assert_refused(house, house.onboard(), caplog, "real-name authentication", "nothing was ordered")
    assert house.stored() == before


def test_a_secret_with_one_wrong_byte(house: House, caplog: pytest.LogCaptureFixture) -> None:
    right = house.buyer.access_key_secret
    wrong = right[:-1] + ("x" if right[-1] != "x" else "y")
    house.connect_buyer(wrong)
    before = house.stored()
    done = house.onboard()
    assert_refused(house, done, caplog, house.buyer.access_key_id, "nothing was ordered")
    assert wrong not in done.output + str(done.exception) + caplog.text
    assert house.stored() == before
    assert house.sandbox.requests()["verified"] == 0


def test_a_buyer_without_a_connection(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.monkeypatch.delenv(f"AIRFLOW_CONN_ALIBABA_BUYER_{BUYER}")
    before = house.stored()
    done = house.onboard()
    assert_refused(house, done, caplog, f"alibaba_buyer_{BUYER} is missing", "Add it under Admin, Connections")
    assert house.stored() == before


def test_an_order_that_has_its_environment_already(house: House, caplog: pytest.LogCaptureFixture) -> None:
    assert house.onboard().exit_code == 0
    [ordered] = house.sandbox.admin.get("/service-instances").json()
    before = house.stored()
    done = house.onboard(environment="another", network="vpc-another", order=ordered["order_id"])
    assert_refused(house, done, caplog, f"Order {ordered['order_id']} belongs to", "one order gives one environment")
    assert house.stored() == before


def test_a_console_that_never_comes_up(office: Office) -> None:
    """It is waited for half an hour of the office's clock, then taken away; a new run starts again."""
    office.clock = HurriedClock()
    office.sandbox.fault("console_never_up", times=1)
    with pytest.raises(AttemptFailedError) as refused:
        office.onboard(BUYER)
    assert "did not come up within 30 minutes" in str(refused.value)
    assert "start a new run" in str(refused.value)
    assert office.rows("SELECT environment_id FROM core.environments") == []
    assert office.rows("SELECT access_key_id FROM core.environment_credentials") == []
    [failed] = office.rows("SELECT state, state_reason FROM core.subscriptions")
    assert failed.state == "failed"
    assert "did not come up" in failed.state_reason
    assert [one["status"] for one in office.sandbox.admin.get("/service-instances").json()] == ["Deleted"]
    assert office.onboard(BUYER).attempt == 2


def test_a_vendors_secret_that_is_wrong_when_an_order_is_taken_over(office: Office) -> None:
    """Once it is corrected, the same request goes on where it stopped."""
    access = office.accesses[BUYER] = access_of(office.sandbox, office.sandbox.account("buyer", account_id=BUYER))
    product = load_product()
    wish = order_request(product, request_for(account_id=BUYER), "own-order")
    placed = buyer_cloud(product, access).create_service_instance(wish, "own")
    right, office.vendor = office.vendor, replace(office.vendor, access_key_secret=SecretStr("not-the-secret"))
    with pytest.raises(RefusedError) as refused:
        office.onboard(BUYER, order_id=placed.order_id)
    assert office.vendor.access_key_id in str(refused.value)
    assert "Check the access key id and its secret" in str(refused.value)
    assert "not-the-secret" not in str(refused.value)
    assert right.access_key_secret.get_secret_value() not in str(refused.value)
    office.vendor = right
    report = office.onboard(BUYER, order_id=placed.order_id)
    assert (report.service_instance_id, report.attempt) == (placed.service_instance_id, 1)


@pytest.mark.parametrize(
    ("right", "wrong", "parts"),
    [
        ('"1.20"', '"-1.20"', ("versions[0].tiers[0].unit_price is '-1.20'", "must not be negative")),
        ("flat_fee:", "flat_price:", ("tiers[0].flat_price is '0'", "is not a known field", "Remove it")),
        ('"1.20"', "1.20", ("unit_price is '1.20'", "must be quoted text", "Write it quoted")),
        ("2024-01-01", "2099-01-01", ("has no price", "no version in force then", "Publish a version")),
    ],
)
def test_a_price_plan_that_is_wrong(
    house: House, caplog: pytest.LogCaptureFixture, right: str, wrong: str, parts: tuple[str, ...]
) -> None:
    plan, usage = house.folder / "mine.plan.yaml", house.folder / "usage.csv"
    plan.write_text(PLAN.replace(right, wrong), encoding="utf-8")
    usage.write_text(f"{HEADER}\nsub-1,kf-1,2026-10-02T00:00:00+08:00,3600\n", encoding="utf-8")
    before = house.stored()
    done = house.akubill("quote", "--plan", str(plan), "--usage", str(usage), "--period", "2026-10")
    assert_refused(house, done, caplog, *parts)
    if "has no price" not in parts:
        assert_refused(house, house.akubill("plan", "publish", str(plan)), caplog, *parts)
    assert house.stored() == before


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("u.csv", f"{HEADER},note\n", ("Header of u.csv", "note", "must be subscription_id", "drop columns")),
        ("u.csv", HEADER.replace("hour", "time") + "\na,b,c,1\n", ("Header of u.csv", "time", "Rename")),
        (
            "u.jsonl",
            '{"subscription_id": "sub-1", "inst',
            ("u.jsonl", "line 1 is not a whole object", "Nothing of it was loaded"),
        ),
        ("u.txt", "", ("u.txt", "does not end in .csv", "Name it after what it holds")),
    ],
)
def test_a_usage_file_that_is_none(
    house: House, caplog: pytest.LogCaptureFixture, name: str, content: str, parts: tuple[str, ...]
) -> None:
    (house.folder / name).write_text(content, encoding="utf-8")
    before = house.stored()
    assert_refused(house, house.akubill("import", str(house.folder / name)), caplog, *parts)
    assert house.stored() == before


def test_a_parquet_file_that_is_half_written(house: House, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.parquet", tmp_path / "half.parquet"
    row = ["sub-1", "kf-1", "2026-10-01T00:00:00Z", 3600]
    pd.DataFrame([row] * 1000, columns=HEADER.split(",")).to_parquet(whole, index=False)
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    before = house.stored()
    parts = ("half.parquet", "is not a whole Parquet file", "Nothing of it was loaded", "send it again")
    assert_refused(house, house.akubill("import", str(half)), caplog, *parts)
    assert house.stored() == before


def test_rows_that_break_a_rule_are_kept_with_their_sentence_and_the_others_are_loaded(
    house: House, tmp_path: Path
) -> None:
    began = middle_of(LAST_MONTH)
    assert house.onboard(began_on=began.isoformat()).exit_code == 0
    [(subscription,)] = _all(house, "SELECT subscription_id FROM core.subscriptions")
    hours = [(began + timedelta(hours=n)).isoformat() for n in range(5)]
    bad = [
        (subscription, hours[1][:19], "3600", "has no time zone. Add an offset"),
        (subscription, hours[2], "-3600", "must not be negative"),
        (subscription, hours[3], "1.5", "must be whole. Give AKU-seconds, not AKU-hours"),
        ("sub-unknown", hours[4], "3600", "subscription sub-unknown is not known. Check the id, or onboard it first"),
    ]
    lines = [HEADER, f"{subscription},kf-1,{hours[0]},3600", *(f"{s},kf-1,{h},{q}" for s, h, q, _ in bad)]
    file = tmp_path / "usage.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    done = house.akubill("import", str(file))
    assert done.exit_code == 0
    assert "5 rows read, 1 loaded" in done.output
    assert "4 rejected" in done.output
    rejected = _all(house, "SELECT rule, facts FROM metering.rejections ORDER BY row_number")
    sentences = [REJECTIONS[rule].say(facts) for rule, facts in rejected]
    for number, (sentence, (*_, part)) in enumerate(zip(sentences, bad, strict=True), start=2):
        assert sentence.startswith(f"Row {number}: ")
        assert part in sentence
        assert sentence in done.output
    assert _all(house, "SELECT aku_seconds FROM metering.usage") == [(3600,)]


@pytest.mark.parametrize(
    ("period", "parts"),
    [
        ("2099-01", ("Billing period 2099-01 ends at 2099-02-01T00:00:00+08:00", "closed after it has ended")),
        ("2026-13", ("Billing period is '2026-13'", "not a month written YYYY-MM", "Write it like")),
    ],
)
def test_a_period_that_cannot_be_closed(
    house: House, caplog: pytest.LogCaptureFixture, period: str, parts: tuple[str, ...]
) -> None:
    house.akubill("plan", "publish")
    before = house.stored()
    assert_refused(house, house.akubill("bills", "close", "--period", period), caplog, *parts)
    assert house.stored() == before


def test_a_period_that_is_issued_already(house: House, caplog: pytest.LogCaptureFixture) -> None:
    began = middle_of(LAST_MONTH)
    assert house.onboard(began_on=began.isoformat()).exit_code == 0
    assert "No usage is known from" in house.akubill("bills", "close", "--period", LAST_MONTH.name).output
    [(subscription,)] = _all(house, "SELECT subscription_id FROM core.subscriptions")
    file = house.folder / "history.csv"
    file.write_text(f"{HEADER}\n{subscription},kf-1,{began.isoformat()},0\n", encoding="utf-8")
    assert house.akubill("import", str(file)).exit_code == 0
    assert "1 issued in all" in house.akubill("bills", "close", "--period", LAST_MONTH.name).output
    before = house.stored()
    done = house.akubill("bills", "close", "--period", LAST_MONTH.name)
    assert_refused(house, done, caplog, f"Billing period {LAST_MONTH.name} is closed", "adjustment or a credit note")
    assert house.stored() == before


def test_a_warehouse_that_does_not_answer(house: House, tmp_path: Path) -> None:
    """As `akubill` is called, because the sentence is made at its door."""
    house.connect(
        "WAREHOUSE", conn_type="postgres", login="anna", password="the-password", host=str(tmp_path), schema="none"
    )
    command = [sys.executable, "-c", "from include.cli.main import main; main()", "bills", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "The warehouse does not answer" in done.stderr
    assert "akubill doctor" in done.stderr
    assert "Traceback" not in done.stderr
    assert "the-password" not in done.stderr + done.stdout


def _all(house: House, query: str) -> list[tuple[Any, ...]]:
    with house.warehouse.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]
