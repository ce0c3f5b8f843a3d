"""What the command line prints: every character of what is stored, as text, in a pipe too."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.cli import failures
from include.cli.main import app
from include.cli.output import print_table, say
from tests.support.billing.october import DUE, OCTOBER, price_plan
from tests.support.builders import LONG_AGO, make_buyer, make_instance, make_subscription, make_usage

HOSTILE = ("[blue]3301[/]", "[/]", ":smile: 100 %", "orders-" + "x" * 300 + "-3301", "two\nlines")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_printed_as_it_is_and_whole(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(text)
    assert capsys.readouterr().out == f"{text}\n"
    print_table(("Id", "[red]Other[/]"), [(line, "1.00") for line in text.split("\n")])
    printed = capsys.readouterr().out
    assert "[red]Other[/]" in printed
    assert all(line in printed for line in text.split("\n"))
    assert "…" not in printed


def test_only_one_module_prints_with_rich() -> None:
    folder = Path(failures.__file__).parent
    users = [file.name for file in folder.glob("*.py") if "rich." in file.read_text(encoding="utf-8")]
    assert users == ["output.py"]


def broken(error: BaseException) -> typer.Typer:
    wrong = typer.Typer(pretty_exceptions_enable=False)

    @wrong.command()
    def fail() -> None:
        raise error

    return wrong


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (ZeroDivisionError("division by zero"), 70, "does not expect, ZeroDivisionError: division by zero."),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 1, "'/x' cannot be used: Permission denied."),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_is_not_ours_is_one_sentence(
    error: BaseException,
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["akubill"])
    monkeypatch.delenv(failures.DEBUG, raising=False)
    assert failures.run(broken(error)) == code
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert said.count("\n") <= 1


def test_the_traceback_is_there_for_who_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["akubill"])
    monkeypatch.setenv(failures.DEBUG, "1")
    assert failures.run(broken(ZeroDivisionError("x"))) == 70
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.slow
def test_brackets_long_ids_and_checks_of_nothing(warehouse, airflow_connections, tmp_path):
    name = "orders-[blue]-" + "x" * 90 + "-3301"
    publish_price_plans(warehouse, [price_plan()])
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), name, started_at=LONG_AGO, metering_started_at=None)
        make_usage(connection, make_instance(connection, key), OCTOBER.window.start, [3600])
    close_period(warehouse, OCTOBER, DUE)

    def call(*arguments: str):
        return CliRunner().invoke(app, list(arguments), env={"LOGNAME": "anna", "COLUMNS": "80"})

    bill = f"2026-10-sub-01-{name}"
    assert bill in call("bills", "list", "--period", "2026-10").output
    reason = "See [/] and [blue]mail of :smile: 3 May[/blue]."
    asked = ("request", f"sub-01-{name}", bill, "--cause", "refund", "--refund", "0.10", "--line", "1")
    assert call("corrections", *asked, "--reason", reason).exit_code == 0
    listed = call("corrections", "list")
    assert listed.exit_code == 0
    assert reason in listed.output
    for command in (("bills", "list"), ("bills", "verify"), ("reconciliation", "list"), ("reconciliation", "run")):
        for month in ("2026-1", "2026-13", "", "1999-12", "3000-01", "2026-10 "):
            assert "is not a month written YYYY-MM" in str(call(*command, "--period", month).exception)
    for wanted in (("--period", "2026-09"), ("--period", "2027-01")):
        nothing = call("bills", "verify", *wanted)
        assert (nothing.exit_code, nothing.output.startswith("Nothing was verified")) == (1, True)
    file = tmp_path / "notes.txt"
    file.write_text("x")
    for place in (str(file), f"{file}/inside", str(tmp_path / ("x" * 300)), "/proc/akubill", ""):
        refused = call("bills", "export", bill, "--format", "csv", "--to", place)
        assert "is no place that files can be written to" in str(refused.exception), place
