"""Alibaba Cloud's RPC gateway: who calls, is it signed, which operation; errors are {Code, Message, RequestId, …}."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import uuid4

from include.sandbox import bss, compute_nest, ecs, faults, market, marketplace_intl, supplier
from include.sandbox.answers import Answer, Receive, Scope, Send, json_answer, read_body
from include.sandbox.calls import Call, Operation, refuse_if_denied
from include.sandbox.errors import Refusal, SignatureRefused
from include.sandbox.records import Account, Fault
from include.sandbox.signatures import acs3
from include.sandbox.signatures.request import Request
from include.sandbox.world import World

_log = logging.getLogger(__name__)


class Service(NamedTuple):
    """A service of the cloud: its short name, the prefix of its RAM actions, and its operations."""

    name: str
    ram: str
    operations: Mapping[str, Operation]


SERVICES = {
    "2021-06-01": Service("computenest", "computenest", compute_nest.OPERATIONS),
    "2021-05-21": Service("computenestsupplier", "computenestsupplier", supplier.OPERATIONS),
    "2015-11-01": Service("market", "aliyunmarket", market.OPERATIONS),
    "2022-12-30": Service("marketplaceintl", "marketplaceintl", marketplace_intl.OPERATIONS),
    "2014-05-26": Service("ecs", "ecs", ecs.OPERATIONS),
    "2017-12-14": Service("bssopenapi", "bssapi", bss.OPERATIONS),
}


class Signed(NamedTuple):
    """A request that was rightly signed."""

    account: Account
    version: str
    action: str
    parameters: dict[str, str]


async def serve(world: World, scope: Scope, receive: Receive, send: Send, now: float) -> None:
    """Answer one request."""
    body = await read_body(scope, receive)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    host, request_id = headers.get("host", ""), str(uuid4()).upper()
    fault = None
    try:
        signed = _authenticate(world, scope, headers, body, now)
        service = _service(world, signed)
        call = Call(world, signed.account, signed.action, signed.parameters, now, f"{scope['scheme']}://{host}")
        fault = _fault(service, call)
        answer = await faults.strike(fault)
        if answer is None:
            answer = json_answer(200, {"RequestId": request_id, **_operate(service, call)}, _ids(request_id))
    except Refusal as refusal:
        answer = _refuse(world, refusal, request_id, host)
    except Exception:  # noqa: BLE001 - whatever breaks here, the caller gets an error answer of the cloud's form
        _log.exception("An operation failed")
        answer = _refuse(
            world, Refusal(500, "InternalError", "The sandbox itself failed; see its log."), request_id, host
        )
    world.commit()
    await faults.deliver(send, answer, now, fault)


def _fault(service: Service, call: Call) -> Fault | None:
    return faults.take(
        call.world,
        faults.ON_THE_WIRE,
        service=service.name,
        action=call.action,
        path="/",
        account_id=call.account.account_id,
    )


def _authenticate(world: World, scope: Scope, headers: dict[str, str], body: bytes, now: float) -> Signed:
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    path = scope.get("raw_path", b"/").decode("latin-1")
    request = Request(scope["method"], path, query, headers, body)
    try:
        return _verify_acs3(world, request)
    except SignatureRefused as refusal:
        action = headers.get("x-acs-action", str(dict(query).get("Action", "")))
        world.requests.refuse(now, request, action, refusal)
        raise


def _parameters(request: Request) -> dict[str, str]:
    parameters = dict(request.query)
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        parameters.update(parse_qsl(request.body.decode(), keep_blank_values=True))
    return parameters


def _verify_acs3(world: World, request: Request) -> Signed:
    if "authorization" not in request.headers:
        raise SignatureRefused(400, "MissingAuthorization", "The request is not signed.")
    account = _account(world, acs3.access_key_of(request.headers)[0])
    acs3.verify(request, account.access_key_secret, world.nonces, time.time())
    return Signed(account, request.headers["x-acs-version"], request.headers["x-acs-action"], _parameters(request))


def _account(world: World, access_key_id: str) -> Account:
    account = world.accounts_by_access_key.get(access_key_id)
    if account is None:
        raise SignatureRefused(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    return account


def _service(world: World, signed: Signed) -> Service:
    service = SERVICES.get(signed.version)
    world.requests.accept(f"{service.name if service else signed.version}:{signed.action}")
    if service is None:
        raise Refusal(400, "InvalidVersion", "Specified parameter Version is not valid.")
    return service


def _operate(service: Service, call: Call) -> dict[str, Any]:
    operation = service.operations.get(call.action)
    if operation is None:
        message = f"The specified api is not found: {service.name} has no {call.action}."
        raise Refusal(404, "InvalidAction.NotFound", message)
    refuse_if_denied(call.account, f"{service.ram}:{call.action}")
    return operation(call)


def _refuse(world: World, refusal: Refusal, request_id: str, host: str) -> Answer:
    world.requests.by_error[refusal.code] += 1
    body = {
        "RequestId": request_id,
        "HostId": host,
        "Code": refusal.code,
        "Message": refusal.message,
        "Recommend": "https://api.aliyun.com/troubleshoot",
        **refusal.extra,
    }
    return json_answer(refusal.status, body, {**_ids(request_id), **refusal.headers})


def _ids(request_id: str) -> dict[str, str]:
    return {"x-acs-request-id": request_id}
