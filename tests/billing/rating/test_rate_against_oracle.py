"""Rating in SQL against an oracle in exact fractions that was written from the rules, hour by hour.

An example is several subscriptions side by side, each with plans, a currency, offers, licences and an end of its own,
in a month of some time zone. They are rated at once, and must not touch one another.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from include.billing.bills.drafts import renew_licences
from include.billing.rating.rate import rate
from include.domain.money import Decimal
from include.domain.price_plans import PlanVersion
from include.warehouse.embedded import scratch_warehouse
from include.warehouse.engine import ensure_partitions
from tests.support.billing import strategies as draws
from tests.support.billing.cases import Case, enter_case
from tests.support.billing.oracle import Bill, rate_by_the_rules, rounded, with_renewals
from tests.support.builders import make_buyer, make_subscription
from tests.support.properties import PHASES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

    from include.domain.periods import BillingPeriod

pytestmark = pytest.mark.heart

#: More for a long run: AKUBILL_EXAMPLES=1000 pytest -o timeout=0 --hypothesis-seed=1 FILE
EXAMPLES = int(os.environ.get("AKUBILL_EXAMPLES", "25"))
MOST = 12
often = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=PHASES,
)


@pytest.fixture(scope="module")
def many(postgres_server: URL) -> Iterator[Engine]:
    """A warehouse with as many subscriptions as an example can have; examples leave nothing else in it."""
    with scratch_warehouse(postgres_server) as engine:
        with engine.begin() as connection:
            make_buyer(connection)
            for number in range(2 * MOST):
                make_subscription(connection, "1100000000000001", f"s{number}", price_plan="none", state="failed")
            ensure_partitions(connection, datetime(2026, 9, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
        yield engine


Rated = list[tuple[list[Any], list[Any]]]


def rate_all(warehouse: Engine, month: BillingPeriod, cases: list[Case]) -> Rated:
    """Lines and taxes of each, rated in one go and undone."""
    with warehouse.connect() as connection:
        connection.execute(
            text("UPDATE core.subscriptions SET state = 'active' WHERE subscription_key <= :count"),
            {"count": len(cases)},
        )
        for key, case in enumerate(cases, start=1):
            enter_case(connection, key, case)
        keys = list(range(1, len(cases) + 1))
        renew_licences(connection, month, month.window.end, keys)
        rate(connection, month, subscriptions=keys)
        lines = connection.execute(text("SELECT * FROM rated_lines ORDER BY line_no")).all()
        taxes = connection.execute(text("SELECT * FROM rated_taxes ORDER BY tax_rate, is_inclusive")).all()
        connection.rollback()
    return [
        ([one for one in lines if one.subscription_key == key], [one for one in taxes if one.subscription_key == key])
        for key in range(1, len(cases) + 1)
    ]


def bill_of(month: BillingPeriod, case: Case) -> Bill:
    """What the oracle makes of it."""
    terms = with_renewals(month.window, case.plan, case.licences, offers=case.offers, end=case.active[1])
    return rate_by_the_rules(
        month.window, case.plan, case.usage, offers=case.offers, licences=terms, active=case.active
    )


def assert_agrees(lines: list[Any], taxes: list[Any], bill: Bill, case: Case) -> None:
    """The lines and taxes are the oracle's; the case is shown where they are not."""
    six = (6, "half_up")
    assert [
        (
            line.kind,
            line.tier,
            line.name,
            line.aku_seconds,
            line.metered_aku_seconds,
            Fraction(line.quantity),
            Fraction(line.amount),
            Fraction(line.exact_amount),
        )
        for line in lines
    ] == [
        (
            line.kind,
            line.tier,
            line.name,
            line.aku_seconds,
            line.metered,
            rounded(line.quantity, six),
            line.amount,
            rounded(line.exact, (9, "half_up")),
        )
        for line in bill.lines
    ], case
    assert [(Fraction(tax.tax_rate), tax.is_inclusive, Fraction(tax.base), Fraction(tax.amount)) for tax in taxes] == [
        tuple(tax) for tax in bill.taxes
    ], case


@given(month=st.sampled_from(draws.MONTHS), data=st.data())
@often
def test_rating_is_what_the_rules_say_to_the_last_digit(
    many: Engine, month: BillingPeriod, data: st.DataObject
) -> None:
    drawn = data.draw(st.lists(draws.cases(month), min_size=1, max_size=MOST))
    cases = [case.named(number) for number, case in enumerate(drawn)]
    event(f"{len(cases)} subscriptions")
    for case, (lines, taxes) in zip(cases, rate_all(many, month, cases), strict=True):
        assert_agrees(lines, taxes, bill_of(month, case), case)


@given(month=st.sampled_from(draws.MONTHS), data=st.data())
@often
def test_versions_that_say_the_same_change_no_amount(many: Engine, month: BillingPeriod, data: st.DataObject) -> None:
    """Wherever they cut the period: each line, discount and tax of the month stays the same to the cent."""
    drawn = data.draw(st.lists(draws.cases(month, has_offers=False), min_size=1, max_size=MOST))
    cases = []
    for number, case in enumerate(drawn):
        before = case.plan.versions[0]
        cuts = sorted(data.draw(st.sets(draws.instants(month.window), min_size=1, max_size=6)))
        again = [
            PlanVersion.model_validate(before.model_dump(mode="json") | {"effective_from": cut.isoformat()})
            for cut in cuts
        ]
        for offset, versions in enumerate(([before], [before, *again])):
            plan = case.plan.model_copy(update={"versions": versions})
            cases.append(case._replace(plan=plan).named(2 * number + offset))
    event(f"{len(drawn)} subscriptions")
    rated = rate_all(many, month, cases)
    for case, (lines, taxes) in zip(cases, rated, strict=True):
        assert_agrees(lines, taxes, bill_of(month, case), case)
    found = [(sums(lines), [(tax.base, tax.amount) for tax in taxes]) for lines, taxes in rated]
    assert found[::2] == found[1::2]


def sums(lines: list[Any]) -> dict[tuple[object, ...], tuple[int, Decimal]]:
    found: dict[tuple[object, ...], tuple[int, Decimal]] = {}
    for line in lines:
        seconds, amount = found.get((line.kind, line.tier, line.name), (0, Decimal(0)))
        found[line.kind, line.tier, line.name] = seconds + line.aku_seconds, amount + line.amount
    return {key: numbers for key, numbers in found.items() if any(numbers)}
