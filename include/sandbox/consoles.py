"""AutoMQ environment consoles: any number of them, each under /consoles/<environment id>.

Paths, fields and states are those of AutoMQ's Terraform provider (client/api_kafka_instance.go,
model_kafka_instance.go). Listing is what is asked ten thousand times in a round, so its answers are kept as bytes
until an instance changes.
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from include.sandbox import faults, kafka_instances
from include.sandbox.answers import (
    Answer,
    Receive,
    Scope,
    Send,
    html_answer,
    json_answer,
    read_body,
    send_answer,
)
from include.sandbox.errors import Refusal, SignatureRefused
from include.sandbox.records import Console, Fault, KafkaInstance
from include.sandbox.signatures import automq
from include.sandbox.signatures.request import Request
from include.sandbox.timeline import FOREVER, moment_at, next_change
from include.sandbox.world import World

PREFIX = "/consoles/"
_log = logging.getLogger(__name__)
_API = ["api", "v1", "instances"]
_DEFAULT_PAGE = 20
_MAX_PAGE = 100
#: Operations by method, and whether an instance is named.
_ACTIONS = {
    ("GET", False): "ListInstances",
    ("POST", False): "CreateInstance",
    ("GET", True): "GetInstance",
    ("PATCH", True): "UpdateInstance",
    ("DELETE", True): "DeleteInstance",
}


class Target(NamedTuple):
    """What a path names: operation, and instance if one is meant."""

    action: str
    instance_id: str = ""


async def serve(world: World, scope: Scope, receive: Receive, send: Send, now: float) -> None:
    """Answer one request."""
    body = await read_body(scope, receive)
    _, _, environment_id, *parts = scope["path"].split("/")
    console = world.consoles.get(environment_id)
    if console is None or not _is_up(console, now):
        # No server is behind the load balancer yet, or any more.
        await send_answer(send, html_answer(503, "Service Unavailable"), now)
        return
    fault = None
    try:
        target = _target(scope["method"], parts)
        request = _request(scope, body)
        _authenticate(world, console, request, target, now)
        fault = _fault(world, console, target, request.path)
        answer = await faults.strike(fault, throttled_status=429)
        if answer is None:
            answer = _operate(world, console, target, request, int(now))
    except Refusal as refusal:
        world.requests.by_error[refusal.code] += 1
        error = {"code": refusal.code, "message": refusal.message, "detail": refusal.extra.get("detail", "")}
        answer = json_answer(refusal.status, {"error": error}, refusal.headers)
    except Exception:  # noqa: BLE001 - whatever breaks here, the caller gets an error answer of the console's form
        _log.exception("An operation failed")
        answer = json_answer(
            500, {"error": {"code": "InternalError", "message": "See the sandbox's log.", "detail": ""}}
        )
    world.commit()
    await faults.deliver(send, answer, now, fault)


def _is_up(console: Console, now: float) -> bool:
    return console.up_at is not None and console.up_at <= now and (console.down_at is None or now < console.down_at)


def _target(method: str, parts: list[str]) -> Target:
    if parts[:3] != _API or len(parts) > len(_API) + 1:
        raise Refusal(404, "NotFound", "There is no such resource.")
    instance_id = "".join(parts[3:])
    action = _ACTIONS.get((method, bool(instance_id)))
    if action is None:
        raise Refusal(405, "MethodNotAllowed", f"{method} is not allowed here.")
    return Target(action, instance_id)


def _request(scope: Scope, body: bytes) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True) if scope["query_string"] else []
    return Request(scope["method"], scope["raw_path"].decode("latin-1"), query, headers, body)


def _authenticate(world: World, console: Console, request: Request, target: Target, now: float) -> None:
    credential = console.access_key_id, console.access_key_secret
    if console.next_key_id and console.next_key_id in request.headers.get("authorization", ""):
        credential = console.next_key_id, console.next_key_secret
    try:
        automq.verify(request, *credential, time.time())
        _check_environment(console, request)
    except SignatureRefused as refusal:
        world.requests.refuse(now, request, f"console:{target.action}", refusal)
        raise
    world.requests.accept(f"console:{target.action}")


def _check_environment(console: Console, request: Request) -> None:
    if request.headers["x-automq-environment-id"] != console.environment_id:
        raise SignatureRefused(403, "Forbidden.EnvironmentMismatch", "X-automq-environment-id is another one.")


def _fault(world: World, console: Console, target: Target, path: str) -> Fault | None:
    if not world.faults:
        return None
    kinds, environment = faults.ON_THE_WIRE, console.environment_id
    return faults.take(world, kinds, service="console", action=target.action, path=path, environment_id=environment)


def _operate(world: World, console: Console, target: Target, request: Request, now: int) -> Answer:
    if target.action == "ListInstances":
        return Answer(200, _listing(world, console, request, now))
    if target.action == "CreateInstance":
        created = kafka_instances.create(world, console, _object(request.body), now)
        return json_answer(200, kafka_instances.describe(created, now))
    instance = _find(world, console, target.instance_id, now)
    if target.action == "UpdateInstance":
        kafka_instances.update(world, instance, _object(request.body), now)
    elif target.action == "DeleteInstance":
        kafka_instances.delete(world, instance, now)
        return Answer(204, b"")
    return json_answer(200, kafka_instances.describe(instance, now))


def _find(world: World, console: Console, instance_id: str, now: int) -> KafkaInstance:
    instance = world.kafka_instances.get(instance_id)
    if instance is None or instance.environment_id != console.environment_id or moment_at(instance, now) is None:
        raise Refusal(404, "Instance.NotFound", f"The instance {instance_id} does not exist.")
    return instance


def _listing(world: World, console: Console, request: Request, now: int) -> bytes:
    pages = world.listings.setdefault(console.environment_id, {})
    query = tuple(request.query)
    known = pages.get(query)
    if known and now < known[0]:
        return known[1]
    instances = world.kafka_by_environment[console.environment_id]
    changes_at = min((next_change(instance, now) for instance in instances), default=FOREVER)
    page = _page(instances, dict(query), now)
    body = json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()
    pages[query] = (changes_at, body)
    return body


def _page(instances: list[KafkaInstance], query: dict[str, str], now: int) -> dict[str, Any]:
    number, size = _number(query, "pageNum", 1, 10**6), _number(query, "pageSize", _DEFAULT_PAGE, _MAX_PAGE)
    keyword = query.get("keyword", "").lower()
    rows = [
        instance
        for instance in instances
        if moment_at(instance, now) and (keyword in instance.name.lower() or keyword == instance.instance_id)
    ]
    shown = rows[(number - 1) * size : number * size]
    return {
        "pageNum": number,
        "pageSize": size,
        "total": len(rows),
        "totalPage": -(-len(rows) // size),
        "list": [kafka_instances.describe(instance, now) for instance in shown],
    }


def _number(query: dict[str, str], name: str, default: int, high: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= high:
        raise Refusal(400, "InvalidParameter", f"{name} must be a whole number from 1 to {high}, not {text!r}.")
    return int(text)


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        raise Refusal(400, "InvalidParameter", "The body is not JSON.") from None
    if not isinstance(content, dict):
        raise Refusal(400, "InvalidParameter", "The body is not a JSON object.")
    return content
