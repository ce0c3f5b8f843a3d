"""The invariant of corrections: whatever happens in whatever order, documents add up to the perfect bill plus refunds.

Two say what the perfect bill is, and neither has anything of adjustments, differences or deliveries: the oracle in
fractions, from the usage and the terms as they were stated; and, line by line, rating itself for a twin of the
subscription that never had any document.

An example is several subscriptions in one warehouse, step by step side by side: each has a plan, a currency, licences,
a start and an end of its own, and must not touch the others.
"""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from include.billing.bills.close import close_period
from include.billing.bills.completeness import audit_completeness
from include.billing.evidence.verify import verify_bills
from include.billing.prices.plans import publish_price_plans
from include.billing.rating.rate import rate
from include.domain.money import Decimal
from include.operations.audits import audit_issued_bills
from include.warehouse.embedded import scratch_warehouse
from include.warehouse.engine import WRITER, open_warehouse
from tests.support.billing.customer import UNLICENSED, Customer
from tests.support.billing.known_facts import ACCOUNT, ReRated
from tests.support.billing.market import BY_NAME, ZONES, Life, lives, periods_of
from tests.support.builders import make_buyer
from tests.support.properties import PHASES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

    from include.domain.periods import BillingPeriod

#: More for a long run: AKUBILL_EXAMPLES=200 pytest -o timeout=0 --hypothesis-seed=1 FILE
EXAMPLES = int(os.environ.get("AKUBILL_EXAMPLES", "5"))
#: Subscriptions of an example at the most; with one, a long run has many times as many examples in the same time.
AT_MOST = int(os.environ.get("AKUBILL_SUBSCRIPTIONS", "10"))


@pytest.fixture(scope="module")
def priced(postgres_server: URL) -> Iterator[URL]:
    """A warehouse with a buyer and all plans, of which each example has a copy."""
    with scratch_warehouse(postgres_server) as engine:
        publish_price_plans(engine, list(BY_NAME.values()))
        with engine.begin() as connection:
            make_buyer(connection, ACCOUNT)
        engine.dispose()  # what is copied must not be in use
        yield engine.url


@contextmanager
def copied(server: URL, priced: URL) -> Iterator[Engine]:
    """A copy of it; it takes a tenth of a second."""
    maintenance = create_engine(server, isolation_level="AUTOCOMMIT")
    with maintenance.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{priced.database}_copy" TEMPLATE "{priced.database}"'))
        engine = open_warehouse(server.set(database=f"{priced.database}_copy"), role=WRITER)
        try:
            yield engine
        finally:
            engine.dispose()
            connection.execute(text(f'DROP DATABASE "{priced.database}_copy" WITH (FORCE)'))
    maintenance.dispose()


class Market:
    """All customers of an example, whose periods are closed together."""

    def __init__(self, warehouse: Engine, zone: str, drawn: list[Life]) -> None:
        self.warehouse, self.periods, self.closed = warehouse, periods_of(zone), 0
        self.customers = [Customer(warehouse, zone, life) for life in drawn]

    def close(self) -> None:
        period = self.periods[self.closed]
        living = {one: one.overdrawn() for one in self.customers if one.lives_in(period)}
        if living:
            closed = close_period(self.warehouse, period, period.window.end + timedelta(hours=6))
            # Late usage of one that ended waits for a note, and is named until someone asks for it.
            assert closed.missing == []
            assert all("and no next bill" in sentence for sentence in closed.incomplete)
        self.closed += 1
        for customer in self.customers:
            customer.seen = self.closed
        for customer, overdrawn in living.items():
            customer.see_closed(closed, overdrawn)

    def play(self, number: int) -> None:
        """A round's steps: everybody's first, then everybody's second."""
        rounds = [(one, one.life.rounds[number]) for one in self.customers if one.closed]
        for step in range(max((len(steps) for _, steps in rounds), default=0)):
            for customer, steps in rounds:
                if step < len(steps):
                    customer.play(*steps[step])

    def check(self, wanted: dict[Customer, set[int]]) -> None:
        """Compare these bills' documents with their twins, which are rated period by period and undone."""
        for index, period in enumerate(self.periods):
            customers = [one for one, indexes in wanted.items() if index in indexes]
            if customers:
                for customer, perfect in zip(customers, self._perfect(customers, period), strict=True):
                    customer.check(index, perfect)

    def _perfect(self, customers: list[Customer], period: BillingPeriod) -> list[ReRated]:
        with self.warehouse.connect() as connection, connection.begin() as transaction:
            twins = [one.make_twin(connection, period) for one in customers]
            rate(connection, period, subscriptions=twins)
            lines = connection.execute(text("SELECT * FROM rated_lines")).all()
            taxes = connection.execute(text("SELECT * FROM rated_taxes")).all()
            transaction.rollback()
        return [_perfect_of(twin, lines, taxes) for twin in twins]

    def findings(self) -> list[str]:
        """What the daily audits find about issued documents."""
        found = audit_issued_bills(self.warehouse, self.periods[-1].window.end)
        return [str(failed) for failed in found if failed.claim != UNLICENSED]


def _perfect_of(twin: int, lines: Any, taxes: Any) -> ReRated:
    sums: dict[tuple[Any, ...], tuple[Decimal, ...]] = defaultdict(lambda: (Decimal(0),) * 4)
    for line in lines:
        if line.subscription_key == twin:
            key = (line.kind, line.tier, line.name, line.line_start, line.unit, line.tax_rate, line.tax_is_inclusive)
            numbers = (Decimal(line.aku_seconds), line.quantity, line.exact_amount, line.amount)
            sums[key] = tuple(a + b for a, b in zip(sums[key], numbers, strict=True))
    return ReRated(
        {key: numbers for key, numbers in sums.items() if any(numbers)},
        {(tax.tax_rate, tax.is_inclusive): tax.amount for tax in taxes if tax.amount and tax.subscription_key == twin},
    )


@pytest.mark.slow
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=PHASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(zone=st.sampled_from(ZONES), round_count=st.integers(1, 3), data=st.data())
def test_documents_add_up_to_the_perfect_bill_plus_refunds(
    postgres_server: URL, priced: URL, zone: str, round_count: int, data: st.DataObject
) -> None:
    drawn = data.draw(st.lists(lives(zone, round_count), min_size=1, max_size=AT_MOST))
    event(f"{len(drawn)} subscriptions")
    with copied(postgres_server, priced) as warehouse:
        market = Market(warehouse, zone, drawn)
        market.close()
        for number in range(round_count):
            market.play(number)
            market.close()
            period = market.periods[number + 1]
            market.check({one: set(range(one.closed)) for one in market.customers if one.lives_in(period)})
        market.check({one: one.finish() for one in market.customers})
        documents = [bill_id for one in market.customers for bill_id in one.documents()]
        verified = verify_bills(warehouse, bill_ids=documents)
        assert verified.differences == [], verified.describe()
        assert market.findings() == []
        assert audit_completeness(warehouse) == []
