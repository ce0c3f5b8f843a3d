"""Asks the Marketplace for an order and the instance that it made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.alibaba.errors import refusal_kind
from include.domain.errors import RefusedError
from include.marketplace.comparison.judge import Theirs

if TYPE_CHECKING:
    from include.alibaba.market import Market


def ask_market(market: Market, order_id: str, marketplace_instance_id: str | None) -> Theirs:
    """What it says of them; an order or an instance that it does not know is an answer, too.

    Raises:
        AkubillError: when it does not answer, or refuses for another reason.
    """
    order_status = None
    try:
        order = market.describe_order(order_id)
        order_status = order.order_status
        asked = marketplace_instance_id or next(iter(order.instance_ids), None)
        if asked is None:
            return Theirs(order_status, None, None)
        instance = market.describe_instance(asked)
    except RefusedError as error:
        if refusal_kind(error.code) != "not_found":
            raise
        return Theirs(order_status, None, None)
    return Theirs(order_status, instance.status, instance.ends_at)
