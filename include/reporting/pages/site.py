"""What every page needs: its route with the right to read it, the warehouse to read, and its template drawn."""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy import text

from include.domain.words.filling import LANGUAGE
from include.reporting import presentation
from include.reporting.pages.translations import COOKIE, LANGUAGES, language_of, translations
from include.warehouse.engine import PAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import Connection, Engine

    from include.reporting.line_evidence import Explain

_HERE = Path(__file__).parent
_STATIC = {
    "pages.css": "text/css",
    "frame.js": "text/javascript",
    "charts.js": "text/javascript",
    "form.js": "text/javascript",
    "runs.js": "text/javascript",
    "vendor/chart-4.6.1.js": "text/javascript",
}
#: Pages in the navigation: route and name.
NAVIGATION = (
    ("today", "Today"),
    ("subscriptions", "Subscriptions"),
    ("bills", "Bills"),
    ("reconciliation", "Reconciliation"),
    ("data_quality", "Data quality"),
    ("price_plans", "Price plans"),
)
#: Rows on one page of a list.
PAGE_SIZE = 100
#: A page that needs longer than this for one statement is given up.
STATEMENT_SECONDS = 20
#: Each transaction of a page runs as the role that only reads what pages show, whatever the login may do.
_BEGINNING = text(f"SET LOCAL ROLE {PAGES}; SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: Where a template says words that depend on nothing but the language.
_SAYING = re.compile(r"""\{\{ _\((?P<quote>["'])(?P<message>[^"'\\{}]*)(?P=quote)\) \}\}""")
_HELPERS = (
    "age",
    "aku_hours",
    "amount",
    "clock",
    "day_of",
    "number",
    "percent",
    "plain_hours",
    "product_title",
    "region_name",
    "signed",
    "zone_label",
)


class ListQuery(BaseModel):
    """What the address of a list may hold."""

    search: str = Field("", max_length=200)
    page: int = Field(1, ge=1, le=10_000)

    @property
    def window(self) -> dict[str, Any]:
        """Parameters of a paged statement: search (None keeps everything), page_size and skipped."""
        return {
            "search": self.search.strip() or None,
            "page_size": PAGE_SIZE,
            "skipped": (self.page - 1) * PAGE_SIZE,
        }


class Site:
    """The app with what its pages share.

    Args:
        app: where the pages are added.
        current_user, warehouse, may_read, explain: see create_pages.
    """

    def __init__(
        self,
        app: FastAPI,
        current_user: Callable[..., object],
        warehouse: Callable[[], Engine],
        may_read: Callable[[Any, str], bool],
        explain: Explain | None,
    ) -> None:
        self._app, self._current_user, self._warehouse, self._may_read = app, current_user, warehouse, may_read
        self.explain = explain
        self._held: Engine | None = None
        app.get("/static/{name:path}", name="static", response_model=None)(show_static)

    def page(self, path: str, name: str, *, view: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        """A decorator that makes a function the page at this path, for users who may read the view."""

        async def check(user: object = Depends(self._current_user)) -> None:
            if not self._may_read(user, view):
                raise HTTPException(
                    403, f"You may not read the view {view}. Ask an administrator of Airflow for the right to read it."
                )

        return self._app.get(path, name=name, dependencies=[Depends(check)], response_model=None)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads one state of the warehouse, and gives up a statement that takes too long."""
        engine = self._open().execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
        with engine.connect() as connection:
            connection.execute(_BEGINNING)
            yield connection

    @contextmanager
    def working(self) -> Iterator[Connection]:
        """A transaction that may fill working tables, and leaves nothing; it, too, gives up what takes too long."""
        engine = self._open().execution_options(isolation_level="REPEATABLE READ")
        with engine.connect() as connection:
            connection.execute(_BEGINNING)
            yield connection
            connection.rollback()

    def _open(self) -> Engine:
        """The warehouse as it is configured now, with the pool of the last time where it is still the same one."""
        fresh = self._warehouse()
        if self._held is None or self._held.url != fresh.url:
            self._held = fresh
        return self._held


def render(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """The template as an answer, in the reader's language.

    It can call what presentation offers, `words`, `named` (names with their words), `instant`, `path_to` (a route's
    address), `page_with` (this page's address with other parameters) and `query`; `airflow_root` is where Airflow's
    own pages are.
    """
    root, routes = request.scope.get("root_path", ""), request.app.state.routes

    def path_to(route: str, **parts: object) -> str:
        # Not request.url_for: mounted under another app, that asks the other app's routes, and one after the other.
        return f"{root}{routes[route].url_path_for(route, **parts)}"

    def page_with(**changes: object) -> str:
        return "?" + str(request.url.include_query_params(**changes).query)

    language = language_of(request)
    html = (
        _templates(language)
        .get_template(template)
        .render(
            path_to=path_to,
            page_with=page_with,
            status=status,
            airflow_root=getattr(request.app.state, "airflow_root", ""),
            **values,
        )
    )
    answer = HTMLResponse(html, status_code=status, headers=_HEADERS)
    if request.query_params.get("lang") == language:
        path = request.scope.get("root_path", "") or "/"
        answer.set_cookie(COOKIE, language, max_age=31_536_000, path=path, httponly=True, samesite="lax")
    return answer


async def speak(request: Request) -> None:
    """Have the sentences of include/domain/words said in the reader's language while the page is made."""
    LANGUAGE.set(translations(language_of(request)).gettext)


def query(parameters: Mapping[str, object]) -> str:
    """The parameters as the query of an address; what is None is left out."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def download(content: bytes, media_type: str, file_name: str) -> Response:
    """A file for the reader to keep."""
    disposition = f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"
    return Response(content, media_type=media_type, headers=_HEADERS | {"Content-Disposition": disposition})


def show_static(name: str) -> Response:
    """A style sheet or script of the pages."""
    if name not in _STATIC:
        raise HTTPException(404, f"There is no file {name}.")
    headers = _HEADERS | {"Cache-Control": "private, max-age=300"}
    return Response((_HERE / "static" / name).read_bytes(), media_type=_STATIC[name], headers=headers)


class _InTheReadersLanguage(Extension):
    """Puts the words that a template says in place of `{{ _("…") }}` when it is compiled, once for each language.

    A list says the same words in each row, and what is constant costs nothing.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        """The template in the language of the environment."""
        say = self.environment.globals["_"]
        return _SAYING.sub(lambda found: str(say(found["message"])), source)  # type: ignore[operator]


@cache
def _templates(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", _InTheReadersLanguage],
    )
    known = translations(language)

    def words(name: str) -> str:
        return known.gettext(presentation.words(name))

    environment.install_gettext_translations(known, newstyle=True)  # type: ignore[attr-defined]  # by the extension

    def gettext(message: str, **values: object) -> Markup:
        return Markup(known.gettext(message)) % values  # noqa: S704 (our own words, with what is filled in escaped)

    environment.globals |= {"_": gettext, "gettext": gettext}
    environment.globals.update(
        {name: getattr(presentation, name) for name in _HELPERS},
        instant=partial(presentation.instant, language=language),
        day_name=partial(presentation.day_name, language=language),
        words=words,
        named=lambda names: [(name, words(name)) for name in names],
        query=query,
        language=language,
        languages=LANGUAGES,
        navigation=NAVIGATION,
        page_size=PAGE_SIZE,
    )
    return environment
