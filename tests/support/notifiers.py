"""Notifiers for tests: a channel that writes into a file, and one that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.sdk import BaseNotifier


class FileNotifier(BaseNotifier):
    """Appends each notification to a file; its text is templated, as other notifiers' are."""

    template_fields = ("text",)

    def __init__(self, path: str, text: str) -> None:
        super().__init__()
        self.path, self.text = path, text

    def notify(self, context: Any) -> None:
        with Path(self.path).open("a", encoding="utf-8") as file:
            file.write(f"{self.text}\n")


class BrokenNotifier(BaseNotifier):
    """A channel that is down, and whose error holds a secret."""

    def notify(self, context: Any) -> None:
        raise OSError("https://hooks.example/secret-token is down")
