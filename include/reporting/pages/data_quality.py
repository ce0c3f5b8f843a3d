"""The page of data quality: what is missing, rejected or strange, with why, whose it is, and what to do next."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from fastapi import Query, Request

from include.catalog.loader import load_product
from include.domain.usage import REJECTIONS_SHOWN
from include.domain.words.metering import CONSOLES, GAP, REJECTIONS
from include.domain.words.operations import ALARMS, say_discrepancy
from include.reporting.pages.site import ListQuery, Site, render
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi.responses import HTMLResponse
    from sqlalchemy import Connection

_UNLISTED_SHOWN = 20


class QualityQuery(ListQuery):
    """What the address may hold; `closed` shows what is over, too."""

    show: Literal["gaps", "rejections", "imports", "machines", "alarms", "consoles"] = "gaps"
    closed: bool = False


class Open(NamedTuple):
    """How much of a kind is open, and since when the oldest of it is."""

    kind: str
    open_count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What all kinds have: whose it is; None where that is not known."""

    environment_id: str | None
    subscription_id: str | None
    environment_name: str | None
    account_id: str | None
    match_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow(_Row):
    """Time for which usage is not known; `holds_bill` waits for it."""

    gap_key: int
    instance_id: str | None
    gap_start: datetime
    gap_end: datetime
    cause: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    closed_reason: str | None
    holds_bill: str | None
    owned_by: str | None

    @property
    def is_open(self) -> bool:
        """Whether somebody has to do something."""
        return self.state == "open"

    @property
    def sentence(self) -> str:
        """What happened, why, and what becomes of it."""
        facts = {
            "what": "instance" if self.instance_id else "environment",
            "seconds": int((self.gap_end - self.gap_start).total_seconds()),
            "outcome": "holds" if self.holds_bill else self.state,
        }
        return GAP.say(asdict(self) | facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionRow(_Row):
    """Data that broke a rule: a reading of an environment, or a row of a file."""

    rejection_key: int
    source: str
    rule: str
    facts: dict[str, Any]
    payload: dict[str, Any]
    rejected_at: datetime
    file_name: str | None

    @property
    def sentence(self) -> str:
        """What was wrong, and what to do."""
        return REJECTIONS[self.rule].say(self.facts)

    @property
    def payload_text(self) -> str:
        """The data as it came."""
        return json.dumps(self.payload, indent=2, ensure_ascii=False)


class ImportRow(NamedTuple):
    """A file of usage history; `is_open` are those that rejected rows lately."""

    file_name: str
    format: str
    rows_read: int
    rows_loaded: int
    rows_changed: int
    rows_unchanged: int
    rows_late: int
    late_for_bills: list[str]
    rows_rejected: int
    imported_at: datetime
    imported_by: str
    is_open: bool
    match_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRow(_Row):
    """What disagrees between running machines and metered instances."""

    kind: str
    region: str
    instance_id: str
    machines: int
    machine_hours: int
    first_seen_at: datetime
    last_seen_at: datetime
    state: str
    resolved_at: datetime | None

    @property
    def sentence(self) -> str:
        """What it is, and what to do."""
        return say_discrepancy(self.kind, asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow(_Row):
    """An environment that is silent or strange."""

    kind: str
    since: datetime
    facts: dict[str, Any]
    opened_at: datetime
    closed_at: datetime | None
    closing_facts: dict[str, Any] | None

    @property
    def sentence(self) -> str:
        """What it is and what to do; of one that is over, how it ended."""
        return ALARMS[self.kind].say(self.closing_facts or self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleRow(_Row):
    """A console that failed when it was asked last; `error` is what the poll says, None once it is dropped."""

    console_url: str
    failed_runs: int
    failing_since: datetime
    last_failed_at: datetime
    cause: str
    error: str | None

    @property
    def sentence(self) -> str:
        """What it does, and what to do."""
        return CONSOLES[self.cause].say({})


_ROWS: dict[str, Callable[..., Any]] = {
    "gaps": GapRow,
    "rejections": RejectionRow,
    "imports": ImportRow,
    "machines": MachineRow,
    "alarms": AlarmRow,
    "consoles": ConsoleRow,
}


def add_to(site: Site) -> None:
    """Add the page."""

    @site.page("/data-quality", "data_quality", view="Data quality")
    def show_data_quality(request: Request, asked: Annotated[QualityQuery, Query()]) -> HTMLResponse:
        now = datetime.now(UTC)  # a page shows the present; nothing is computed from it that lasts
        with site.reading() as connection:
            facts: dict[str, Any] = {
                "work": count_open(connection, now),
                "rows": list_rows(connection, asked, now),
                "unlisted": _list_unlisted(connection) if asked.show == "machines" else [],
            }
        zone = load_product().seller_time_zone
        return render(request, "data_quality.html", filters=asked, now=now, zone=zone, **facts)


def count_open(connection: Connection, now: datetime) -> dict[str, Open]:
    """How much of each kind is open, by its name."""
    since = {"rejected_since": now - REJECTIONS_SHOWN}
    rows = connection.execute(statement("reporting/data_quality/count_open"), since).mappings()
    by_kind = {row["kind"]: Open(**row) for row in rows}
    return {kind: by_kind[kind] for kind in _ROWS}


def list_rows(connection: Connection, asked: QualityQuery, now: datetime) -> list[Any]:
    """One page of the kind that is asked for, what is open first."""
    facts = asked.window | {"with_closed": asked.closed, "rejected_since": now - REJECTIONS_SHOWN}
    rows = connection.execute(statement(f"reporting/data_quality/list_{asked.show}"), facts).mappings()
    return [_ROWS[asked.show](**row) for row in rows]


def _list_unlisted(connection: Connection) -> list[Any]:
    asked = {"at_most": _UNLISTED_SHOWN}
    return list(connection.execute(statement("reporting/data_quality/list_unlisted_buyers"), asked))
