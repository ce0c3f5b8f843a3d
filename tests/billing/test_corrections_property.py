"""The invariant of corrections: whatever happens in whatever order, documents add up to the perfect bill plus refunds.

Two say what the perfect bill is, and neither has anything of adjustments, differences or deliveries: the oracle in
fractions, from the usage and the terms as they were told; and, line by line, rating itself for a twin of the
subscription that never had any document.
"""

from __future__ import annotations

import os
from collections import defaultdict
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.billing.bills.answers import Answer
from include.billing.bills.close import close_period
from include.billing.bills.review import approve, show_bill
from include.billing.corrections.correct import correct_bill
from include.billing.corrections.requests import read_correction
from include.billing.evidence.verify import verify_bills
from include.billing.prices.plans import publish_price_plans
from include.billing.rating.rate import rate, window_of
from include.domain.errors import ConflictError, InvalidInputError
from include.domain.money import Decimal
from include.warehouse.embedded import scratch_warehouse
from include.warehouse.engine import audits, ensure_partitions
from tests.billing.conftest import OCTOBER, price_plan, version
from tests.billing.documents import Said, late_usage, said_of
from tests.billing.oracle import Bill, Offer, rate_by_the_rules
from tests.billing.oracle_refunds import Left, Own, Refund
from tests.support.builders import make_buyer, make_instance, make_subscription, make_usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine

    from include.billing.corrections.requests import Correction
    from include.domain.periods import BillingPeriod

PERIODS = [OCTOBER, OCTOBER.next, OCTOBER.next.next, OCTOBER.next.next.next]
#: Hours of a period that may have usage: at its start, in its middle and near its end.
HOURS = (0, 1, 2, 400, 401, 700)


def tier(up_to: str | None, price: str, fee: str = "0") -> dict[str, Any]:
    return {"up_to": up_to, "unit_price": price, "flat_fee": fee}


PLANS = [
    price_plan(version(tax_rate="0.06"), name="by-hour"),
    price_plan(
        version(
            charge_every="period",
            rounding={"digits": 2, "mode": "half_up"},
            model="graduated",
            tiers=[tier("5", "1.00", "2"), tier("12.5", "0.80", "1"), tier(None, "0.553")],
            minimum_charge="5",
            prorate=True,
            fees=[{"name": "Platform", "amount": "3.33", "prorate": True}],
            tax_rate="0.06",
        ),
        name="graduated",
    ),
    price_plan(
        version(
            charge_every="period",
            model="volume",
            tiers=[tier("8", "1.00"), tier(None, "0.70", "4")],
            maximum_charge="20",
            discount_percent="10",
            tax_rate="0.13",
            tax_inclusive=True,
        ),
        name="volume",
    ),
    price_plan(
        version(
            charge_every="period",
            rounding={"digits": 2, "mode": "half_even"},
            model="package",
            tiers=[tier(None, "4.99")],
            package_size="7",
            included="3",
            discount_percent="7.5",
        ),
        version("2026-10-20T00:00:00+08:00", "1.10", tax_rate="0.06"),
        name="package",
    ),
]
BY_NAME = {plan.name: plan for plan in PLANS}
_NAMES = list(BY_NAME)
_DELIVERIES = st.sampled_from(["note", "next_bill"])
_USAGE = st.integers(0, 30_000)
_STARTS = st.sampled_from([None, 5, 15, 20])
_CAUSES = st.one_of(
    st.fixed_dictionaries({"cause": st.just("late_usage")}),
    st.fixed_dictionaries({"cause": st.just("price"), "price_plan": st.sampled_from(_NAMES), "day": _STARTS}),
    st.fixed_dictionaries(
        {
            "cause": st.just("discount"),
            "discount_percent": st.sampled_from(["0", "12.5", "33.3", "100"]),
            "day": _STARTS,
        }
    ),
    st.fixed_dictionaries(
        {
            "cause": st.just("refund"),
            "refund_amount": st.sampled_from(["0.01", "1.37", "5.00", "all", "too much"]),
            "refund_line": st.integers(1, 3),
        }
    ),
)
_PERIOD = st.integers(0, 2)
_STEPS = st.one_of(
    st.tuples(st.just("late"), _PERIOD, st.sampled_from(HOURS), _USAGE),
    st.tuples(st.just("ask"), _PERIOD, _CAUSES, _DELIVERIES),
    st.just(("close",)),
)
_numbers = count(1)
#: More for a long run: AKUBILL_EXAMPLES=1000 pytest tests/billing/test_corrections_property.py
EXAMPLES = int(os.environ.get("AKUBILL_EXAMPLES", "20"))
#: What a request is refused for that has nothing to do with what is left.
HARMLESS = ("nothing to correct", "no late usage", "is not a line", "earlier bill")


