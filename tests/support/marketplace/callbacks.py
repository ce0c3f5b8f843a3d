"""Makes callbacks as the Marketplace does, and says by a state machine of its own what they come to."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from pathlib import Path

KEY = "isv-key"


def md5(text: str) -> str:
    """Of the text in UTF-8."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def signed(key: str = KEY, **parameters: str) -> str:
    """A query with its token, percent-encoded."""
    text = ""
    for name in sorted(parameters):
        text += name + "=" + parameters[name] + "&"
    token = md5(text + "key=" + key)
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in {**parameters, "token": token}.items())


def write_events(file: Path, events: list[tuple[str, str]]) -> Path:
    """A file of events, (received_at, query) each."""
    lines = [json.dumps({"received_at": at, "query": query}) for at, query in events]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


#: Action, its identity, and what it does without a subscription, to an active, a frozen and a released one. Words with
#: a `+` set what the event gives; a state alone is the state that follows.
TABLE = """
createInstance       -          created       repeated      repeated      repeated
renewInstance        orderId    parked        active+expiry active+expiry parked
expiredInstance      -          parked        frozen,if-due repeated      parked
resumeInstance       -          parked        repeated      active        parked
upgradeInstance      orderId    parked        active+sku    frozen+sku    parked
refundRenewInstance  expiredOn  parked        active+expiry frozen+expiry parked
releaseInstance      -          parked        released      released      repeated
"""
STATES = ("none", "active", "frozen", "released")


class StateMachine:
    """The table of the Marketplace's events, written down a second time, and what reads it."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.counts = {"accepted": 0, "repeated": 0, "parked": 0}
        self._seen: set[tuple[str, str, str]] = set()
        self._rows = {line.split()[0]: line.split()[1:] for line in TABLE.strip().splitlines()}

    def receive(self, at: datetime, given: dict[str, Any]) -> None:
        """An event whose `expiredOn` is an instant."""
        self.counts[self._outcome(at, given)] += 1

    def _outcome(self, at: datetime, given: dict[str, Any]) -> str:
        action = given["action"]
        if action not in self._rows:
            return "parked"
        identity, *cells = self._rows[action]
        name = given["orderBizId" if action == "createInstance" else "instanceId"]
        mine = self.subscriptions.get(name)
        order = (name, action, given["orderId"])
        if order in self._seen or (mine and identity == "expiredOn" and given["expiredOn"] == mine["expires_at"]):
            return "repeated"
        cell = cells[STATES.index(mine["state"] if mine else "none")]
        if cell in {"parked", "repeated"}:
            return cell
        if cell.endswith(",if-due") and mine["expires_at"] > at:
            return "parked"
        if identity == "orderId":
            self._seen.add(order)
        if cell == "created":
            mine = self.subscriptions[name] = {"order_id": given["orderId"]}
            cell = "active+expiry+sku"
        state, *sets = cell.removesuffix(",if-due").split("+")
        mine["state"] = state
        mine |= {"expires_at": given["expiredOn"]} if "expiry" in sets else {}
        mine |= {"sku_id": given["skuId"]} if "sku" in sets else {}
        return "accepted"

    def printed(self) -> list[dict[str, Any]]:
        """The subscriptions as the command prints them."""
        return [
            {
                "marketplace_instance_id": name,
                "order_id": mine["order_id"],
                "sku_id": mine["sku_id"],
                "state": mine["state"],
                "expires_at": f"{mine['expires_at']:%Y-%m-%dT%H:%M:%SZ}",
            }
            for name, mine in sorted(self.subscriptions.items())
        ]


def utc(text: str) -> datetime:
    """An instant of that day or second in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
