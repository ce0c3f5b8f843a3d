"""What others may have written (names, ids, sentences, file names) is shown as text, whatever it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import String, Text, text
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.routing import Mount

from include.reporting.pages.app import create_pages
from include.warehouse.embedded import scratch_warehouse
from include.warehouse.tables import metadata
from tests.support.serving import serve
from tests.support.showcase import fill_showcase
from tests.support.work_queue import fill_work_queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page
    from sqlalchemy import URL, Engine

pytestmark = pytest.mark.slow

#: Markup that runs, a quote that ends an attribute, a template, right-to-left text with an override, and nothing else.
HOSTILE = "\"'><img src=x onerror=window.hacked=1><script>window.hacked=1</script>{{7*7}}\u202eأمر"
#: Columns whose values only the product chooses, from its own list.
OURS = {"cause", "finding", "kind", "rule", "source", "outcome", "state", "document", "payment", "product", "period"}
OURS |= {
    "hypothesis",
    "verdict",
    "bill_id",
    "subscription_id",
    "marketplace.inbox.reason",
    "marketplace.push_records.reason",
}
PAGES_AT_MOST = 60
FOREIGN = """() => ({hacked: window.hacked ?? 0, images: document.querySelectorAll("img[src=x]").length,
    scripts: [...document.scripts].filter((one) => !one.src).length})"""
LINKS = "[...document.querySelectorAll('main a[href], header a[href]')].map((one) => one.href.split('#')[0])"


def spoil(warehouse: Engine) -> set[str]:
    """Add the hostile text to every column of text that takes it; their names."""
    spoiled: set[str] = set()
    for table in metadata.sorted_tables:
        for column in table.columns:
            names = (column.name, f"{table.fullname}.{column.name}")
            if isinstance(column.type, (String, Text)) and OURS.isdisjoint(names):
                change = f"UPDATE {table.fullname} SET {column.name} = left({column.name}, 60) || :hostile"
                try:
                    with warehouse.begin() as connection:
                        changed = connection.execute(text(change), {"hostile": HOSTILE}).rowcount
                except DBAPIError:  # a rule of the schema refuses it, which is as good
                    continue
                if changed:
                    spoiled.add(names[1])
    return spoiled


def _fill_work(warehouse: Engine, now: datetime) -> None:
    with warehouse.begin() as connection:
        fill_work_queue(connection, now)


@pytest.fixture(scope="module", params=[fill_showcase, _fill_work])
def spoiled(request: pytest.FixtureRequest, postgres_server: URL) -> Iterator[str]:
    with scratch_warehouse(postgres_server) as engine:
        request.param(engine, datetime.now(UTC))
        assert "core.subscriptions.environment_name" in spoil(engine)
        pages = create_pages(current_user=lambda: "ada", warehouse=lambda: engine)
        with serve(Starlette(routes=[Mount("/billing", pages)])) as base_url:
            yield base_url


def test_no_page_runs_what_it_shows(page: Page, spoiled: str) -> None:
    waiting, seen, failed = [f"{spoiled}/billing/"], set[str](), []
    while waiting and len(seen) < PAGES_AT_MOST:
        address = waiting.pop(0)
        kind = address.split("?")[0]
        if kind in seen or not address.startswith(f"{spoiled}/billing/") or kind.endswith((".pdf", ".csv")):
            continue
        seen.add(kind)
        answer = page.goto(address)
        assert answer is not None
        if answer.status >= 400:
            failed.append(address)
        assert page.evaluate(FOREIGN) == {"hacked": 0, "images": 0, "scripts": 0}, address
        waiting += page.evaluate(LINKS)
    assert failed == []
    assert len(seen) > 12
    page.goto(f"{spoiled}/billing/subscriptions")
    assert "<img src=x onerror" in page.locator("main").inner_text()
