"""Every route of the pages, as the app has them: none answers without a login and a right, none trusts its address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from fastapi import HTTPException
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import BaseModel

from include.billing.evidence.explain import explain_document
from include.reporting.pages.app import create_pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from sqlalchemy import Engine

#: Values that are code, a path, a formula, markup or too much somewhere.
HOSTILE = (
    "\"'><script>alert(1)</script>",
    "x' OR 1=1; DROP TABLE billing.bills; --",
    "../../../../../../etc/passwd",
    "{{ 7 * 7 }}%(x)s${x}",
    "=1+1\r\nSet-Cookie: a=b",
    "9" * 400,
    "A" * 6_000,
    "\u202e零🐛\x1b[31m",
)
STATIC = "static"


def routes(app: FastAPI) -> list[APIRoute]:
    return [route for route in app.routes if isinstance(route, APIRoute)]


def address(route: APIRoute, value: str) -> str:
    """The route's path with this value for each of its parts."""
    return route.path_format.format(**{part.name: quote(value, safe="") for part in route.dependant.path_params})


def parameters(route: APIRoute) -> Iterator[str]:
    """The names of the route's query parameters."""
    for field in route.dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from kind.model_fields
        else:
            yield field.alias


def never() -> Engine:
    raise AssertionError("The warehouse was opened without a right to read it.")


@pytest.fixture(scope="module")
def app(showcase_warehouse: Engine) -> FastAPI:
    return create_pages(current_user=lambda: "ada", warehouse=lambda: showcase_warehouse, explain=explain_document)


def test_every_route_only_reads(app: FastAPI) -> None:
    assert {frozenset(route.methods) for route in routes(app)} == {frozenset({"GET"})}
    assert [route for route in app.routes if not isinstance(route, APIRoute)] == []
    assert len(routes(app)) > 15


def test_no_route_answers_without_a_login_and_none_but_static_files_without_a_right() -> None:
    def anonymous() -> None:
        raise HTTPException(401, "Not authenticated")

    strangers = create_pages(current_user=anonymous, warehouse=never, explain=explain_document)
    known = create_pages(
        current_user=lambda: "li", warehouse=never, may_read=lambda _user, _view: False, explain=explain_document
    )
    answers = {
        route.name: (
            TestClient(strangers).get(address(route, "1")).status_code,
            TestClient(known).get(address(route, "1")).status_code,
        )
        for route in routes(strangers)
    }
    assert answers == {name: (401, 404 if name == STATIC else 403) for name in answers}


def test_whatever_an_address_says_is_text_and_breaks_nothing(app: FastAPI) -> None:
    client = TestClient(app, raise_server_exceptions=False)
    found = []
    for route in routes(app):
        names = list(parameters(route))
        for value in HOSTILE:
            asked = [f"{address(route, '1')}?{name}={quote(value)}" for name in names]
            if route.dependant.path_params:
                asked.append(address(route, value))
            for one in asked:
                answer = client.get(one, follow_redirects=False)
                wrong = (
                    answer.status_code >= 500
                    or "<script>alert" in answer.text
                    or "set-cookie" in answer.headers
                    or "root:" in answer.text
                    or "Traceback" in answer.text
                )
                found += [(one[:120], answer.status_code)] if wrong else []
    assert found == []
