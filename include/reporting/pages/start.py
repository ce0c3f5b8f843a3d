"""The page that starts a run of a DAG: its form, filled in from the address. Airflow's REST API does the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Path, Request

from include.reporting.pages.site import Site, render

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse


def add_to(site: Site) -> None:
    """Add the page."""

    @site.page("/start/{dag_id}", "start", view="Start")
    def show_form(request: Request, dag_id: Annotated[str, Path(pattern=r"^[a-z_]{1,100}$")]) -> HTMLResponse:
        return render(request, "start.html", dag_id=dag_id)
