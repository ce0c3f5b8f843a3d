"""Every command with every kind of bad input: one sentence and an exit code, never a traceback, never a green nothing.

Commands are taken from the app, so a new one is called too. It runs in this process, as `akubill` runs it.
"""

from __future__ import annotations

import gzip
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import typer.main
from cryptography.fernet import Fernet
from sqlalchemy import text

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.cli import failures
from include.cli.main import app
from include.warehouse import embedded
from tests.support.airflow import connection_json
from tests.support.billing.october import BILL, DUE, OCTOBER, price_plan
from tests.support.builders import LONG_AGO, make_buyer, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

pytestmark = pytest.mark.slow

#: What `app()` makes each time it is called, from the annotations of every command; made once, it takes a third less.
AKUBILL = typer.main.get_command(app)
LONG = "x" * 10_000
HUGE = str(10**30)
MARKUP = ("[blue]x[/]", "[/]")
TEXTS = ("", "a\0b", "half \udc80", *MARKUP, LONG, "2026-1", "2026-13", "0001-01", "9999-12", "2026-10-01", HUGE, "-1")
INSTANTS = (
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-02-30T00:00:00Z", "2026-10-01T00:00:00"),
    *("1999-12-30T23:59:59Z", "3000-01-01T00:00:00Z", "20261001", "now"),
)
NUMBERS = ("", "one", "-1", HUGE, "-" + HUGE, "1e999", "nan", "inf", "1.5", "[blue]1[/]", "a\0b")
#: Text that any reader may write: no rule of the command refuses it.
FREE = {"reason", "contact", "department", "to", "key"}
#: What would start servers and work for hours.
STARTED = ("include.sandbox.server.serve",)
#: What only serving finds out: a folder is made where it is missing, and an address is tried by listening on it.
FOUND_LATER = {("sandbox serve", "state"), ("sandbox serve", "host")}
#: Filters of a list: what is unknown gives an empty list.
FILTERS = {("gaps list", "environment"), ("offers list", "subscription"), ("reconciliation days", "subscription")}
#: A day or a time without a zone is that of the price plan.
LOCAL_TIMES = {("release", "ended_at", value) for value in ("2026-10-01", "2026-10-01T00:00:00")}


class Command(NamedTuple):
    """A command of the app."""

    path: str
    parameters: list[Any]


def commands() -> list[Command]:
    """All commands, in the order of `--help`."""
    return list(_commands(AKUBILL, ()))


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[Command]:
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from _commands(inner, (*path, name))
    else:
        yield Command(" ".join(path), [each for each in command.params if each.name != "help"])


