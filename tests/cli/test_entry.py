"""Whatever goes wrong, in any command or before it: one sentence with a way to report it, a traceback on request."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.cli import failures
from include.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer import Typer
    from typer.models import CommandInfo

ROOT = Path(__file__).parents[2]
START = "from include.cli.entry import main; main()"


def commands(group: Typer, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], CommandInfo]]:
    """Every command of the app, as it was registered."""
    for command in group.registered_commands:
        name = command.name or command.callback.__name__.replace("_", "-")
        yield (*path, name), command
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, (*path, str(inner.name)))


ALL = list(commands(app))


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (RuntimeError("ill"), 70, "RuntimeError: ill. This is a fault of the program."),
        (ImportError("No module named 'x'"), 70, "ImportError: No module named 'x'."),
        (OSError(28, "No space left on device"), 1, "No space left on device. Look at the disk"),
        (PermissionError(13, "Permission denied", "/a/file"), 1, "'/a/file' cannot be used: Permission denied."),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(32, "Broken pipe"), 1, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_unexpected_error_of_any_command_is_a_sentence(
    error: BaseException, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    assert {"bills", "corrections", "stack", "gaps", "plan"} <= {path[0] for path, _ in ALL}
    monkeypatch.delenv(failures.DEBUG, raising=False)
    monkeypatch.setattr(os, "dup2", lambda *_: None)  # this process's own output stays
    for path, command in ALL:
        monkeypatch.setattr(command, "name", path[-1])
        monkeypatch.setattr(command, "callback", fail)
        monkeypatch.setattr(sys, "argv", ["akubill", *path])
        assert run_here() == code, path
        said = capsys.readouterr().err
        assert words in said, path
        assert "Traceback" not in said, path


def run_here() -> int | str | None:
    """The exit code, as the shell sees it."""
    try:
        return failures.run(app)
    except SystemExit as ended:
        return ended.code


def run(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: PLW1510 (the exit code is what is tested)
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_an_installation_that_is_not_complete_is_a_sentence() -> None:
    broken = f"import sys; sys.modules['typer'] = None; {START}"
    done = run(broken, "bills", "list")
    assert done.returncode == 70
    assert done.stderr.startswith("akubill cannot start, ModuleNotFoundError: ")
    assert "run `make setup`" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in run(broken, "--debug", "bills", "list").stderr
    assert "Traceback" in run(broken, "bills", "list", AKUBILL_DEBUG="1").stderr


def test_a_reader_that_has_gone_is_no_trouble() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        [sys.executable, "-c", START, "bills", "--help"], stdout=writing, stderr=subprocess.PIPE, cwd=ROOT
    ) as done:
        os.close(writing)
        assert done.communicate()[1] == b""
