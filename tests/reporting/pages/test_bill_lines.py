"""An amount on a bill opens where it comes from: its days, the hours of a day, the readings and polls of an hour."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from include.billing.evidence.explain import explain_document, list_bills
from include.domain.money import Decimal
from include.domain.periods import Window
from include.metering.hours.close import close_hours
from include.reporting.pages.app import create_pages
from include.warehouse.embedded import scratch_warehouse
from tests.support.billing.corrections import correct
from tests.support.billing.october import OCTOBER
from tests.support.metered_line import END, START, make_line
from tests.support.metering.lives import at, kafka

LINE = "/bills/2026-10-sub-11-orders/lines/1"


@pytest.fixture(scope="module")
def orders(postgres_server):
    """One warehouse for all tests of this file, which add to it and take back what others would see."""
    with scratch_warehouse(postgres_server) as engine:
        yield make_line(engine)


@pytest.fixture
def client(orders):
    return TestClient(
        create_pages(current_user=lambda: "ada", warehouse=lambda: orders.warehouse, explain=explain_document)
    )


def _links(page: str, to: str) -> list[str]:
    return re.findall(rf'href="({re.escape(LINE)}/{to}/[^"]+)"', page)


def _column(page: str, label: str) -> list[Decimal]:
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = re.findall(rf'data-label="{label}"[^>]*>(?:<strong>)?([^<]+)', body)
    return [Decimal(unescape(cell).replace("\u202f", "")) for cell in cells]


def test_an_amount_leads_to_the_polls_in_three_clicks_and_every_level_adds_up(client):
    bill = client.get("/bills/2026-10-sub-11-orders").text
    assert f'href="{LINE}"' in bill
    line = client.get(LINE).text
    assert (sum(_column(line, "AKU-hours")), sum(_column(line, "Exact"))) == (Decimal("167.8"), Decimal("201.36"))
    days = _links(line, "days")
    assert len(days) == 2
    last = client.get(days[-1]).text
    assert sum(_column(last, "AKU-hours")) == _column(line, "AKU-hours")[-1]
    hours = _links(last, "hours")
    assert len(hours) == 24
    hour = client.get(hours[-2]).text
    assert sum(_column(hour.partition("Readings")[2], "AKU-hours")) == _column(last, "AKU-hours")[-2] == Decimal("7.8")
    assert "the size changed at the instant that the console gives" in hour
    assert "&#34;reservedAku&#34;: 10" in hour


def test_what_a_console_said_is_text_and_bounded(client):
    hour = client.get(f"{LINE}/hours/{at(END - 60):%Y-%m-%dT%H:%MZ}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in hour
    assert "<script>alert" not in hour
    assert "more characters are not shown." in hour


def test_polls_that_retention_dropped_are_said_to_be_gone(orders, client):
    month = OCTOBER.window.end.replace(day=1, hour=0)
    with orders.warehouse.begin() as connection:
        connection.execute(
            text("INSERT INTO metering.dropped_months VALUES (:start, :end, :end, :at)"),
            {"start": month, "end": month + timedelta(days=31), "at": datetime(2027, 12, 1, tzinfo=UTC)},
        )
    page = client.get(f"{LINE}/hours/{at(END - 60):%Y-%m-%dT%H:%MZ}").text
    with orders.warehouse.begin() as connection:
        connection.execute(text("DELETE FROM metering.dropped_months"))
    assert "The polls of this hour were dropped at 2027-12-01 after their retention; its usage stays." in page
    assert "What the console said" not in page


def test_a_corrections_line_leads_to_the_line_and_the_hours_that_it_corrects(orders, client):
    warehouse = orders.warehouse
    [bill] = list_bills(warehouse)
    orders.tell(orders.poll(START + 3, kafka(16, m=START + 1)), orders.poll(START + 7, kafka(6, m=START + 5)))
    close_hours(warehouse, Window(at(START), at(START + 60)), at(END + 700))
    correct(warehouse, at(END + 800), reason="Late answers", subscription=bill.subscription_id, bill=bill.bill_id)
    note = client.get(f"/bills/DN-{bill.bill_id}-1/lines/1").text
    assert f'href="{LINE}"' in note
    [hour] = re.findall(r'href="([^"]+/hours/[^"]+)"', note)
    assert "as billed" in client.get(hour).text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/bills/nothing/lines/1", 404),
        ("/bills/2026-10-sub-11-orders/lines/9", 404),
        (f"{LINE}/days/2026-10-01", 404),
        (f"{LINE}/days/soon", 422),
        (f"{LINE}/hours/soon", 422),
        (f"{LINE}/hours/2026-10-01T00:00Z", 404),
    ],
)
def test_an_address_without_evidence_is_one_sentence(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
