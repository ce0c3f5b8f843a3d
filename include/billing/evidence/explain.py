"""Explains a document: line → hours → instances → readings → raw polls, with plan version and rounding at each step.

A line is explained by rating its period again, with what was known when it was drafted, in a transaction that is rolled
back; hours are taken apart as rating does. Where today's hours, prices or readings do not lead to what is on the
document, the explanation says so. Corrections lead back to the line of the bill that they correct.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from include.billing.evidence.explain_readings import explain_readings
from include.billing.evidence.explain_rules import Rated, read_rated, rules_of
from include.billing.evidence.explanation import Correction, Depth, Explanation, Hour, Instance, LateHour, Line
from include.billing.rating.rate import rate, split_periods
from include.domain.errors import AkubillError, InvalidInputError
from include.domain.periods import HOUR, BillingPeriod, Window, floor_to_hour, month_name
from include.domain.words.billing import Finding
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Row

    from include.billing.evidence.explain_readings import HourOfReadings

#: Hours that are named at most where instances do not add up.
_MOST = 3
#: Kinds of lines that are made of hours.
USAGE_KINDS = frozenset({"covered", "included", "usage", "overage"})


def explain_bill(
    warehouse: Engine,
    bill_id: str,
    line_no: int | None = None,
    *,
    depth: Depth | None = None,
    hour: datetime | None = None,
) -> Explanation:
    """A document explained, one line or all of them.

    Args:
        warehouse: its transaction is rolled back.
        bill_id: a bill or a note, in any state.
        line_no: one line; all when left out.
        depth: how deep; left out, down to the instances, and of one hour down to its polls.
        hour: only this UTC hour; needed for readings and polls, which are many.

    Raises:
        InvalidInputError: when there is no such document or line, or the depth needs an hour.
    """
    with warehouse.connect() as connection:
        explained = explain_document(connection, bill_id, line_no, depth=depth, hour=hour)
        connection.rollback()
    return explained


def explain_document(
    connection: Connection,
    bill_id: str,
    line_no: int | None = None,
    *,
    depth: Depth | None = None,
    hour: datetime | None = None,
) -> Explanation:
    """The same within the caller's transaction, which gets rating's temporary tables by it.

    Raises:
        InvalidInputError: when there is no such document or line, or the depth needs an hour.
    """
    if depth is None:
        depth = Depth.INSTANCES if hour is None else Depth.POLLS
    if depth >= Depth.READINGS and hour is None:
        raise InvalidInputError(
            "Hour", None, f"is needed for {depth.name.lower()}", "Give one, like --hour 2026-10-03T05:00Z."
        )
    bill = connection.execute(statement("billing/evidence/find_document"), {"bill_id": bill_id}).one_or_none()
    if bill is None:
        raise InvalidInputError("Bill", bill_id, "does not exist", "See `akubill bills list` for the bills.")
    return _Explainer(connection, bill, depth, hour and floor_to_hour(hour)).explain(line_no)


def list_bills(warehouse: Engine, period: str | None = None) -> list[Row[Any]]:
    """The bills of a period (YYYY-MM), or all.

    Raises:
        InvalidInputError: when the period is not a month.
    """
    if period is not None:
        month_name(period)
    with warehouse.connect() as connection:
        return list(connection.execute(statement("billing/bills/list_bills"), {"period": period}))


class _Explainer:
    """Explains the lines of one document within the caller's transaction."""

    def __init__(self, connection: Connection, bill: Row[Any], depth: Depth, hour: datetime | None) -> None:
        self.connection = connection
        self.bill = bill
        self.depth = depth
        self.window = Window(hour, hour + HOUR) if hour else Window(bill.period_start, bill.period_end)
        self.key = {"bill_key": bill.bill_key}
        self._rating: dict[str, Any] = {
            "period": BillingPeriod(bill.period, bill.time_zone),
            "subscriptions": [bill.subscription_key],
            "known_at": bill.drafted_at,
        }
        self.instances: dict[datetime, list[Instance]] = {}
        self.measures: dict[str, list[Any]] = {"segment_starts": [], "segment_ends": [], "hour_measures": []}

    def explain(self, line_no: int | None) -> Explanation:
        rows = self.connection.execute(statement("billing/evidence/list_lines"), self.key).all()
        chosen = [row for row in rows if line_no in {None, row.line_no}]
        if not chosen:
            rule = f"is not a line of bill {self.bill.bill_id}, which has {len(rows)}"
            raise InvalidInputError("Line", line_no, rule, "Give the number of one of its lines.")
        rated, failure = self._rate() if self.bill.document == "bill" else (None, None)
        if rated:
            self.measures = rated.measures()
        hours = self._hours() if rated else []
        lines = [self._line(row, rated, failure, hours) for row in chosen]
        taxes = list(self.connection.execute(statement("billing/evidence/list_taxes"), self.key))
        found = self.connection.execute(statement("billing/bills/list_findings"), self.key)
        findings = [Finding(*row) for row in found]
        return Explanation(self.bill, lines, taxes, rated.parts if rated else [], findings)

    def _rate(self) -> tuple[Rated | None, str | None]:
        """The period rated again by what was known when the document was drafted, or why that is not possible."""
        bill = self.bill
        try:
            rate(self.connection, **self._rating)
        except AkubillError as error:
            return None, f"It cannot be rated again: {error}"
        return read_rated(self.connection, bill.subscription_key, bill.drafted_at), None

    def _hours(self) -> list[Row[Any]]:
        """The period's hours taken apart by rating, in full, which it does only where a price depends on that."""
        asked = split_periods(self.connection, **self._rating)
        hours = list(self.connection.execute(statement("billing/evidence/list_hours"), asked))
        self.connection.execute(statement("billing/rating/delete_segments"))
        return hours

    def _line(self, row: Row[Any], rated: Rated | None, failure: str | None, hours: list[Row[Any]]) -> Line:
        if row.corrects_bill_key is not None:
            return Line(row, _rules_of_correction(row), [], self._correction(row), [])
        if rated is None:
            return Line(row, [], [], None, [failure] if failure else [])
        mine = [hour for hour in hours if _belongs(hour, row, rated)]
        disagreements = [*rated.disagreements(row), *_hour_disagreements(row, mine)]
        shown = [self._hour(hour) for hour in mine if hour.hour_start in self.window]
        disagreements += self._instance_disagreements(shown, hours)
        deep = shown if self.depth >= Depth.HOURS else []
        return Line(row, rules_of(self.connection, row, rated), deep, None, disagreements)

    def _instance_disagreements(self, shown: list[Hour], hours: list[Row[Any]]) -> list[str]:
        """Whether the instances of these hours add up to what was rated of them, on whatever line."""
        if self.depth < Depth.INSTANCES:
            return []
        rated: Counter[datetime] = Counter()
        for hour in hours:
            rated[hour.hour_start] += hour.aku_seconds
        used = {hour.hour_start: sum(each.charged_aku_seconds for each in hour.instances) for hour in shown}
        wrong = [at for at, aku_seconds in used.items() if aku_seconds != rated[at]]
        return [
            f"The instances of {at:%Y-%m-%dT%H:%MZ} no longer add up to the hour: {used[at]} AKU-seconds instead of "
            f"{rated[at]}."
            for at in wrong[:_MOST]
        ]

    def _hour(self, row: Row[Any]) -> Hour:
        instances = self._instances_of(row.hour_start) if self.depth >= Depth.INSTANCES else []
        readings = self._readings_of(row.hour_start) if self.depth >= Depth.READINGS else None
        return Hour(
            row.hour_start,
            row.aku_seconds,
            row.cumulative_start,
            row.cumulative_end,
            row.exact_amount,
            row.amount,
            instances,
            readings,
        )

    def _instances_of(self, hour: datetime) -> list[Instance]:
        if not self.instances:
            facts = {
                "subscription_key": self.bill.subscription_key,
                "window_start": self.window.start,
                "window_end": self.window.end,
                **self.measures,
            }
            for row in self.connection.execute(statement("billing/evidence/list_instances"), facts).mappings():
                self.instances.setdefault(row["hour_start"], []).append(Instance(**row))
        return self.instances.get(hour, [])

    def _readings_of(self, hour: datetime, only: str | None = None, billed: int | None = None) -> HourOfReadings:
        used = {each.instance_id: each.aku_seconds for each in self._instances_of(hour) if each.source == "readings"}
        if only is not None and billed is not None:
            used = {only: billed}
        return explain_readings(
            self.connection,
            self.bill.environment_key,
            hour,
            used,
            with_polls=self.depth >= Depth.POLLS,
            only=only,
        )

    def _correction(self, row: Row[Any]) -> Correction:
        place = {**self.key, "line_no": row.line_no}
        chain = list(self.connection.execute(statement("billing/evidence/list_chain"), place))
        return Correction(row.corrects_bill_id, chain, self._late_hours(row))

    def _late_hours(self, row: Row[Any]) -> list[LateHour]:
        if row.kind not in USAGE_KINDS or self.depth < Depth.HOURS:
            return []
        facts = {
            "document_key": self.bill.bill_key,
            "root_key": row.corrects_bill_key,
            "line_start": row.line_start,
            "line_end": row.line_end,
        }
        found = self.connection.execute(statement("billing/evidence/list_late_usage"), facts).mappings()
        is_deep = self.depth >= Depth.READINGS
        return [
            LateHour(
                **each,
                readings=self._readings_of(each["hour_start"], each["instance_id"], each["aku_seconds_after"])
                if is_deep and each["cause"] != "imported"
                else None,
            )
            for each in found
            if not is_deep or each["hour_start"] in self.window
        ]


