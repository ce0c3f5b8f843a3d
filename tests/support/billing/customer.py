"""A customer of the property test of corrections: what it asks for, and what its documents must add up to."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import event, note
from sqlalchemy import text

from include.billing.bills.answers import Answer
from include.billing.bills.review import approve, show_bill
from include.billing.corrections.correct import correct_bill
from include.billing.corrections.requests import read_correction
from include.billing.corrections.withdraw import read_withdrawal, withdraw_correction
from include.domain.errors import ConflictError, InvalidInputError
from include.domain.money import Decimal, currency_digits
from include.metering.hours.close import close_due_hours
from include.onboarding.release import release_subscription
from include.warehouse.engine import ensure_partitions
from tests.support.billing.documents import Said, late_usage, said_of
from tests.support.billing.market import BY_NAME, Life, periods_of, plan_name
from tests.support.billing.oracle import Bill, Licence, Offer, rate_by_the_rules, rounded, with_renewals
from tests.support.billing.oracle_refunds import Left, Own, Refund
from tests.support.builders import insert, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from include.billing.bills.close import ClosedPeriod
    from include.billing.corrections.requests import Correction
    from include.domain.periods import BillingPeriod

ACCOUNT = "1100000000000001"
USED = ("usage", "included", "covered", "overage")
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
_numbers = count(1)


class ReRated(NamedTuple):
    """What a bill would have been."""

    lines: dict[tuple[Any, ...], tuple[Decimal, ...]]
    taxes: dict[tuple[Any, ...], Decimal]


class Customer:
    """A subscription, what is known of its usage, and what is asked about its bills.

    Attributes:
        closed: how many bills it has.
        seen: how many periods are closed, its own or not.
    """

    def __init__(self, warehouse: Engine, zone: str, life: Life) -> None:
        self.warehouse, self.zone, self.life = warehouse, zone, life
        self.periods, self.plan = periods_of(zone), plan_name(life.plan, life.currency, zone)
        self.name, self.closed, self.seen = f"c{next(_numbers)}", 0, 0
        self.unit = Fraction(1, 10 ** currency_digits(life.currency))
        self.asked = count(1)
        self.terms: dict[int, list[tuple[datetime, str | None, str | None]]] = defaultdict(list)
        self.refunds: dict[int, list[Refund]] = defaultdict(list)
        #: Ids of what was asked for and not withdrawn, by bill, each with the list that it entered something into.
        self.granted: dict[int, list[tuple[str, list[Any]]]] = defaultdict(list)
        #: Bills of which a person agreed to give back more than they cost.
        self.waived: set[int] = set()
        self.usage, self.licences = dict(life.usage), list(life.licences)
        with warehouse.begin() as connection:
            self.key = make_subscription(connection, ACCOUNT, self.name, **self._columns)
            instance = make_instance(connection, self.key, f"kf-{self.name}")
            for hour, seconds in self.usage.items():
                make_usage(connection, instance, hour, [seconds])
            for one in self.licences:
                insert(
                    connection,
                    "core.licences",
                    subscription_key=self.key,
                    term_start=one.start,
                    term_end=one.end,
                    term_months=one.months,
                    capacity_aku=one.capacity,
                    price=self._price_of(one),
                    currency=life.currency,
                    auto_renew=one.renews,
                )

    def _price_of(self, one: Licence) -> Decimal:
        rules = BY_NAME[self.plan].versions[0]
        assert rules.licence is not None
        price = rounded(Fraction(rules.licence.price_per_aku_month) * one.capacity * one.months, rules.rounding)
        return Decimal(price.numerator) / price.denominator

    @property
    def _columns(self) -> dict[str, Any]:
        start, end = self.life.active
        return {
            "price_plan": self.plan,
            "payment": "prepaid" if self.life.plan == "prepaid" else "payg",
            "metering_started_at": None,
            "started_at": start,
            "ended_at": end,
            "state": "released" if end else "active",
        }

    def bill(self, index: int) -> str:
        return f"{self.periods[index].name}-sub-01-{self.name}"

    def lives_in(self, period: BillingPeriod) -> bool:
        start, end = self.life.active
        return start < period.window.end and (end is None or period.window.start < end)

    def overdrawn(self) -> set[int]:
        """Bills of which more is given back than they cost by now."""
        return {index for index in range(self.closed) if self.left(index).is_overdrawn()}

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
        cause, delivery = said
        if self.ask(index % self.closed, dict(cause), delivery):
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
                is_granted = self.ask(index, {"cause": "late_usage"}, "note")
                if not is_granted and (waits or self.left(index).is_overdrawn()):
                    checked.discard(index)
        return checked

    def documents(self) -> list[str]:
        """Ids of everything that was issued."""
        with self.warehouse.connect() as connection:
            query = text("SELECT bill_id FROM billing.bills WHERE subscription_key = :key AND state = 'issued'")
            return list(connection.execute(query, {"key": self.key}).scalars())

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
        # Refunds may then be more than the bill costs by now, which a note must not have: what becomes of them is for a
        # person to say.
        if any(self.refunds.values()):
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
        day = cause.pop("day", None)
        if "price_plan" in cause:
            currency = cause.pop("currency") or self.life.currency
            cause["price_plan"] = plan_name(cause["price_plan"], currency, self.zone)
        if "refund_amount" in cause:
            own = self.own(index)
            meant = own[cause["refund_line"] - 1].charge if cause["refund_line"] <= len(own) else None
            if meant and meant[0] == "licence" and [one.charge for one in own].count(meant) > 1:
                return False  # two started at once, and the oracle of refunds would take one for the other
            cause["refund_amount"] = self.amount_of(index, cause["refund_line"], cause["refund_amount"])
        if day is not None:
            cause["effective_from"] = (self.periods[index].window.start + timedelta(days=day)).isoformat()
        asked = read_correction(
            subscription=f"sub-01-{self.name}",
            bill=self.bill(index),
            delivery=delivery,
            reason="It turned out to be otherwise.",
            by="anna",
            origin=f"run {next(self.asked)}",
            with_what_waits=True,
            **cause,
        )
        terms = list(self.terms[index])
        if cause["cause"] in {"price", "discount"}:
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
        assert index in self.waived or is_too_much == self.would_overdraw(index, asked, terms), refusal
        if is_too_much:
            return False
        note(done.describe())
        self._enter(index, done.correction_id, asked, terms)
        return done.document_id is not None

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

    def would_overdraw(
        self, index: int, asked: Correction, terms: list[tuple[datetime, str | None, str | None]]
    ) -> bool:
        """Whether too much would be given back by the oracle, were the request granted."""
        left = self.left(index, terms)
        if asked.refund is None:
            return left.is_overdrawn()
        line = next(one for one in self.own(index) if one.number == asked.refund.line_no)
        return asked.refund.amount > left.most(line) or left.is_overdrawn()

    def amount_of(self, index: int, line_no: int, amount: int | str) -> str:
        """In the place of words, what the oracle says can be given back of that line, or a cent more."""
        line = next((one for one in self.own(index) if one.number == line_no), None)
        if isinstance(amount, str):
            most = Fraction(0) if line is None else max(self.left(index).most(line), Fraction(0))
            amount = max(int(most / self.unit) + (amount == "too much"), 1)
        return f"{Decimal(amount) / self.unit.denominator:f}"

    def own(self, index: int) -> list[Own]:
        """Lines of the bill as it was issued, without what corrects earlier ones."""
        query = text("""
            SELECT l.line_no, l.kind, l.tier, l.name, l.line_start, l.line_end, l.tax_rate, l.tax_is_inclusive
            FROM billing.bill_lines AS l INNER JOIN billing.bills AS b USING (bill_key)
            WHERE b.bill_id = :bill_id AND l.corrects_bill_key IS NULL ORDER BY l.line_no
        """)
        with self.warehouse.connect() as connection:
            rows = connection.execute(query, {"bill_id": self.bill(index)}).all()
        return [
            Own(
                row.line_no,
                row.kind,
                row.tier,
                row.name,
                row.line_start,
                row.line_end,
                (Fraction(row.tax_rate), row.tax_is_inclusive),
            )
            for row in rows
        ]

    def left(self, index: int, terms: list[tuple[datetime, str | None, str | None]] | None = None) -> Left:
        """What the oracle says may be given back of a bill, by these terms or those that hold."""
        offers = self.offers(index, self.terms[index] if terms is None else terms)
        plan, window = BY_NAME[self.plan], self.periods[index].window
        left = Left(window, (plan, offers), self.usage, self.own(index), **self._life)
        return left.after(self.refunds[index])

    @property
    def _life(self) -> dict[str, Any]:
        return {"licences": self.licences, "active": self.life.active}

    def make_twin(self, connection: Connection, period: BillingPeriod) -> int:
        """A subscription that is the same in that period, and has no documents; its key."""
        twin = make_subscription(connection, ACCOUNT, f"{self.name}-twin", **self._columns)
        self._copy(connection, twin, period)
        return twin

    def _copy(self, connection: Connection, twin: int, period: BillingPeriod) -> None:
        ensure_partitions(connection, period.window.start, period.window.end)
        hours = [
            {"hour": hour, "key": twin, "aku_seconds": seconds}
            for hour, seconds in self.usage.items()
            if hour in period.window and seconds
        ]
        if hours:
            connection.execute(
                text("""
                INSERT INTO metering.subscription_hours VALUES (:hour, :key, 1, :aku_seconds, 0, 0, 0)
                """),
                hours,
            )
        connection.execute(
            text("""
            INSERT INTO billing.private_offers (subscription_key, effective_from, effective_until, price_plan,
                discount_percent, reason, entered_by, entered_at)
            SELECT :twin, effective_from, effective_until, price_plan, discount_percent, reason, entered_by, entered_at
            FROM billing.standing_offers() WHERE subscription_key = :key ORDER BY offer_key
            """),
            {"twin": twin, "key": self.key},
        )
        connection.execute(
            text("""
            INSERT INTO core.licences (subscription_key, term_start, term_end, term_months, capacity_aku, price,
                currency, auto_renew)
            SELECT :twin, term_start, term_end, term_months, capacity_aku, price, currency, FALSE
            FROM core.licences WHERE subscription_key = :key ORDER BY licence_key
            """),
            {"twin": twin, "key": self.key},
        )

    def offers(self, index: int, asked: list[tuple[datetime, str | None, str | None]]) -> list[Offer]:
        """Terms that people asked for, each for the rest of the period."""
        offers = []
        for instant in sorted({start for start, _, _ in asked}):
            plans = [plan for start, plan, _ in asked if plan and start <= instant]
            percents = [percent for start, _, percent in asked if percent and start <= instant]
            plan = BY_NAME[plans[-1]] if plans else None
            percent = Fraction(percents[-1]) if percents else None
            offers.append(Offer(instant, self.periods[index].window.end, plan, percent))
        return offers

    def billed(self, index: int) -> Bill:
        """The bill that the oracle makes of the usage and of the terms that people asked for."""
        offers = self.offers(index, self.terms[index])
        return rate_by_the_rules(
            self.periods[index].window, BY_NAME[self.plan], self.usage, offers=offers, **self._life
        )

    def check_sums(self, index: int, said: Said) -> None:
        """Amounts by what they are about, and taxes, are the oracle's to the last cent."""
        billed = self.billed(index)
        expected: dict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
        for line in billed.lines:
            expected[line.kind, line.tier, line.name] += line.amount
        found: dict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
        for (kind, tier_no, name, *_), numbers in said.lines.items():
            found[kind, tier_no, name] += Fraction(numbers[-1])
        assert {key: amount for key, amount in found.items() if amount} == {
            key: amount for key, amount in expected.items() if amount
        }
        taxes = {(Fraction(rate), is_inclusive): Fraction(tax) for (rate, is_inclusive), tax in said.taxes.items()}
        assert taxes == {(tax.rate, tax.is_inclusive): tax.amount for tax in billed.taxes if tax.amount}
        used = sum(numbers[0] for key, numbers in said.lines.items() if key[0] in USED)
        assert used == sum(seconds for hour, seconds in self.usage.items() if hour in self.periods[index].window)

    def check(self, index: int, perfect: ReRated) -> None:
        """What documents say of that period is the perfect bill, and refunds."""
        said = said_of(self.warehouse, self.bill(index))
        self.check_sums(index, said)
        assert said.lines == perfect.lines
        assert said.taxes == perfect.taxes
        amounts = sum((numbers[-1] for numbers in perfect.lines.values()), Decimal(0))
        tax = sum((amount for (_, is_inclusive), amount in perfect.taxes.items() if not is_inclusive), Decimal(0))
        assert said.total == amounts + tax + said.refunded + said.refunded_tax
        self.check_refunds(index, said)

    def check_refunds(self, index: int, said: Said) -> None:
        """They are those that were granted, at the rates that their lines have now, and never more than was paid."""
        left = self.left(index)
        query = text("""
            SELECT t.tax_rate, t.is_inclusive, -sum(t.base) AS base, -sum(t.amount) AS amount
            FROM billing.bills AS root
            INNER JOIN billing.bill_taxes AS t ON root.bill_key = t.for_bill_key AND t.is_refund
            INNER JOIN billing.bills AS d ON t.bill_key = d.bill_key AND d.state = 'issued'
            WHERE root.bill_id = :bill_id GROUP BY t.tax_rate, t.is_inclusive
        """)
        with self.warehouse.connect() as connection:
            rows = connection.execute(query, {"bill_id": self.bill(index)}).all()
        assert Fraction(-said.refunded) == sum((one.amount for one in self.refunds[index]), Fraction(0))
        bases = {(Fraction(row.tax_rate), row.is_inclusive): Fraction(row.base) for row in rows if row.base}
        assert bases == {rate: amount for rate, amount in left.refunded().items() if rate[0]}
        if index not in self.waived:
            left.assert_taxed({(Fraction(row.tax_rate), row.is_inclusive): Fraction(row.amount) for row in rows})
            assert said.total >= 0
