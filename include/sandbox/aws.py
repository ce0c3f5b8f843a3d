"""AWS Marketplace's metering service (2016-01-14): BatchMeterUsage, and ResolveCustomer for who only asks.

https://docs.aws.amazon.com/marketplace/latest/APIReference/API_marketplace-metering_BatchMeterUsage.html: 25 records of
one product in a request, hours of the last 24 hours, and of an earlier month until 06:00 UTC on the 1st. The first
record of an agreement, dimension and hour wins; the same one again is a success again, one with another quantity a
DuplicateRecord. A licence must be the account's and active in the hour (InvalidLicenseException).

Assumed: how a record with a licence and a ProductCode is refused, and that the hours in which an agreement begins and
ends are taken. UsageAllocations, which split a quantity by tags, are not looked at.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from include.sandbox import faults
from include.sandbox.answers import Answer, Receive, Scope, Send, read_body
from include.sandbox.aws_usage import batch_meter_usage
from include.sandbox.errors import Refusal, SignatureRefused
from include.sandbox.records import Account
from include.sandbox.signatures import sigv4
from include.sandbox.signatures.request import Request
from include.sandbox.world import World

_log = logging.getLogger(__name__)
_TARGET = re.compile(r"AWSMPMeteringService\.(\w+)")
_JSON = "application/x-amz-json-1.1"
#: Faults speak as Alibaba Cloud; AWS has words of its own.
_CODES = {
    "Throttling.User": "ThrottlingException",
    "InternalError": "InternalServiceErrorException",
    "ServiceUnavailable": "ServiceUnavailable",
    "InvalidParameter": "InvalidUsageDimensionException",
}


def is_asked(scope: Scope) -> bool:
    """Whether a request is for this service."""
    return any(name == b"x-amz-target" for name, _ in scope["headers"])


async def serve(world: World, scope: Scope, receive: Receive, send: Send, now: float) -> None:
    """Answer one request."""
    body = await read_body(scope, receive)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    fault, request_id = None, str(uuid4())
    try:
        action, account = _authenticate(world, scope, headers, body, now)
        fault = faults.take(world, faults.ON_THE_WIRE, service="aws", action=action, account_id=account.account_id)
        answer = await faults.strike(fault)
        if answer is None:
            answer = _answer(200, _operate(world, action, body, now), request_id)
    except Refusal as refusal:
        answer = _refuse(world, refusal, request_id)
    except Exception:  # noqa: BLE001 - whatever breaks here, the caller gets an error answer of AWS's form
        _log.exception("An operation failed")
        answer = _refuse(world, Refusal(500, "InternalFailure", "The sandbox itself failed; see its log."), request_id)
    world.commit()
    await faults.deliver(send, answer, now, fault)


def _authenticate(world: World, scope: Scope, headers: dict[str, str], body: bytes, now: float) -> tuple[str, Account]:
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    request = Request(scope["method"], scope.get("raw_path", b"/").decode("latin-1"), query, headers, body)
    target = headers["x-amz-target"]
    try:
        credential = sigv4.credential_of(headers)
        account = _account(world, credential)
        sigv4.verify(request, credential, account.access_key_secret, "aws-marketplace", time.time())
    except SignatureRefused as refusal:
        world.requests.refuse(now, request, target, refusal)
        raise
    match = _TARGET.fullmatch(target)
    world.requests.accept(f"aws:{match[1] if match else target}")
    if match is None or match[1] not in _OPERATIONS:
        raise Refusal(400, "UnknownOperationException", f"There is no operation {target}.")
    if account.role != "vendor" or account.site != "aws" or match[1] in account.denied_actions:
        message = f"User is not authorized to perform: aws-marketplace:{match[1]}"
        raise Refusal(400, "AccessDeniedException", message)
    return match[1], account


def _account(world: World, credential: sigv4.Credential) -> Account:
    account = world.accounts_by_access_key.get(credential.access_key_id)
    if account is None:
        message = "The security token included in the request is invalid."
        raise SignatureRefused(400, "UnrecognizedClientException", message)
    return account


def _operate(world: World, action: str, body: bytes, now: float) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise Refusal(400, "SerializationException", "The body is no JSON object.")
    return _OPERATIONS[action](world, asked, now)


def _resolve_customer(world: World, asked: dict[str, Any], now: float) -> dict[str, Any]:  # noqa: ARG001
    raise Refusal(400, "InvalidTokenException", "Registration token is invalid.")


_OPERATIONS: dict[str, Callable[[World, dict[str, Any], float], dict[str, Any]]] = {
    "BatchMeterUsage": batch_meter_usage,
    "ResolveCustomer": _resolve_customer,
}


def _answer(status: int, content: dict[str, Any], request_id: str) -> Answer:
    body = json.dumps(content, separators=(",", ":")).encode()
    return Answer(status, body, _JSON, (("x-amzn-requestid", request_id),))


def _refuse(world: World, refusal: Refusal, request_id: str) -> Answer:
    code = _CODES.get(refusal.code, refusal.code)
    world.requests.by_error[code] += 1
    return _answer(refusal.status, {"__type": code, "message": refusal.message}, request_id)
