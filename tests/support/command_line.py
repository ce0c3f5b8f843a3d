"""Runs the command line in the process of the test."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from include.cli import failures
from include.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def akubill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `akubill …`: exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["akubill", *arguments])
        code = failures.run(app)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run
