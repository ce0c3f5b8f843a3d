"""AWS Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.

The signature covers method, path, sorted query, the signed headers and the hash of the body; dates may be five minutes
off. There is no nonce: the same signed request may come twice.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from include.sandbox.errors import SignatureRefused
from include.sandbox.signatures.request import Request

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW_SECONDS = 300
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<scope>(?P<day>\d{8})/[^/]+/(?P<service>[^/]+)/aws4_request),"
    r"\s*SignedHeaders=(?P<signed>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_MUST_BE_SIGNED = ("host", "x-amz-date", "x-amz-target")


class Credential(NamedTuple):
    """What the Authorization header says."""

    access_key_id: str
    scope: str
    day: str
    service: str
    signed: list[str]
    signature: str


def credential_of(headers: Mapping[str, str]) -> Credential:
    """Read the Authorization header.

    Raises:
        SignatureRefused: it is missing, does not parse, or does not sign what must be signed.
    """
    if "authorization" not in headers:
        raise SignatureRefused(400, "MissingAuthenticationTokenException", "Missing Authentication Token")
    match = _AUTHORIZATION.fullmatch(headers["authorization"])
    if not match:
        raise SignatureRefused(400, "IncompleteSignatureException", "The Authorization header does not parse.")
    signed = match["signed"].split(";")
    missing = [name for name in _MUST_BE_SIGNED if name not in signed or name not in headers]
    if missing:
        raise SignatureRefused(400, "IncompleteSignatureException", f"{missing[0]} is missing or not signed.")
    return Credential(match["key"], match["scope"], match["day"], match["service"], signed, match["signature"])


def verify(request: Request, credential: Credential, secret: str, service: str, now: float) -> None:
    """Check service, date and signature, in this order.

    Raises:
        SignatureRefused: one of them is wrong.
    """
    if credential.service != service:
        message = f"Credential should be scoped to correct service: '{service}'."
        raise SignatureRefused(400, "InvalidSignatureException", message)
    date = request.headers["x-amz-date"]
    _check_date(date, credential.day, now)
    text = f"{ALGORITHM}\n{date}\n{credential.scope}\n{hashlib.sha256(_canonical(request, credential)).hexdigest()}"
    if not hmac.compare_digest(_sign(secret, credential.scope, text), credential.signature):
        message = "The request signature we calculated does not match the signature you provided."
        raise SignatureRefused(400, "InvalidSignatureException", message)


def _canonical(request: Request, credential: Credential) -> bytes:
    query = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(request.query))
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in credential.signed)
    body_hash = hashlib.sha256(request.body).hexdigest()
    parts = (request.method, request.path, query, headers, ";".join(credential.signed), body_hash)
    return "\n".join(parts).encode()


def _sign(secret: str, scope: str, text: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _check_date(text: str, day: str, now: float) -> None:
    try:
        at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise SignatureRefused(400, "IncompleteSignatureException", "X-Amz-Date does not parse.") from None
    if not text.startswith(day) or abs(now - at) > MAX_SKEW_SECONDS:
        raise SignatureRefused(400, "InvalidSignatureException", f"Signature not yet current or expired: {text}.")