@pytest.fixture(scope="module")
def priced(postgres_server: URL) -> Iterator[Engine]:
    """One warehouse for all examples, each of which has its own subscription."""
    with scratch_warehouse(postgres_server) as engine:
        publish_price_plans(engine, PLANS)
        with engine.begin() as connection:
            make_buyer(connection)
        yield engine


class ReRated(NamedTuple):
    """What a bill would have been."""

    lines: dict[tuple[Any, ...], tuple[Decimal, ...]]
    taxes: dict[tuple[Any, ...], Decimal]


class Customer:
    """A subscription, what is known of its usage, and what is asked about its bills."""

    def __init__(self, warehouse: Engine, plan: str, usage: dict[int, list[int]]) -> None:
        self.warehouse, self.plan = warehouse, plan
        self.number = next(_numbers)
        self.name, self.closed = f"c{self.number}", 0
        self.asked = count(1)
        self.terms: dict[int, list[tuple[datetime, str | None, str | None]]] = defaultdict(list)
        self.refunds: dict[int, list[Refund]] = defaultdict(list)
        #: Bills of which a person agreed to give back more than they cost.
        self.waived: set[int] = set()
        self.usage = {
            PERIODS[index].window.start + timedelta(hours=hour): seconds
            for index, quantities in usage.items()
            for hour, seconds in zip(HOURS, quantities, strict=True)
        }
        with warehouse.begin() as connection:
            self.key = make_subscription(
                connection, "1100000000000001", self.name, price_plan=plan, metering_started_at=None
            )
            instance = make_instance(connection, self.key, f"kf-{self.name}")
            for hour, seconds in self.usage.items():
                make_usage(connection, instance, hour, [seconds])

    def bill(self, index: int) -> str:
        return f"{PERIODS[index].name}-sub-01-{self.name}"

    def close(self) -> None:
        """Close the next period; the bill is issued, or held where it would give back more than late usage leaves."""
        period, bill = PERIODS[self.closed], self.bill(self.closed)
        overdrawn = {index for index in range(self.closed) if self.left(index).is_overdrawn()}
        closed = close_period(self.warehouse, period, period.window.end + timedelta(hours=6))
        held = [one.finding for one in closed.held if one.bill_id == bill]
        if not overdrawn <= self.waived:
            assert held == ["refunds_do_not_exceed_the_bill"]
        elif not overdrawn:
            assert held == []
        self.waived |= overdrawn
        if held:
            answer = Answer(
                bill, "ben", "It was agreed with the customer.", show_bill(self.warehouse, bill).row.fingerprint
            )
            assert approve(self.warehouse, answer, period.window.end + timedelta(hours=7)).state == "issued"
        self.closed += 1

    def documents(self) -> list[str]:
        """Ids of everything that was issued."""
        with self.warehouse.connect() as connection:
            query = text("SELECT bill_id FROM billing.bills WHERE subscription_key = :key AND state = 'issued'")
            return list(connection.execute(query, {"key": self.key}).scalars())

    def findings(self) -> list[str]:
        """What the daily audits find about the issued documents."""
        with self.warehouse.connect() as connection:
            query = text("SELECT bill_key FROM billing.bills WHERE subscription_key = :key")
            own = set(connection.execute(query, {"key": self.key}).scalars())
            return [
                f"{claim}: {row.sentence}"
                for period in PERIODS
                for claim, audit in audits().items()
                for row in connection.execute(audit, {**window_of(period), "states": ["issued", "reconciled"]})
                if row.bill_key in own
            ]

    def learn(self, index: int, hour: int, seconds: int) -> None:
        """Usage of a billed hour turns out otherwise."""
        at = PERIODS[index].window.start + timedelta(hours=hour)
        self.usage[at] = seconds
        late_usage(self.warehouse, f"kf-{self.name}", at, seconds, self.now)

    @property
    def now(self) -> datetime:
        return PERIODS[self.closed - 1].window.end + timedelta(days=1)

    def ask(self, index: int, cause: dict[str, Any], delivery: str) -> bool:
        """Ask for a correction; whether a note was issued."""
        day = cause.pop("day", None)
        if "refund_amount" in cause:
            cause["refund_amount"] = self.amount_of(index, cause["refund_line"], cause["refund_amount"])
        if day is not None:
            cause["effective_from"] = (PERIODS[index].window.start + timedelta(days=day)).isoformat()
        asked = read_correction(
            subscription=f"sub-01-{self.name}",
            bill=self.bill(index),
            delivery=delivery,
            reason="It turned out to be otherwise.",
            by="anna",
            origin=f"run {next(self.asked)}",
            **cause,
        )
        terms = list(self.terms[index])
        if cause["cause"] in {"price", "discount"}:
            start = PERIODS[index].window.start if asked.effective_from is None else asked.effective_from
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
        self.terms[index] = terms
        if asked.refund is not None:
            line = next(one for one in self.own(index) if one.number == asked.refund.line_no)
            self.refunds[index].append(Refund(line, Fraction(asked.refund.amount)))
        return done.document_id is not None

    def would_overdraw(
        self, index: int, asked: Correction, terms: list[tuple[datetime, str | None, str | None]]
    ) -> bool:
        """Whether too much would be given back by the oracle, were the request granted."""
        left = self.left(index, terms)
        if asked.refund is None:
            return left.is_overdrawn()
        line = next(one for one in self.own(index) if one.number == asked.refund.line_no)
        return asked.refund.amount > left.most(line) or left.is_overdrawn()

    def amount_of(self, index: int, line_no: int, amount: str) -> str:
        """In the place of words, what the oracle says can be given back of that line, or a cent more."""
        line = next((one for one in self.own(index) if one.number == line_no), None)
        if amount not in {"all", "too much"}:
            return amount
        if line is None:
            return "1.00"
        most = max(self.left(index).most(line), Fraction(0))
        cents = max(int(most * 100) + (amount == "too much"), 1)
        return f"{Decimal(cents) / 100:.2f}"

    def own(self, index: int) -> list[Own]:
        """Lines of the bill as it was issued, without what corrects earlier ones."""
        query = text("""
            SELECT l.line_no, l.kind, l.tier, l.name, l.line_start, l.line_end, l.tax_rate, l.tax_is_inclusive
            FROM billing.bill_lines AS l INNER JOIN billing.bills AS b USING (bill_key)
            WHERE b.bill_id = :bill_id AND l.corrects_bill_key IS NULL ORDER BY l.line_no
        """)
        with self.warehouse.connect() as connection:
            rows = connection.execute(query, {"bill_id": self.bill(index)}).all()
        return [Own(*row[:6], (Fraction(row.tax_rate), row.tax_is_inclusive)) for row in rows]

    def left(self, index: int, terms: list[tuple[datetime, str | None, str | None]] | None = None) -> Left:
        """What the oracle says may be given back of a bill, by these terms or those that hold."""
        offers = self.offers(index, self.terms[index] if terms is None else terms)
        plan, window = BY_NAME[self.plan], PERIODS[index].window
        return Left(window, (plan, offers), self.usage, self.own(index)).after(self.refunds[index])

    def perfect(self, period: BillingPeriod) -> ReRated:
        """The bill of a twin that has no documents, in a transaction that leaves nothing."""
        with self.warehouse.connect() as connection, connection.begin() as transaction:
            twin = make_subscription(
                connection, "1100000000000001", f"{self.name}-twin", price_plan=self.plan, metering_started_at=None
            )
            self._copy(connection, twin, period)
            rate(connection, period, subscriptions=[twin])
            lines = connection.execute(text("SELECT * FROM rated_lines")).all()
            taxes = connection.execute(text("SELECT * FROM rated_taxes")).all()
            transaction.rollback()
        return ReRated(
            {
                (line.kind, line.tier, line.name, line.line_start, line.unit, line.tax_rate, line.tax_is_inclusive): (
                    Decimal(line.aku_seconds),
                    line.quantity,
                    line.exact_amount,
                    line.amount,
                )
                for line in lines
                if any((line.aku_seconds, line.quantity, line.exact_amount, line.amount))
            },
            {(tax.tax_rate, tax.is_inclusive): tax.amount for tax in taxes if tax.amount},
        )

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
            FROM billing.private_offers WHERE subscription_key = :key ORDER BY offer_key
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
            offers.append(Offer(instant, PERIODS[index].window.end, plan, percent))
        return offers

    def told(self, index: int) -> Bill:
        """The bill that the oracle makes of the usage and of the terms that people asked for."""
        offers = self.offers(index, self.terms[index])
        return rate_by_the_rules(PERIODS[index].window, BY_NAME[self.plan], self.usage, offers=offers)

    def check_sums(self, index: int, said: Said) -> None:
        """Amounts by what they are about, and taxes, are the oracle's to the last cent."""
        told = self.told(index)
        expected: dict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
        for line in told.lines:
            expected[line.kind, line.tier, line.name] += line.amount
        found: dict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
        for (kind, tier_no, name, *_), numbers in said.lines.items():
            found[kind, tier_no, name] += Fraction(numbers[-1])
        assert {key: amount for key, amount in found.items() if amount} == {
            key: amount for key, amount in expected.items() if amount
        }
        taxes = {(Fraction(rate), is_inclusive): Fraction(tax) for (rate, is_inclusive), tax in said.taxes.items()}
        assert taxes == {(tax.rate, tax.is_inclusive): tax.amount for tax in told.taxes if tax.amount}
        used = sum(numbers[0] for key, numbers in said.lines.items() if key[0] in {"usage", "included"})
        assert used == sum(seconds for hour, seconds in self.usage.items() if hour in PERIODS[index].window)

    def check(self, index: int) -> None:
        """What documents say of that period is the perfect bill, and refunds."""
        said, perfect = said_of(self.warehouse, self.bill(index)), self.perfect(PERIODS[index])
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


@pytest.mark.slow
# Not shrunk: an example takes a second, and its steps are few.
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    plan=st.sampled_from(_NAMES),
    usage=st.fixed_dictionaries({n: st.lists(_USAGE, min_size=6, max_size=6) for n in (0, 1)}),
    steps=st.lists(_STEPS, min_size=1, max_size=7),
)
def test_documents_add_up_to_the_perfect_bill_plus_refunds(
    priced: Engine, plan: str, usage: dict[int, list[int]], steps: list[tuple[Any, ...]]
) -> None:
    customer = Customer(priced, plan, usage)
    customer.close()
    for kind, *step in steps:
        if kind == "close":
            if customer.closed < 3:
                customer.close()
                for index in range(customer.closed):
                    customer.check(index)
        elif kind == "late":
            index, hour, seconds = step
            customer.learn(index % customer.closed, hour, seconds)
        else:
            index, cause, delivery = step
            if customer.ask(index % customer.closed, dict(cause), delivery):
                customer.check(index % customer.closed)
    customer.close()
    for index in range(customer.closed):
        customer.check(index)
    verified = verify_bills(priced, bill_ids=customer.documents())
    assert verified.differences == [], verified.describe()
    assert customer.waived or customer.findings() == []
