"""`akubill subscriptions show`: the chain from the order to both bills."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.domain.marketplace.agreement import PARTS
from tests.support.showcase import NOW, fill_showcase

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

pytestmark = pytest.mark.slow


def test_it_shows_the_chain_from_the_order_to_both_bills(
    airflow_connections: object, warehouse: Engine, akubill: Callable[..., tuple[int, str, str]]
) -> None:
    fill_showcase(warehouse, NOW)
    code, printed, _ = akubill("subscriptions", "show", "sub-02-risk", "--format", "json")
    shown = json.loads(printed)
    ids = ("order_id", "service_instance_id", "marketplace_instance_id", "environment_id", "payment")
    assert code == 0
    assert [shown["subscription"][name] for name in ids] == [
        *("order-02-risk", "si-02-risk", "mp-02-risk", "env-02-risk", "payg")
    ]
    assert [row["instance_id"] for row in shown["instances"]] == ["kf-risk-1", "kf-risk-2"]
    with warehouse.connect() as connection:
        query = text("""
            SELECT b.period, b.aku_seconds, b.bill_id, b.state, CAST(b.subtotal AS text)
            FROM billing.bills AS b INNER JOIN core.subscriptions AS s USING (subscription_key)
            WHERE s.subscription_id = 'sub-02-risk' ORDER BY b.period
        """)
        billed = [tuple(row) for row in connection.execute(query)]
    fields = ("period", "metered", "bill_id", "bill_state", "bill_subtotal")
    *months, running = [tuple(row[name] for name in fields) for row in shown["periods"]]
    assert months == billed
    assert running == ("2026-11", 0, None, None, None), "an hour that is not known, and no bill yet"
    assert all(row["metered"] == sum(row[part] for part in PARTS) for row in shown["periods"])
    # Nothing of September is in the ledger, so all of it is a difference.
    assert shown["periods"][0]["difference"] == shown["periods"][0]["metered"] > 0
    assert [row["verdict"] for row in shown["periods"]] == ["agrees", "differs", None]
    assert float(shown["periods"][1]["marketplace_amount"]) < float(shown["periods"][1]["bill_subtotal"])

    _, printed, _ = akubill("subscriptions", "show", "sub-02-risk")
    for said in (
        "order-02-risk",
        "si-02-risk",
        "env-02-risk",
        "kf-risk-1, kf-risk-2",
        "2026-10",
        "(held)",
        "(differs)",
    ):
        assert said in printed
    _, printed, _ = akubill("subscriptions", "show", "sub-02-ledger")
    assert "Environment           — (ledger, us-west-1)" in printed
    assert "It has no usage and no bill yet." in printed


def test_an_unknown_subscription_is_a_sentence(
    airflow_connections: object, akubill: Callable[..., tuple[int, str, str]]
) -> None:
    code, _, error = akubill("subscriptions", "show", "sub-none")
    assert code != 0
    assert "Subscription is 'sub-none': it does not exist. Take its id from" in error
    assert "Traceback" not in error
