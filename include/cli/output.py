"""How the command line prints: text as it is, and tables of text.

Ids, reasons and names come from people, so nothing that is printed is read as markup. Where the output is no terminal
it has no width: nothing is cut or wrapped. On a terminal a table's cells are folded, never shortened.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Wider than any table: Rich shortens cells to the width that it is given.
_NO_WIDTH = 10_000_000


def say(text: object, style: str = "") -> None:
    """Print text to standard output as it is."""
    Console(highlight=False).print(Text(str(text), style), soft_wrap=True)


def print_error(text: object) -> None:
    """Print text to standard error as it is."""
    Console(stderr=True, highlight=False).print(Text(str(text)), soft_wrap=True)


def print_table(headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows of text under headings, without a frame."""
    table = Table(box=None)
    for heading in headings:
        table.add_column(Text(heading), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else _NO_WIDTH).print(table)
