"""A warehouse that was lost comes back as it was at an instant, from its base backup and log, and from a dump."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.warehouse.embedded import SCRATCH
from tests.support.restore_drill import PAGE, play, write_page

if TYPE_CHECKING:
    from pathlib import Path


def test_a_lost_warehouse_comes_back_as_it_was_at_that_instant(server_folder: Path) -> None:
    server_folder.chmod(0o755)
    drill = play(server_folder, customers=2, hours=3, settings=SCRATCH)
    assert drill.documents == 4, "three bills and a credit note"
    page = PAGE.read_text(encoding="utf-8")
    assert [line for line in write_page(drill).splitlines() if not line.startswith("|") and line not in page] == []
    assert [name for name in drill.seconds if name not in page] == [], "run `make restore-drill`"