def _belongs(hour: Row[Any], row: Row[Any], rated: Rated) -> bool:
    part = rated.segment_from(row.line_start)
    return part is not None and (hour.kind, hour.tier, hour.segment_no) == (row.kind, row.tier, part.segment_no)


def _hour_disagreements(row: Row[Any], hours: list[Row[Any]]) -> list[str]:
    """Whether the line's hours add up to it, taken one by one."""
    if row.kind not in USAGE_KINDS:
        return []
    used = sum(hour.aku_seconds for hour in hours)
    if used != row.aku_seconds:
        return [f"Its hours no longer add up to it: {used} AKU-seconds instead of {row.aku_seconds}."]
    charged = [hour.amount for hour in hours if hour.amount is not None]
    if charged and sum(charged) != row.amount:
        return [f"Its hours no longer add up to it: {sum(charged):f} instead of {row.amount:f}."]
    return []


def _rules_of_correction(row: Row[Any]) -> list[str]:
    why = f"Because: {row.reason}" if row.reason else "No reason was given"
    asked = f"; asked for by {row.requested_by}, cause {row.cause}" if row.requested_by else ""
    how = (
        "It gives back part of what was billed."
        if row.kind == "refund"
        else "It is what the perfect bill has on this line, less what all documents before said."
    )
    return [f"{why}{asked}.", how]
