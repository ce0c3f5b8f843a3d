"""A subscription is ended once, by a person, and everything that depends on it follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.domain.errors import ConflictError, InvalidInputError
from include.domain.money import Decimal
from include.onboarding.release import release_subscription
from tests.support.builders import insert, make_bill, make_buyer, make_subscription

if TYPE_CHECKING:
    from sqlalchemy import Engine

START = datetime(2026, 9, 1, tzinfo=UTC)
END = datetime(2026, 10, 20, 4, tzinfo=UTC)
NOW = datetime(2026, 10, 25, tzinfo=UTC)
REASON = "The buyer released it on the 20th."
ID = "sub-11-orders"


@pytest.fixture
def key(warehouse: Engine) -> int:
    with warehouse.begin() as connection:
        return make_subscription(
            connection, make_buyer(connection, "11"), started_at=START, metering_started_at=START, payment="prepaid"
        )


def release(warehouse: Engine, **changes: Any) -> Any:
    said: dict[str, Any] = {"subscription_id": ID, "ended_at": END, "by": "ann", "reason": REASON, "at": NOW} | changes
    return release_subscription(warehouse, **said)


def stored(warehouse: Engine) -> tuple[Any, ...]:
    query = text(
        "SELECT s.state, e.state, ended_at, state_reason "
        "FROM core.subscriptions s JOIN core.environments e USING (subscription_key)"
    )
    with warehouse.connect() as connection:
        return tuple(connection.execute(query).one())


def licence(warehouse: Engine, key: int, start: datetime, end: datetime) -> None:
    with warehouse.begin() as connection:
        insert(
            connection,
            "core.licences",
            subscription_key=key,
            term_start=start,
            term_end=end,
            term_months=1,
            capacity_aku=10,
            price=Decimal("6200.00"),
            currency="CNY",
            auto_renew=True,
        )


@pytest.mark.usefixtures("key")
def test_a_release_ends_the_subscription_and_its_environment_and_keeps_who_and_why(warehouse: Engine) -> None:
    released = release(warehouse, ended_at=END + timedelta(milliseconds=300))
    assert released.describe("Asia/Shanghai") == (
        f"Subscription {ID} ended at 2026-10-20T04:00:00Z (2026-10-20 12:00:00 Asia/Shanghai)."
    )
    assert stored(warehouse) == ("released", "released", END, f"{REASON} (entered by ann at 2026-10-25 00:00 UTC)")


@pytest.mark.usefixtures("key")
def test_the_same_end_again_changes_nothing_and_another_one_corrects_it(warehouse: Engine) -> None:
    release(warehouse)
    before = stored(warehouse)
    again = release(warehouse, by="bob", at=NOW + timedelta(days=1))
    assert (again.is_new, stored(warehouse)) == (False, before)
    assert "already: nothing was done again" in again.describe("UTC")
    assert release(warehouse, ended_at=END - timedelta(days=1)).is_new
    assert stored(warehouse)[2] == END - timedelta(days=1)


def test_what_ended_is_not_renewed_and_terms_after_the_end_go(warehouse: Engine, key: int) -> None:
    licence(warehouse, key, START, END)
    licence(warehouse, key, END, END + timedelta(days=31))
    release(warehouse)
    with warehouse.connect() as connection:
        rows = connection.execute(text("SELECT term_start, auto_renew FROM core.licences")).all()
    assert [tuple(row) for row in rows] == [(START, False)]


def test_issued_bills_that_reach_over_the_end_are_named(warehouse: Engine, key: int) -> None:
    with warehouse.begin() as connection:
        make_bill(connection, key, "2026-09", "1.00")
        make_bill(connection, key, "2026-10", "1.00")
    released = release(warehouse, at=datetime(2026, 11, 5, tzinfo=UTC))
    assert released.issued_bills == [f"2026-10-{ID}"]
    assert "correct each with a note" in released.describe("UTC")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"subscription_id": "sub-unknown"}, "sub-unknown"),
        ({"ended_at": START - timedelta(seconds=1)}, "is before the subscription's start"),
        ({"ended_at": NOW + timedelta(seconds=1)}, "has not come yet"),
        ({"ended_at": END.replace(tzinfo=None)}, "has no time zone"),
        ({"by": " "}, "Person"),
        ({"reason": "short"}, "has 5 characters"),
        ({"reason": "zero\u200bwidth characters"}, "that everybody sees"),
    ],
)
@pytest.mark.usefixtures("key")
def test_an_end_that_cannot_be_is_refused_in_words(warehouse: Engine, changes: dict[str, Any], says: str) -> None:
    before = stored(warehouse)
    with pytest.raises(InvalidInputError, match=says):
        release(warehouse, **changes)
    assert stored(warehouse) == before


@pytest.mark.usefixtures("key")
def test_only_an_active_subscription_can_end(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE core.subscriptions SET state = 'ordered'"))
    with pytest.raises(ConflictError, match="is ordered, and only an active one can end"):
        release(warehouse)
