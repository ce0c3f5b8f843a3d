"""How tables look in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

_CONSOLE = Console(highlight=False, soft_wrap=True)


def print_table(headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows of text under headings, without a frame."""
    table = Table(*headings, box=None)
    for row in rows:
        table.add_row(*row)
    _CONSOLE.print(table)
