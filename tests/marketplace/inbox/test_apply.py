"""Events are applied once, in order, side by side; what fails waits or is parked, and holds up no other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.domain.errors import ConflictError, RetriableError
from include.domain.words.marketplace import REASONS
from include.marketplace.inbox.apply import WAITS, Applied, apply_events
from include.onboarding.following import follow_marketplace
from include.warehouse.engine import open_warehouse
from tests.support.builders import make_buyer, make_subscription, rows
from tests.support.marketplace.serving import receive

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from include.domain.marketplace.changes import InstanceChange

PAST, FUTURE = "2026-01-10 12:20:00", "2036-01-01 00:00:00"


def create(warehouse: Engine, name: str = "1", **given: str) -> None:
    receive(
        warehouse,
        **{"action": "createInstance", "orderBizId": name, "orderId": f"order-{name}", "skuId": "payg"} | given,
    )


def apply(warehouse: Engine, follow: Any = follow_marketplace) -> Applied:
    return apply_events(warehouse, follow, datetime.now(UTC))


def events(warehouse: Engine, columns: str = "action, state, reason") -> list[tuple[Any, ...]]:
    return rows(warehouse, f"SELECT {columns} FROM marketplace.inbox ORDER BY event_key")


def instances(warehouse: Engine, columns: str = "instance_id, state, sku_id") -> list[tuple[Any, ...]]:
    return rows(warehouse, f"SELECT {columns} FROM marketplace.instances ORDER BY instance_id")


def subscribe(warehouse: Engine, order_id: str = "order-1", **columns: Any) -> int:
    with warehouse.begin() as connection:
        return make_subscription(connection, make_buyer(connection), order_id=order_id, **columns)


def core(warehouse: Engine) -> tuple[Any, ...]:
    [row] = rows(warehouse, "SELECT state, expires_at, ended_at FROM core.subscriptions")
    return row


def freezes(warehouse: Engine) -> list[tuple[Any, ...]]:
    return rows(warehouse, "SELECT frozen_from, frozen_until FROM core.freezes ORDER BY frozen_from")


def test_an_event_has_its_effect_once_however_often_it_is_applied(warehouse: Engine) -> None:
    create(warehouse, aliUid="17", productCode="cmgj", expiredOn=FUTURE)
    assert apply(warehouse) == Applied(1, 0, 0, 0)
    assert apply(warehouse) == Applied(0, 0, 0, 0)
    assert events(warehouse) == [("createInstance", "applied", None)]
    [row] = instances(warehouse, "order_id, account_id, product_code, sku_id, state, expires_at")
    assert row == ("order-1", "17", "cmgj", "payg", "active", datetime(2035, 12, 31, 16, tzinfo=UTC))


def test_a_repetition_is_repeated_and_what_means_nothing_is_parked_with_its_reason(warehouse: Engine) -> None:
    create(warehouse)
    create(warehouse)
    receive(warehouse, action="orderPay", orderId="order-1")
    receive(warehouse, action="renewInstance", instanceId="2", orderId="o", expiredOn=FUTURE)
    assert apply(warehouse) == Applied(1, 1, 2, 0)
    assert events(warehouse) == [
        ("createInstance", "applied", None),
        ("createInstance", "repeated", None),
        ("orderPay", "parked", "unknown_action"),
        ("renewInstance", "parked", "unknown_instance"),
    ]
    for reason, facts in rows(warehouse, "SELECT reason, facts FROM marketplace.inbox WHERE state = 'parked'"):
        assert REASONS[reason].say(facts).endswith(".")


def test_events_of_a_subscription_are_applied_in_the_order_in_which_they_came(warehouse: Engine) -> None:
    create(warehouse, expiredOn=PAST)
    receive(warehouse, action="expiredInstance", instanceId="1")
    receive(warehouse, action="upgradeInstance", instanceId="1", orderId="o-1", skuId="large")
    receive(warehouse, action="renewInstance", instanceId="1", orderId="o-2", expiredOn=FUTURE)
    receive(warehouse, action="expiredInstance", instanceId="1")
    receive(warehouse, action="releaseInstance", instanceId="1")
    receive(warehouse, action="releaseInstance", instanceId="1")
    assert apply(warehouse) == Applied(5, 1, 1, 0)
    assert [state for _, state, _ in events(warehouse)] == [*["applied"] * 4, "parked", "applied", "repeated"]
    assert instances(warehouse) == [("1", "released", "large")]


def test_the_subscription_follows_expiry_freeze_renewal_and_end(warehouse: Engine) -> None:
    subscribe(warehouse)
    create(warehouse, expiredOn=PAST)
    apply(warehouse)
    assert core(warehouse) == ("active", datetime(2026, 1, 10, 4, 20, tzinfo=UTC), None)
    receive(warehouse, action="expiredInstance", instanceId="1")
    apply(warehouse)
    # Metering goes on to the end of the hour that contains the expiry, 12:20 in Shanghai.
    assert freezes(warehouse) == [(datetime(2026, 1, 10, 5, tzinfo=UTC), None)]
    receive(warehouse, action="renewInstance", instanceId="1", orderId="o-1", expiredOn=FUTURE)
    apply(warehouse)
    [(renewed_at,)] = rows(warehouse, "SELECT received_at FROM marketplace.inbox WHERE action = 'renewInstance'")
    assert freezes(warehouse) == [(datetime(2026, 1, 10, 5, tzinfo=UTC), renewed_at)]
    receive(warehouse, action="releaseInstance", instanceId="1", isRefund="false")
    apply(warehouse)
    [(released_at,)] = rows(warehouse, "SELECT received_at FROM marketplace.inbox WHERE action = 'releaseInstance'")
    assert core(warehouse) == ("released", datetime(2035, 12, 31, 16, tzinfo=UTC), released_at.replace(microsecond=0))
    [(reason,)] = rows(warehouse, "SELECT state_reason FROM core.subscriptions")
    assert reason.startswith("The Marketplace released it (releaseInstance of 1, received 20")


def test_a_second_expiry_after_a_resumption_freezes_from_then_on_and_not_from_the_first(warehouse: Engine) -> None:
    subscribe(warehouse)
    create(warehouse, expiredOn=PAST)
    for action in ("expiredInstance", "resumeInstance", "expiredInstance"):
        receive(warehouse, action=action, instanceId="1")
    apply(warehouse)
    (first, resumed), (second, lasts) = freezes(warehouse)
    assert first == datetime(2026, 1, 10, 5, tzinfo=UTC)
    assert second > resumed
    assert (second.minute, second.second, lasts) == (0, 0, None)


def test_what_came_while_the_console_was_deployed_is_followed_once_it_is(warehouse: Engine) -> None:
    key = subscribe(warehouse, state="deployed")
    create(warehouse, expiredOn=PAST)
    receive(warehouse, action="expiredInstance", instanceId="1")
    assert apply(warehouse).applied == 2
    assert (core(warehouse)[1], freezes(warehouse)) == (None, [])
    with warehouse.begin() as connection:
        connection.execute(
            text("UPDATE core.subscriptions SET state = 'active' WHERE subscription_key = :k"), {"k": key}
        )
    apply(warehouse)
    assert core(warehouse)[1] is not None
    assert len(freezes(warehouse)) == 1
    [(is_followed, ours, theirs)] = instances(
        warehouse, "followed_at = changed_at, instance_id, marketplace_instance_id"
    )
    assert (is_followed, ours, theirs) == (True, "1", "mp-01-orders")


def test_an_end_that_a_person_entered_stays(warehouse: Engine) -> None:
    ended_at = datetime(2026, 3, 1, tzinfo=UTC)
    subscribe(warehouse, state="released", ended_at=ended_at, state_reason="Entered by li.")
    create(warehouse)
    receive(warehouse, action="releaseInstance", instanceId="1")
    assert apply(warehouse).applied == 2
    assert core(warehouse)[2] == ended_at
    assert instances(warehouse, "state, followed_at = changed_at") == [("released", True)]


def test_a_subscription_that_cannot_follow_is_named_and_holds_up_no_event(warehouse: Engine) -> None:
    key = subscribe(warehouse, state="deployed", started_at=datetime(2030, 1, 1, tzinfo=UTC))
    create(warehouse)
    receive(warehouse, action="releaseInstance", instanceId="1")
    assert apply(warehouse) == Applied(2, 0, 0, 0)
    with warehouse.begin() as connection:
        connection.execute(
            text("UPDATE core.subscriptions SET state = 'active' WHERE subscription_key = :k"), {"k": key}
        )
    create(warehouse, "2")
    done = apply(warehouse)
    [behind] = done.behind
    assert done[:4] == (1, 0, 0, 0)
    assert behind.startswith("The subscription of 1 does not follow the Marketplace: End is '20")


class Failing:
    """Follows, but for one subscription: there it fails in the way that it is given."""

    def __init__(self, error: Exception, instance_id: str = "1") -> None:
        self.error, self.instance_id = error, instance_id
        self.calls = 0

    def __call__(self, connection: Connection, change: InstanceChange, at: datetime) -> bool:
        if change.instance_id != self.instance_id:
            return follow_marketplace(connection, change, at)
        self.calls += 1
        raise self.error


def test_what_fails_for_now_waits_with_the_later_events_of_its_subscription_only(warehouse: Engine) -> None:
    create(warehouse, "1")
    receive(warehouse, action="releaseInstance", instanceId="1")
    create(warehouse, "2")
    failing = Failing(RetriableError("Bills are being made."))
    assert apply(warehouse, failing) == Applied(applied=1, repeated=0, parked=0, waiting=1)
    assert apply(warehouse, failing) == Applied(0, 0, 0, 0)
    assert failing.calls == 1
    assert instances(warehouse) == [("2", "active", "payg")]
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE marketplace.inbox SET next_try_at = NULL"))
    assert apply(warehouse).applied == 2
    assert instances(warehouse) == [("1", "released", "payg"), ("2", "active", "payg")]


@pytest.mark.parametrize(
    ("error", "tries", "reason", "why"),
    [
        (RetriableError("Bills are being made."), len(WAITS) + 1, "failed_often", "Bills are being made."),
        (KeyError("a-secret"), len(WAITS) + 1, "failed_often", "an unexpected error (KeyError)"),
        (ConflictError("It cannot end before its start."), 1, "failed", "It cannot end before its start."),
    ],
)
def test_a_poison_event_is_parked_with_its_reason_after_its_tries_and_the_others_go_on(
    warehouse: Engine, error: Exception, tries: int, reason: str, why: str
) -> None:
    create(warehouse, "1")
    create(warehouse, "2")
    failing = Failing(error)
    for _ in range(tries):
        apply(warehouse, failing)
        with warehouse.begin() as connection:
            connection.execute(text("UPDATE marketplace.inbox SET next_try_at = NULL"))
    assert failing.calls == tries
    [(key, facts), _] = events(warehouse, "reason, facts")
    sentence = REASONS[key].say(facts)
    assert key == reason
    assert why in sentence
    assert "a-secret" not in sentence
    assert instances(warehouse) == [("2", "active", "payg")]
    receive(warehouse, action="upgradeInstance", instanceId="2", orderId="o", skuId="large")
    assert apply(warehouse, failing).applied == 1


def test_several_runs_at_once_apply_each_event_once_and_in_order(warehouse: Engine) -> None:
    for name in ("1", "2", "3", "4"):
        create(warehouse, name, expiredOn=PAST)
        for number in range(5):
            receive(warehouse, action="expiredInstance", instanceId=name)
            receive(warehouse, action="renewInstance", instanceId=name, orderId=f"o-{number}", expiredOn=PAST)
    seen: list[tuple[str, datetime]] = []
    lock = threading.Lock()

    def follow(_connection: Connection, change: InstanceChange, _at: datetime) -> bool:
        with lock:
            seen.append((change.instance_id, change.changed_at))
        return False

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: apply(warehouse, follow), range(3)))
    assert sum(each.applied for each in done) + apply(warehouse, follow).applied == 4 * 11
    for name in ("1", "2", "3", "4"):
        order = [at for instance_id, at in seen if instance_id == name]
        assert order == sorted(order)
        assert len(order) >= 11


def test_a_database_that_goes_away_is_not_the_events_fault(warehouse: Engine) -> None:
    from sqlalchemy.exc import OperationalError

    create(warehouse)
    owner = open_warehouse(warehouse.url, role=None)

    def follow(connection: Connection, _change: InstanceChange, _at: datetime) -> bool:
        session = connection.scalar(text("SELECT pg_backend_pid()"))
        with owner.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:session, 5000)"), {"session": session})
        connection.execute(text("SELECT 1"))
        return True

    with pytest.raises(OperationalError):
        apply(warehouse, follow)
    owner.dispose()
    assert events(warehouse, "state, tries") == [("received", 0)]
    assert apply(warehouse).applied == 1


def test_what_was_said_cannot_be_changed_or_deleted(warehouse: Engine) -> None:
    create(warehouse)
    for forbidden in (
        "UPDATE marketplace.inbox SET query = 'action=releaseInstance'",
        "UPDATE marketplace.inbox SET parameters = '{}'",
        "DELETE FROM marketplace.inbox",
    ):
        with warehouse.begin() as connection, pytest.raises(ConflictError, match="is evidence and never changes"):
            connection.execute(text(forbidden))
