"""Where links of runs and tasks lead."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("base_url", "root"),
    [("", ""), ("https://airflow.example/", ""), ("https://airflow.example/team/airflow", "/team/airflow")],
)
def test_a_page_is_shown_within_airflow_wherever_that_is_served(
    monkeypatch: pytest.MonkeyPatch, base_url: str, root: str
) -> None:
    from include.orchestration import pages

    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    assert pages.bill("2026-10-sub-ü").address == f"{root}/plugin/billing{root}/billing/bills/2026-10-sub-%C3%BC"
    assert pages.bills("2026-10").address == f"{root}/plugin/billing{root}/billing/bills?period=2026-10"


def test_the_frame_is_the_one_that_the_plugin_adds() -> None:
    from include.orchestration import pages
    from plugins.billing_pages import BillingPagesPlugin

    assert [f"/plugin/{view['url_route']}" for view in BillingPagesPlugin.external_views] == [pages.FRAME]
    assert [app["url_prefix"] for app in BillingPagesPlugin.fastapi_apps] == [pages.MOUNT]
