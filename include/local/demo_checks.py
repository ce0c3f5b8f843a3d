"""Verifies what the demo left in the warehouse, against the sandbox's own truth. Every check is one sentence."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from include.billing.bills.completeness import audit_completeness, describe_completeness
from include.domain.money import ZERO, Decimal, parse_decimal
from include.local.demo import analysts_warehouse
from include.local.interrupts import pause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.local.demo import Demo, DemoResult
    from include.local.demo_lives import Life

#: What is applied of a life, by action.
EVENTS = {
    "createInstance": 1,
    "renewInstance": 2,
    "expiredInstance": 1,
    "resumeInstance": 1,
    "upgradeInstance": 1,
    "releaseInstance": 1,
}


class DemoCheck(NamedTuple):
    """Something that must be so, and what was found."""

    check: str
    holds: bool
    found: str


def verify(demo: Demo, played: DemoResult) -> Iterator[DemoCheck]:
    """Every check about a finished demo."""
    yield from bills_equal_the_marketplace(demo, played)
    yield on_exactly_one_bill(demo)
    yield one_environment_each(demo, played)
    yield refused_with_reasons(played)
    yield refused_left_nothing(demo)
    yield readings_arrive(demo, played)
    yield nothing_was_refused(demo)
    yield closed_usage_is_where_it_belongs(demo, played)
    for life in played.lives:
        yield lived_as_the_marketplace_said(demo, life)
        yield usage_went_where_it_belongs(demo, life)
    if played.lives:
        yield all_that_was_to_go_wrong_did(demo)
        yield the_marketplace_says_the_same(demo)
    yield analysts_read(demo)
    yield analysts_cannot_write(demo)


def bills_equal_the_marketplace(demo: Demo, played: DemoResult) -> Iterator[DemoCheck]:
    """Every bill's subtotal, against the sum that the sandbox computed from its own truth."""
    rows = demo.ask(
        "SELECT s.subscription_id, s.marketplace_instance_id, b.period, b.subtotal, b.state, r.verdict "
        "FROM core.subscriptions AS s INNER JOIN billing.bills AS b ON s.subscription_key = b.subscription_key "
        "LEFT JOIN reconciliation.verdicts AS r ON b.subscription_key = r.subscription_key AND b.period = r.period "
        "WHERE b.state <> 'void'"
    )
    bills = {(row.subscription_id, row.period): row for row in rows}
    for period in played.periods:
        for subscription in played.subscriptions:
            bill = bills.get((subscription.subscription_id, period.name))
            check = f"The bill of {subscription.order.environment_name} for {period.name} is the Marketplace's"
            if bill is None:
                yield DemoCheck(check, holds=False, found="there is no bill")
                continue
            theirs = _charged(demo, subscription.buyer.account_id, period.name)[bill.marketplace_instance_id]
            confirmed = bill.state in {"issued", "reconciled"} and bill.verdict == "agrees"
            found = f"ours {bill.subtotal}, theirs {theirs}, {bill.state}, {bill.verdict}"
            yield DemoCheck(check, bill.subtotal == theirs and bill.subtotal > ZERO and confirmed, found)


