"""Pictures of pages that the demo has nothing for: what waits for a person, from the showcase, and empty ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from starlette.applications import Starlette
from starlette.routing import Mount

from include.reporting.pages.app import create_pages
from include.warehouse.embedded import temporary_warehouse
from tests.support.bill_pictures import PICTURES
from tests.support.serving import serve
from tests.support.showcase import fill_showcase

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from sqlalchemy import Engine

#: How a page is shown, and how the name of its picture ends.
SCHEMES: tuple[tuple[Literal["light", "dark"], str], ...] = (("light", ""), ("dark", "-dark"))
_KINDS = ("gaps", "rejections", "imports", "machines", "alarms", "consoles")
FILLED = {
    "held-bills": "bills?period=2026-10",
    "held-bill": "bills/2026-10-sub-02-risk",
    "differences": "reconciliation?period=2026-10",
    "findings": "reconciliation/findings",
    **{f"data-quality-{kind}": f"data-quality?show={kind}" for kind in _KINDS},
}
EMPTY = {
    "today": "",
    "subscriptions": "subscriptions",
    "bills": "bills",
    "reconciliation": "reconciliation",
    "findings": "reconciliation/findings",
    "ledger": "reconciliation/ledger",
    "data-quality": "data-quality",
    "price-plans": "price-plans",
}


def draw_pages(page: Page) -> None:
    """Take them all, light and dark."""
    with temporary_warehouse() as empty:
        _take(page, empty, {f"{name}-empty": path for name, path in EMPTY.items()})
    with temporary_warehouse() as showcase:
        fill_showcase(showcase, datetime.now(UTC))
        _take(page, showcase, FILLED)


def _take(page: Page, warehouse: Engine, addresses: dict[str, str]) -> None:
    pages = create_pages(current_user=lambda: "ada", warehouse=lambda: warehouse)
    with serve(Starlette(routes=[Mount("/billing", pages)])) as base_url:
        page.set_viewport_size({"width": 1200, "height": 500})
        for name, path in addresses.items():
            page.goto(f"{base_url}/billing/{path}")
            for scheme, ending in SCHEMES:
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                page.wait_for_timeout(500)
                page.screenshot(path=PICTURES / f"{name}{ending}.png", full_page=True)
