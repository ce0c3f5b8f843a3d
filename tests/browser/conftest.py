"""A real browser on the real pages, as Airflow frames them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from include.reporting.pages.app import create_pages
from include.warehouse.embedded import scratch_warehouse
from tests.support.serving import serve
from tests.support.showcase import fill_showcase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page
    from sqlalchemy import URL
    from starlette.requests import Request

# The frame of Airflow's UI: what its sandbox allows, and its theme as a class of the outer document.
FRAME = """<!doctype html><html class="dark"><body><iframe src="/billing/bills" title="Bills" width="1200" height="700"
sandbox="allow-scripts allow-same-origin allow-forms allow-downloads"></iframe></body></html>"""


async def _frame(_request: Request) -> HTMLResponse:
    return HTMLResponse(FRAME)


@pytest.fixture(scope="session")
def site(postgres_server: URL) -> Iterator[str]:
    """Pages of the showcase under /billing, and a page that frames them; the base URL."""
    with scratch_warehouse(postgres_server) as engine:
        fill_showcase(engine, datetime.now(UTC))
        pages = create_pages(current_user=lambda: "ada", warehouse=lambda: engine)
        with serve(Starlette(routes=[Mount("/billing", pages), Route("/frame", _frame)])) as base_url:
            yield base_url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as the machine has it. For a module only: while it is open, this thread looks as if a loop ran in it."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("There is no Chromium on this machine.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab; whatever the browser complained about fails the test."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    # That a page is missing, or needs a login, is what some tests want to see.
    wanted = ("favicon", "status of 401", "status of 404")
    assert [text for text in complaints if not any(part in text for part in wanted)] == []
