"""Alibaba Cloud's RPC gateway: who calls, is it signed, which operation, and errors as {Code, Message, RequestId, HostId}."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import uuid4

from include.sandbox import bss, compute_nest, ecs, faults, market, supplier
from include.sandbox.answers import Answer, Receive, Scope, Send, json_answer, read_body, send_answer
from include.sandbox.calls import Call, Operation, refuse_if_denied
from include.sandbox.errors import Refusal, SignatureRefused
from include.sandbox.records import Account
from include.sandbox.signatures import acs3, rpc1
from include.sandbox.world import World


class Service(NamedTuple):
    """A service of the cloud: its short name, the prefix of its RAM actions, and its operations."""

    name: str
    ram: str
    operations: Mapping[str, Operation]


SERVICES = {
    "2021-06-01": Service("computenest", "computenest", compute_nest.OPERATIONS),
    "2021-05-21": Service("computenestsupplier", "computenestsupplier", supplier.OPERATIONS),
    "2015-11-01": Service("market", "aliyunmarket", market.OPERATIONS),
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
    request_id = str(uuid4()).upper()
    fault = None
    try:
        signed = _authenticate(world, scope, headers, body, now)
        service = _service(world, signed)
        fault = faults.take(
            world,
            faults.ON_THE_WIRE,
            service=service.name,
            action=signed.action,
            path=scope["path"],
            account_id=signed.account.account_id,
        )
        answer = faults.foreign_answer(fault) if fault else None
        if fault and fault.seconds:
            await asyncio.sleep(fault.seconds)
        if fault and fault.fault in faults.REFUSING:
            raise faults.refusal(fault)
        if answer is None:
            base_url = f"{scope['scheme']}://{headers['host']}"
            call = Call(world, signed.account, signed.action, signed.parameters, now, base_url)
            answer = json_answer(200, {"RequestId": request_id, **_operate(service, call)}, _ids(request_id))
    except Refusal as refusal:
        answer = _refuse(world, refusal, request_id, headers.get("host", ""))
    world.commit()
    if fault and fault.fault == "broken":
        answer = answer._replace(body=answer.body[: len(answer.body) // 2])
    await send_answer(send, answer, now, lose=fault is not None and fault.fault == "lost_answer")


def _authenticate(world: World, scope: Scope, headers: dict[str, str], body: bytes, now: float) -> Signed:
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    parameters = dict(query)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        parameters.update(parse_qsl(body.decode(), keep_blank_values=True))
    action = headers.get("x-acs-action", parameters.get("Action", ""))
    try:
        if "authorization" in headers:
            account = _account(world, acs3.access_key_of(headers)[0])
            path = scope.get("raw_path", b"/").decode("latin-1")
            request = acs3.Request(scope["method"], path, query, headers, body)
            acs3.verify(request, account.access_key_secret, world.nonces, now)
            return Signed(account, headers["x-acs-version"], action, parameters)
        if "Signature" in parameters:
            account = _account(world, parameters.get("AccessKeyId", ""))
            rpc1.verify(scope["method"], parameters, account.access_key_secret, world.nonces, now)
            mine = {k: v for k, v in parameters.items() if k not in rpc1.COMMON_PARAMETERS}
            return Signed(account, parameters["Version"], action, mine)
        raise SignatureRefused(400, "MissingAuthorization", "The request is not signed.")
    except SignatureRefused as refusal:
        world.requests.refuse(now, scope["method"], scope["path"], action, refusal.code, refusal.message)
        raise


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
