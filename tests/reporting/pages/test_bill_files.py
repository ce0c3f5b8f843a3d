"""An issued bill can be kept as a file; one that is not issued has none."""

from __future__ import annotations

from fastapi.testclient import TestClient

from include.reporting.pages.app import create_pages


def test_only_an_issued_bill_has_files(showcase_warehouse):
    client = TestClient(create_pages(current_user=lambda: "ada", warehouse=lambda: showcase_warehouse))
    issued, held = "2026-10-sub-01-orders", "2026-10-sub-02-risk"
    for name, start in (("en.pdf", b"%PDF"), ("zh.pdf", b"%PDF"), ("lines.csv", b"bill_id,")):
        file = client.get(f"/bills/{issued}/{name}")
        assert file.content.startswith(start)
        assert file.headers["content-disposition"].startswith("attachment; ")
        assert issued in file.headers["content-disposition"]
        assert client.get(f"/bills/{held}/{name}").status_code == 404
    page = client.get(f"/bills/{issued}").text
    assert f"/start/bill_correction?subscription=sub-01-orders&amp;bill={issued}" in page
    assert "/dags/bill_review/required_actions" in client.get(f"/bills/{held}").text