def _charged(demo: Demo, account_id: str, cycle: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for charge in demo.sandbox.charges(account_id, cycle):
        sums[charge["marketplace_instance_id"]] += parse_decimal(charge["amount"])
    return sums


def on_exactly_one_bill(demo: Demo) -> DemoCheck:
    """The audit of completeness finds nothing, as an analyst sees the warehouse."""
    warehouse = analysts_warehouse(demo.running)
    found = audit_completeness(warehouse)
    warehouse.dispose()
    return DemoCheck("All that was metered is on exactly one bill", not found, describe_completeness(found))


def one_environment_each(demo: Demo, played: DemoResult) -> DemoCheck:
    """Every subscription has its own environment, and the Marketplace had as many orders."""
    rows = list(
        demo.ask(
            "SELECT s.subscription_id, e.environment_id FROM core.subscriptions AS s "
            "INNER JOIN core.environments AS e ON s.subscription_key = e.subscription_key WHERE e.state = 'metered'"
        )
    )
    wanted = {(each.subscription_id, each.environment_id) for each in played.subscriptions}
    orders = len(demo.sandbox.service_instances()) - len(played.lives)
    holds = sorted(map(tuple, rows)) == sorted(wanted) and orders == len(wanted)
    return DemoCheck("Each subscription has exactly one environment", holds, f"{len(rows)} metered, {orders} ordered")


def refused_with_reasons(played: DemoResult) -> DemoCheck:
    """The refused buyer heard of its site and its region, and whom to ask."""
    missing = [word for word in ("Site", "Region", "eu-central-1", "Obtaining Services") if word not in played.refusal]
    return DemoCheck(
        "The fourth buyer was refused with all its reasons",
        not missing,
        f"not said: {missing}" if missing else "site, region, and whom to ask",
    )


def refused_left_nothing(demo: Demo) -> DemoCheck:
    """Nothing was entered for the refused buyer."""
    count = next(demo.ask("SELECT count(*) FROM core.subscriptions WHERE region = 'eu-central-1'"))[0]
    return DemoCheck("Nothing was made for the refused buyer", count == 0, f"{count} subscriptions")


def readings_arrive(demo: Demo, played: DemoResult, timeout_seconds: float = 90) -> DemoCheck:
    """Every environment was asked, answered, and has readings."""
    query = (
        "SELECT count(DISTINCT p.environment_key) FROM metering.polls AS p "
        "INNER JOIN metering.readings AS r ON p.environment_key = r.environment_key AND p.observed_at = r.observed_at "
        "WHERE p.ok"
    )
    wanted = len(played.subscriptions) + len(played.lives)
    deadline = time.monotonic() + timeout_seconds
    while (count := next(demo.ask(query))[0]) < wanted and time.monotonic() < deadline:
        pause(2)
    return DemoCheck("Live readings arrive from every environment", count == wanted, f"from {count}")


def nothing_was_refused(demo: Demo) -> DemoCheck:
    """Every request that the outside got was rightly signed."""
    seen = demo.sandbox.requests()
    found = f"{seen['verified']} verified, {seen['refused']} refused"
    return DemoCheck(
        "Every request to the outside was signed and verified", seen["refused"] == 0 < seen["verified"], found
    )


def lived_as_the_marketplace_said(demo: Demo, life: Life) -> DemoCheck:
    """Every kind of event had its effect, once, and none is parked."""
    rows = demo.ask(
        "SELECT action, state, count(*) AS count FROM marketplace.inbox WHERE instance_id = :id GROUP BY action, state",
        id=life.instance_id,
    )
    found = {(row.action, row.state): row.count for row in rows}
    applied = {action: count for (action, state), count in found.items() if state == "applied"}
    repeated = sum(count for (_, state), count in found.items() if state == "repeated")
    freezes = next(
        demo.ask(
            "SELECT count(*) AS count FROM core.freezes AS f INNER JOIN core.subscriptions AS s "
            "ON f.subscription_key = s.subscription_key WHERE s.subscription_id = :id AND f.frozen_until IS NOT NULL",
            id=life.subscription_id,
        )
    ).count
    return DemoCheck(
        f"{life.environment_name} lived as the Marketplace said",
        applied == EVENTS and sum(found.values()) == sum(EVENTS.values()) + repeated and freezes == 1,
        f"{sum(applied.values())} events applied, {repeated} repeated, {freezes} freeze that ended",
    )


def closed_usage_is_where_it_belongs(demo: Demo, played: DemoResult) -> DemoCheck:
    """The four-way equation of the closed periods is at zero for every subscription."""
    usage = next(
        demo.ask(
            "SELECT sum(metered) AS metered, sum(abs(difference)) AS difference FROM marketplace.agreement "
            "WHERE hour_start < :ends",
            ends=played.periods[-1].window.end,
        )
    )
    worth = next(
        demo.ask(
            "SELECT sum(amount) AS amount, sum(abs(difference)) AS difference FROM marketplace.agreement_in_money "
            "WHERE period_end <= :ends",
            ends=played.periods[-1].window.end,
        )
    )
    return DemoCheck(
        "All usage of the closed periods is covered, or the Marketplace counts it",
        usage.difference == worth.difference == 0 < min(usage.metered, worth.amount),
        f"{usage.metered} AKU-seconds, difference {usage.difference}; {worth.amount}, difference {worth.difference}",
    )


def usage_went_where_it_belongs(demo: Demo, life: Life, timeout_seconds: float = 120) -> DemoCheck:
    """The four-way equation is at zero: in AKU-seconds by hour, and in the money of its bills."""
    hours = (
        "SELECT sum(metered) AS metered, sum(expected) AS expected, sum(abs(difference)) AS difference "
        "FROM marketplace.agreement WHERE subscription_id = :id"
    )
    money = (
        "SELECT sum(amount) AS amount, sum(expected) AS expected, sum(abs(difference)) AS difference, "
        "min(currency) AS currency FROM marketplace.agreement_in_money WHERE subscription_id = :id"
    )
    deadline = time.monotonic() + timeout_seconds
    while True:
        usage, worth = (next(demo.ask(query, id=life.subscription_id)) for query in (hours, money))
        is_settled = usage.difference == worth.difference == 0 < min(usage.metered, worth.amount)
        if is_settled or time.monotonic() > deadline:
            break
        pause(5)  # an hour that has just ended is not in the ledger yet
    return DemoCheck(
        f"Of {life.environment_name}, all that was metered is where it belongs",
        bool(is_settled and usage.metered == usage.expected and worth.amount == worth.expected),
        f"{usage.metered} AKU-seconds metered, {usage.expected} counted by the Marketplace, difference "
        f"{usage.difference}; {worth.amount} {worth.currency} charged, {worth.expected} of it for what the Marketplace "
        f"counted, difference {worth.difference}",
    )


def all_that_was_to_go_wrong_did(demo: Demo) -> DemoCheck:
    """No fault is left over, and every call with a wrong token was refused."""
    left = [fault["fault"] for fault in demo.sandbox.faults()]
    refused = next(demo.ask("SELECT coalesce(sum(callbacks), 0) AS count FROM marketplace.refused_callbacks")).count
    return DemoCheck(
        "All that was to go wrong went wrong, and calls with a wrong token were refused",
        not left and refused >= sum(EVENTS.values()) - 1,
        f"{refused} calls refused" + (f", and these faults are left: {left}" if left else ""),
    )


def the_marketplace_says_the_same(demo: Demo) -> DemoCheck:
    """The comparison with the Marketplace found nothing that differs."""
    rows = list(demo.ask("SELECT order_id, kind FROM marketplace.findings WHERE resolved_at IS NULL"))
    found = ", ".join(f"{row.order_id}: {row.kind}" for row in rows)
    return DemoCheck("The Marketplace says the same of every subscription", not rows, found or "no finding is open")


def analysts_read(demo: Demo) -> DemoCheck:
    """The analyst role reads bills."""
    count = next(demo.ask("SELECT count(*) FROM billing.bills"))[0]
    return DemoCheck("An analyst reads billing.bills", count > 0, f"{count} bills")


def analysts_cannot_write(demo: Demo) -> DemoCheck:
    """The analyst role is refused a write, and the consoles' credentials."""
    refused = 0
    attempts = ("UPDATE billing.bills SET total = 0", "SELECT count(*) FROM core.environment_credentials")
    warehouse = analysts_warehouse(demo.running)
    for attempt in attempts:
        try:
            with warehouse.begin() as connection:
                connection.execute(text(attempt))
        except ProgrammingError:
            refused += 1
    warehouse.dispose()
    return DemoCheck("An analyst writes nothing and sees no secret", refused == len(attempts), f"{refused} refusals")
