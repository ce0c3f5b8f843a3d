"""The pages of a bill's line: its days, the hours of a day, and the readings and polls of an hour."""

from __future__ import annotations

from datetime import date  # noqa: TC003 (the routes read it)
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, Path, Request

from include.domain.errors import InvalidInputError
from include.domain.periods import floor_to_hour, parse_instant
from include.reporting.line_evidence import SPANS_SHOWN, days_of, instances_of, polls_of, sum_of
from include.reporting.pages.site import Site, render

if TYPE_CHECKING:
    from datetime import datetime

    from fastapi.responses import HTMLResponse

    from include.reporting.line_evidence import Explain, Explanation

_LINE = "/bills/{bill_id}/lines/{line_no}"
_NUMBER = Path(ge=1, le=100_000)


def add_to(site: Site) -> None:
    """Add the pages, where lines can be explained."""
    explain = site.explain
    if explain is None:
        return

    @site.page(_LINE, "bill_line", view="Bills")
    def show_line(request: Request, bill_id: str, line_no: int = _NUMBER) -> HTMLResponse:
        explained = _explained(site, explain, bill_id, line_no)
        [line] = explained.lines
        return render(
            request,
            "line.html",
            **_facts(explained),
            days=days_of(line.hours, explained.bill.time_zone),
            by_instance=instances_of(line.hours),
            sum=sum_of(line.hours),
        )

    @site.page(_LINE + "/days/{day}", "bill_line_day", view="Bills")
    def show_day(request: Request, bill_id: str, day: date, line_no: int = _NUMBER) -> HTMLResponse:
        explained = _explained(site, explain, bill_id, line_no)
        days = days_of(explained.lines[0].hours, explained.bill.time_zone)
        found = next((each for each in days if each.day == day), None)
        if found is None:
            raise HTTPException(404, f"Line {line_no} of bill {bill_id} has no usage on {day}.")
        at = days.index(found)
        return render(
            request,
            "line_day.html",
            **_facts(explained),
            day=found,
            before=days[at - 1] if at else None,
            after=days[at + 1] if at + 1 < len(days) else None,
        )

    @site.page(_LINE + "/hours/{hour}", "bill_line_hour", view="Bills")
    def show_hour(request: Request, bill_id: str, hour: str, line_no: int = _NUMBER) -> HTMLResponse:
        at = floor_to_hour(parse_instant(hour, "Hour"))
        explained = _explained(site, explain, bill_id, line_no, at)
        [line] = explained.lines
        late = [each for each in (line.correction.late_hours if line.correction else ()) if each.hour_start == at]
        if not line.hours and not late:
            raise HTTPException(404, f"Line {line_no} of bill {bill_id} has no usage in the hour {hour}.")
        readings = [each.readings for each in (*line.hours, *late) if each.readings is not None]
        spans = [span for each in readings for span in each.spans]
        return render(
            request,
            "line_hour.html",
            **_facts(explained),
            at=at,
            hour=next(iter(line.hours), None),
            late=late,
            spans=spans[:SPANS_SHOWN],
            more=max(len(spans) - SPANS_SHOWN, 0),
            polls=polls_of(spans[:SPANS_SHOWN]),
            notes=list(dict.fromkeys(note for each in readings for note in (*each.failures, *each.notes))),
        )


def _explained(site: Site, explain: Explain, bill_id: str, line_no: int, hour: datetime | None = None) -> Explanation:
    with site.working() as connection:
        try:
            return explain(connection, bill_id, line_no, hour=hour)
        except InvalidInputError as error:
            raise HTTPException(404, str(error)) from None


def _facts(explained: Explanation) -> dict[str, Any]:
    bill, line = explained.bill, explained.lines[0]
    return {"bill": bill, "zone": bill.time_zone, "line": line, "row": line.row}
