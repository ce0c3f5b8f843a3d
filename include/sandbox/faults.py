"""Things that go wrong on demand.

A request that a fault matches is still checked and counted first, so that what is broken on purpose never hides a wrong
signature. Faults answer in place of the service (throttle, server_error, …), delay it (slow), spoil its answer after the
work was done (broken, lost_answer), or spoil the work itself (deployment_fails, console_never_up).
"""

from __future__ import annotations

import random
from collections.abc import Collection

from include.sandbox.answers import Answer, html_answer
from include.sandbox.errors import Refusal
from include.sandbox.records import Fault
from include.sandbox.world import World

REFUSING = frozenset({"throttle", "throttle_without_header", "server_error", "unavailable", "refuse"})
ON_THE_WIRE = REFUSING | {"html", "not_json", "slow", "broken", "lost_answer", "clock_skew"}
IN_THE_WORK = frozenset({"deployment_fails", "console_never_up"})
KINDS = ON_THE_WIRE | IN_THE_WORK

_dice = random.Random(20261101)  # noqa: S311 - faults must repeat, not be secret
_REFUSALS = {
    "throttle": (400, "Throttling.User", "Request was denied due to user flow control."),
    "throttle_without_header": (400, "Throttling.User", "Request was denied due to user flow control."),
    "server_error": (500, "InternalError", "The request processing has failed due to some unknown error."),
    "unavailable": (503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."),
    "refuse": (400, "InvalidParameter", "The request was refused by a fault."),
}


def take(
    world: World,
    kinds: Collection[str],
    *,
    service: str,
    action: str,
    path: str = "",
    account_id: str = "",
    environment_id: str = "",
) -> Fault | None:
    """The first fault that matches a request; one use of it is spent."""
    for fault in world.faults.values():
        if (
            fault.fault in kinds
            and fault.service in {"", service}
            and fault.action in {"", action}
            and fault.path in path
            and fault.account_id in {"", account_id}
            and fault.environment_id in {"", environment_id}
            and (fault.share >= 1 or _dice.random() < fault.share)
        ):
            _spend(world, fault)
            return fault
    return None


def _spend(world: World, fault: Fault) -> None:
    world.requests.by_fault[fault.fault] += 1
    if fault.times is None:
        return
    fault.times -= 1
    if fault.times > 0:
        world.keep(fault)
    else:
        world.drop(fault)


def refusal(fault: Fault) -> Refusal:
    """The error that a refusing fault stands for."""
    status, code, message = _REFUSALS[fault.fault]
    headers = {"x-acs-retry-after": str(fault.retry_after_ms)} if fault.fault == "throttle" else {}
    return Refusal(fault.status or status, fault.code or code, fault.message or message, headers=headers)


def foreign_answer(fault: Fault) -> Answer | None:
    """What something else answers in place of the service; None if the fault is of another kind."""
    if fault.fault == "html":
        return html_answer(fault.status or 502, "Bad Gateway")
    if fault.fault == "not_json":
        return html_answer(fault.status or 200, "Welcome")
    return None