@pytest.fixture(scope="module")
def house(airflow: None, postgres_server: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A warehouse with an issued bill, and a value for each parameter that a command takes without a word."""
    from airflow.sdk.execution_time.cache import SecretCache

    folder = tmp_path_factory.mktemp("bad-input")
    for name, content in _files().items():
        (folder / name).write_bytes(content)
    with (
        embedded.scratch_warehouse(postgres_server) as warehouse,
        embedded.scratch_warehouse(postgres_server) as empty,
        pytest.MonkeyPatch.context() as patch,
    ):
        publish_price_plans(warehouse, [price_plan()])
        with warehouse.begin() as connection:
            key = make_subscription(connection, make_buyer(connection), started_at=LONG_AGO, metering_started_at=None)
            make_usage(connection, make_instance(connection, key), OCTOBER.window.start, [3600])
        assert close_period(warehouse, OCTOBER, DUE).issued_count == 1
        url = warehouse.url
        patch.setenv(
            "AIRFLOW_CONN_WAREHOUSE",
            connection_json(conn_type="postgres", login="postgres", host=url.query["host"], schema=url.database),
        )
        patch.setenv(
            "AIRFLOW_CONN_AKUBILL_VAULT",
            connection_json(conn_type="akubill_vault", password=Fernet.generate_key().decode()),
        )
        patch.setenv("AKUBILL_STATE", str(folder / "state"))
        # A server of its own for each command would take minutes; that nothing is committed here is checked below.
        patch.setattr(embedded, "temporary_warehouse", lambda: nullcontext(empty))
        for started in STARTED:
            patch.setattr(started, _start)
        SecretCache.reset()
        yield {
            "folder": str(folder),
            "bill_id": BILL, "bill": BILL, "bill_ids": BILL, "subscription": "sub-01-orders",
            "period": "2026-10", "zone": "Asia/Shanghai", "plan": str(folder / "plan.yaml"),
            "first": str(folder / "plan.yaml"), "second": str(folder / "plan.yaml"), "files": str(folder / "plan.yaml"),
            "usage": str(folder / "usage.csv"), "polls": str(folder / "polls.jsonl"), "to": str(folder / "exports"),
            "start": "2026-12-01T00:00:00+08:00", "end": "2026-12-02T00:00:00+08:00", "reason": "Agreed on the phone.",
            "fingerprint": "0123456789ab", "finding": "no_gap_is_open", "cause": "refund", "amount": "0.01",
            "gaps": "1", "line": "1", "account": "1100000000000009", "region": "cn-hangzhou", "environment": "orders",
            "network": "vpc-bp1a2b3c", "state": str(folder / "state"),
        }  # fmt: skip
        with empty.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM core.buyers")) == 0
    SecretCache.reset()


def _start(*_: object, **__: object) -> None:
    """Bad input is refused before anything is started: what gets as far as this was taken."""
    raise SystemExit(0)


def _files() -> dict[str, bytes]:
    case = Path(__file__).parents[1] / "billing/golden/zero_usage"
    plan = (case / "plan.yaml").read_bytes()
    return {
        "plan.yaml": plan,
        "usage.csv": (case / "usage.csv").read_bytes(),
        "polls.jsonl": b"",
        "empty": b"",
        "packed.gz": gzip.compress(plan, mtime=0),
        "latin-1": "name: Zürich\n".encode("latin-1"),
        "nul": b"a\0b\n",
        "markup": b"[blue]x[/]\n",
        "long": b"x" * 1_000_000,
    }


def bad_values(parameter: Any, folder: str) -> list[str]:
    """What one might wrongly give for a parameter, by its type."""
    kind = str(parameter.type_descriptor.annotation)
    if "bool" in kind:
        return []
    if "Path" in kind:
        names = ("missing", "empty", "packed.gz", "latin-1", "nul", "markup", "long", "plan.yaml/inside")
        return [folder, *(f"{folder}/{name}" for name in names), "", "a\0b", "half \udc80", "/" + LONG]
    if "float" in kind:
        return [number for number in NUMBERS if number != "1.5"]
    return list(NUMBERS) if "int" in kind else [*TEXTS, *INSTANTS]


def command_line(command: Command, tested: Any, value: str, known: dict[str, str]) -> list[str]:
    """The command with that value, everything else that it needs being right."""
    words: list[str] = []
    for parameter in command.parameters:
        if parameter is tested:
            given = value
        elif parameter.required or "Path" in str(parameter.type_descriptor.annotation):
            given = known.get(parameter.name, "x")
        else:
            continue
        if parameter.param_type_name == "argument":
            words += [given] if not given.startswith("-") else ["--", given]
        else:
            words = [f"{parameter.opts[0]}={given}", *words]
    return [*command.path.split(), *words]


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int | str:
    """The exit code, as the shell sees it."""
    monkeypatch.setattr(sys, "argv", ["akubill", *arguments])
    try:
        return failures.run(AKUBILL)  # type: ignore[arg-type]  # what the app makes of itself
    except BaseException as error:  # noqa: BLE001 (whatever comes out of it would be a traceback)
        return repr(error)


def may_pass(command: Command, parameter: Any, value: str) -> bool:
    if "\0" in value or "\udc80" in value or (parameter.name in FREE and len(value) > 1_000):
        return False
    place = (command.path, parameter.name)
    return parameter.name in FREE or place in FILTERS or (*place, value) in LOCAL_TIMES


@pytest.mark.parametrize("command", commands(), ids=lambda command: command.path)
def test_bad_input_is_a_sentence(
    command: Command, house: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = []
    lines = [([*command.path.split(), "--no-such-option"], False)]
    for parameter in command.parameters:
        if (command.path, parameter.name) in FOUND_LATER:
            continue
        for value in bad_values(parameter, house["folder"]):
            line = command_line(command, parameter, value, house)
            lines.append((line, may_pass(command, parameter, value)))
    for arguments, passes in lines:
        code = run(arguments, monkeypatch)
        printed = capsys.readouterr()
        said = printed.out + printed.err
        shown = " ".join(word if len(word) < 60 else f"{word[:60]}…" for word in arguments)
        if code not in {0, 1, 2} or "Traceback" in said or "a fault of the program" in said:
            wrong.append(f"{shown!r} ended with {code}: {said[-300:]}")
        elif code == 0 and not passes:
            wrong.append(f"{shown!r} was taken: {said[-200:]}")
        elif code != 0 and not said.strip():
            wrong.append(f"{shown!r} said nothing")
    assert not wrong, "\n".join(wrong)


def test_every_group_and_command_is_known_to_this_test() -> None:
    assert {"bills list", "usage", "corrections list", "stack up"} <= {each.path for each in commands()}
