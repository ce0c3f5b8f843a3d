"""Things that go wrong on demand.

A request that a fault matches is still checked and counted first, so that what is broken on purpose never hides a
wrong signature. Faults answer in place of the service (throttle, server_error, …), delay it (slow), spoil its answer
after the work was done (broken, lost_answer), or spoil the work itself (deployment_fails, console_never_up,
unprocessed).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection

from include.sandbox.answers import Answer, Send, html_answer, send_answer
from include.sandbox.errors import Refusal
from include.sandbox.records import Fault
from include.sandbox.world import World

REFUSING = frozenset({"throttle", "throttle_without_header", "server_error", "unavailable", "refuse"})
ON_THE_WIRE = REFUSING | {"html", "not_json", "slow", "broken", "lost_answer", "clock_skew"}
IN_THE_WORK = frozenset({"deployment_fails", "console_never_up", "unprocessed"})
KINDS = ON_THE_WIRE | IN_THE_WORK
#: Their seconds are no delay before the work.
_DELAYED_LATER = frozenset({"lost_answer", "clock_skew"})

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


def refusal(fault: Fault, throttled_status: int = 400) -> Refusal:
    """The error that a refusing fault answers with."""
    status, code, message = _REFUSALS[fault.fault]
    if fault.fault.startswith("throttle"):
        status = throttled_status
    headers = {"x-acs-retry-after": str(fault.retry_after_ms)} if fault.fault == "throttle" else {}
    return Refusal(fault.status or status, fault.code or code, fault.message or message, headers=headers)


async def strike(fault: Fault | None, throttled_status: int = 400) -> Answer | None:
    """What a fault does before the work: wait, refuse, or answer in place of the service (else None).

    Raises:
        Refusal: a refusing fault.
    """
    if fault is None:
        return None
    if fault.seconds and fault.fault not in _DELAYED_LATER:
        await asyncio.sleep(fault.seconds)
    if fault.fault in REFUSING:
        raise refusal(fault, throttled_status)
    if fault.fault == "html":
        return html_answer(fault.status or 502, "Bad Gateway")
    if fault.fault == "not_json":
        return html_answer(fault.status or 200, "Welcome")
    return None


async def deliver(send: Send, answer: Answer, now: float, fault: Fault | None) -> None:
    """Send an answer as a fault leaves it: whole, cut in half, with a wrong clock, or not at all."""
    if fault is None:
        await send_answer(send, answer, now)
        return
    if fault.fault == "lost_answer":
        await asyncio.sleep(fault.seconds)
    if fault.fault == "broken":
        answer = answer._replace(body=answer.body[: len(answer.body) // 2])
    skew = fault.seconds if fault.fault == "clock_skew" else 0
    await send_answer(send, answer, now + skew, lose=fault.fault == "lost_answer")
