"""What is known of a subscription in the property test of corrections, and what its documents must add up to by it."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from include.domain.money import Decimal, currency_digits
from include.warehouse.engine import ensure_partitions
from tests.support.billing.documents import Said, said_of
from tests.support.billing.market import BY_NAME, Life, periods_of, plan_name
from tests.support.billing.oracle import Bill, Licence, Offer, rate_by_the_rules, rounded
from tests.support.billing.oracle_refunds import Left, Own, Refund
from tests.support.builders import insert, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from include.billing.corrections.requests import Correction
    from include.domain.periods import BillingPeriod

ACCOUNT = "1100000000000001"
USED = ("usage", "included", "covered", "overage")
_numbers = count(1)


class ReRated(NamedTuple):
    """What a bill would have been."""

    lines: dict[tuple[Any, ...], tuple[Decimal, ...]]
    taxes: dict[tuple[Any, ...], Decimal]


class KnownFacts:
    """A subscription, its usage, its licences, and the terms and refunds that were granted.

    Attributes:
        closed: how many bills it has.
        seen: how many periods are closed, its own or not.
    """

    def __init__(self, warehouse: Engine, zone: str, life: Life) -> None:
        self.warehouse, self.zone, self.life = warehouse, zone, life
        self.periods, self.plan = periods_of(zone), plan_name(life.plan, life.currency, zone)
        self.name, self.closed, self.seen = f"c{next(_numbers)}", 0, 0
        self.unit = Fraction(1, 10 ** currency_digits(life.currency))
        self.terms: dict[int, list[tuple[datetime, str | None, str | None]]] = defaultdict(list)
        self.refunds: dict[int, list[Refund]] = defaultdict(list)
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
                INSERT INTO metering.subscription_hours
                VALUES (:hour, :key, 1, :aku_seconds, 0, 0, 0, (:aku_seconds + 3599) / 3600,
                    billing.whole_hour_aku_seconds(:aku_seconds, least(:aku_seconds, 3600)))
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

    def would_overdraw(
        self, index: int, asked: Correction, terms: list[tuple[datetime, str | None, str | None]]
    ) -> bool:
        """Whether too much would be given back by the oracle, were the request granted."""
        left = self.left(index, terms)
        if asked.refund is None:
            return left.is_overdrawn()
        line = next(one for one in self.own(index) if one.number == asked.refund.line_no)
        return asked.refund.amount > left.most(line) or left.is_overdrawn()

    def documents(self) -> list[str]:
        """Ids of everything that was issued."""
        with self.warehouse.connect() as connection:
            query = text("SELECT bill_id FROM billing.bills WHERE subscription_key = :key AND state = 'issued'")
            return list(connection.execute(query, {"key": self.key}).scalars())
