"""A customer of the property test of corrections: what becomes known of it, and what is asked about its bills."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import event, note
from sqlalchemy import text

from include.billing.bills.answers import Answer
from include.billing.bills.review import approve, show_bill
from include.billing.corrections.correct import correct_bill
from include.billing.corrections.requests import read_correction
from include.billing.corrections.withdraw import read_withdrawal, withdraw_correction
from include.domain.errors import ConflictError, InvalidInputError
from include.metering.hours.close import close_due_hours
from include.onboarding.release import release_subscription
from tests.support.billing.documents import late_usage, said_of
from tests.support.billing.known_facts import KnownFacts
from tests.support.billing.market import BY_NAME, Life, plan_name
from tests.support.billing.oracle import with_renewals
from tests.support.billing.oracle_refunds import Refund

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from include.billing.bills.close import ClosedPeriod
    from include.billing.corrections.requests import Correction

#: What holds a bill of a prepaid subscription that used something outside its licences: a person agrees to it here.
UNLICENSED = "prepaid_usage_is_licensed"
#: What a request is refused for that has nothing to do with what is left.
HARMLESS = (
    "nothing to correct",
    "no late usage",
    "is not a line",
    "earlier bill",
    "has no next bill",
    "has the currency",
    "sells licences",
    "does not sell licences",
)


class Customer(KnownFacts):
    """A subscription whose usage turns out otherwise, and about whose bills people ask."""

    def __init__(self, warehouse: Engine, zone: str, life: Life) -> None:
        super().__init__(warehouse, zone, life)
        self.asked = count(1)
        #: Ids of what was asked for and not withdrawn, by bill, each with the list that it entered something into.
        self.granted: dict[int, list[tuple[str, list[Any]]]] = defaultdict(list)

    def see_closed(self, closed: ClosedPeriod, overdrawn: set[int]) -> None:
        """The next bill is issued, or held where it would give back more than late usage leaves."""
        period, bill = self.periods[self.closed], self.bill(self.closed)
        held = {one.finding for one in closed.held if one.bill_id == bill}
        if self.life.plan == "prepaid":
            held -= {UNLICENSED}
        if not overdrawn <= self.waived:
            assert held == {"refunds_do_not_exceed_the_bill"}
        elif not overdrawn:
            assert held == set()
        self.waived |= overdrawn
        if bill in {one.bill_id for one in closed.held}:
            answer = Answer(
                bill, "ben", "It was agreed with the customer.", show_bill(self.warehouse, bill).row.fingerprint
            )
            assert approve(self.warehouse, answer, period.window.end + timedelta(hours=7)).state == "issued"
        self.licences = with_renewals(period.window, BY_NAME[self.plan], self.licences, end=self.life.active[1])
        self.closed += 1

    def play(self, kind: str, index: int, *said: Any) -> None:
        """One step of the life's rounds."""
        if kind == "late":
            self.learn(index % self.closed, *said)
            return
        if kind == "release":
            self.release(index % self.closed, *said)
            return
        if kind in {"withdraw", "mistake"}:
            if said:  # asked for, and taken back at once
                self.ask(index % self.closed, dict(said[0]), "next_bill")
            self.withdraw(index % self.closed)
            return
        cause, delivery = dict(said[0]), said[1]
        if delivery == "agreed note":
            cause, delivery = {**cause, "refunds_may_exceed": cause["cause"] != "refund"}, "note"
        if self.ask(index % self.closed, cause, delivery):
            self.check_sums(index % self.closed, said_of(self.warehouse, self.bill(index % self.closed)))
            self.check_refunds(index % self.closed, said_of(self.warehouse, self.bill(index % self.closed)))

    def finish(self) -> set[int]:
        """Ask for what waits for a bill that will not come; the bills that documents must add up for."""
        checked = set(range(self.closed))
        end = self.life.active[1]
        if self.seen and self.lives_in(self.periods[self.seen - 1]):
            return checked
        query = text("""
            SELECT DISTINCT b.bill_id FROM billing.bills AS b CROSS JOIN billing.waiting_of(b.bill_key)
            WHERE b.subscription_key = :key
        """)
        with self.warehouse.connect() as connection:
            waiting = set(connection.execute(query, {"key": self.key}).scalars())
        for index in range(self.closed):
            waits = self.bill(index) in waiting
            if waits or (end is not None and end < self.periods[index].window.end):
                is_granted = self.ask(index, {"cause": "late_usage", "refunds_may_exceed": True}, "note")
                assert is_granted or not waits
        return checked

    def learn(self, index: int, hour: int, seconds: int) -> None:
        """Usage of a billed hour turns out otherwise."""
        at = self.periods[index].window.start + timedelta(hours=hour)
        if not self.life.is_in(at):
            return
        self.usage[at] = seconds
        late_usage(self.warehouse, f"kf-{self.name}", at, seconds, self.now)

    def release(self, index: int, day: int) -> None:
        """It turns out that the subscription ended within a billed period, earlier than was known."""
        start, known = self.life.active
        end = self.periods[index].window.start + timedelta(days=day, hours=1)
        if end <= start or (known is not None and known <= end):
            return
        event("an end was entered late")
        reason = "The buyer had released it by then."
        release_subscription(self.warehouse, f"sub-01-{self.name}", end, "ben", reason, self.now)
        close_due_hours(self.warehouse, self.now)
        self.life = self.life._replace(active=(start, end))
        self.usage = {hour: seconds for hour, seconds in self.usage.items() if hour < end}
        billed_until = self.periods[self.closed - 1].window.end
        self.licences = [one._replace(renews=False) for one in self.licences if one.start < max(end, billed_until)]

    @property
    def now(self) -> datetime:
        return self.periods[self.seen - 1].window.end + timedelta(days=1)

    def ask(self, index: int, cause: dict[str, Any], delivery: str) -> bool:
        """Ask for a correction; whether a note was issued."""
        asked = self.read(index, cause, delivery)
        if asked is None:
            return False
        terms = list(self.terms[index])
        if asked.cause in {"price", "discount"}:
            start = self.periods[index].window.start if asked.effective_from is None else asked.effective_from
            terms.append((start, cause.get("price_plan"), cause.get("discount_percent")))
        refusal = ""
        try:
            done = correct_bill(self.warehouse, asked, self.now)
        except (ConflictError, InvalidInputError) as refused:
            refusal = str(refused)
        is_too_much = "more than" in refusal
        if refusal and not is_too_much:
            assert any(why in refusal for why in HARMLESS), refusal
            return False
        may_overdraw = self.may_overdraw(index, asked, terms)
        assert may_overdraw is None or may_overdraw == is_too_much, refusal
        if is_too_much:
            return False
        note(done.describe())
        self._enter(index, done.correction_id, asked, terms)
        return done.document_id is not None

    def may_overdraw(
        self, index: int, asked: Correction, terms: list[tuple[datetime, str | None, str | None]]
    ) -> bool | None:
        """Whether it must be refused, because too much would be given back; None where the oracle cannot say."""
        if asked.refunds_may_exceed:
            if self.would_overdraw(index, asked, terms):
                event("refunds exceed a bill as agreed")
                self.waived.add(index)
            return False
        return None if index in self.waived else self.would_overdraw(index, asked, terms)

    def read(self, index: int, cause: dict[str, Any], delivery: str) -> Correction | None:
        """The request for a bill, as a form reads it; None where the oracle of refunds could not judge it."""
        day = cause.pop("day", None)
        if "price_plan" in cause:
            currency = cause.pop("currency") or self.life.currency
            cause["price_plan"] = plan_name(cause["price_plan"], currency, self.zone)
        if "refund_amount" in cause:
            own = self.own(index)
            meant = own[cause["refund_line"] - 1].charge if cause["refund_line"] <= len(own) else None
            if meant and meant[0] == "licence" and [one.charge for one in own].count(meant) > 1:
                return None  # two started at once, and the oracle of refunds would take one for the other
            cause["refund_amount"] = self.amount_of(index, cause["refund_line"], cause["refund_amount"])
        if day is not None:
            cause["effective_from"] = (self.periods[index].window.start + timedelta(days=day)).isoformat()
        return read_correction(
            subscription=f"sub-01-{self.name}",
            bill=self.bill(index),
            delivery=delivery,
            reason="It turned out to be otherwise.",
            by="anna",
            origin=f"run {next(self.asked)}",
            with_what_waits=True,
            **cause,
        )

    def _enter(
        self,
        index: int,
        correction_id: str,
        asked: Correction,
        terms: list[tuple[datetime, str | None, str | None]],
    ) -> None:
        """Keep what was granted, and where it can be taken back from."""
        entered: list[Any] = []
        if len(terms) > len(self.terms[index]):
            self.terms[index].append(terms[-1])
            entered = self.terms[index]
        if asked.refund is not None:
            line = next(one for one in self.own(index) if one.number == asked.refund.line_no)
            self.refunds[index].append(Refund(line, Fraction(asked.refund.amount)))
            entered = self.refunds[index]
        self.granted[index].append((correction_id, entered))

    def withdraw(self, index: int) -> None:
        """Take back what was asked for last of a bill, if no document has it."""
        if not self.granted[index]:
            return
        correction_id, entered = self.granted[index][-1]
        was_overdrawn = self.left(index).is_overdrawn()
        asked = read_withdrawal(correction=correction_id, reason="It was asked for by mistake.", by="ben")
        taken = [entered.pop()] if entered else []
        is_overdrawn, refusal = self.left(index).is_overdrawn(), ""
        try:
            note(withdraw_correction(self.warehouse, asked, self.now).describe())
        except ConflictError as refused:
            refusal = str(refused)
        if refusal:
            assert "which is issued" in refusal or ("refunds give back" in refusal and is_overdrawn), refusal
            entered += taken
            return
        event("a correction was withdrawn")
        assert was_overdrawn or not is_overdrawn or index in self.waived
        self.granted[index].pop()
