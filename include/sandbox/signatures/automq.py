"""AUTOMQ-HMAC-SHA256, the signature of AutoMQ's environment consoles.

A relative of AWS Signature Version 4 with service `cmp`, region `private` and the terminator `cmp_request`, as in
AutoMQ's own Terraform provider (client/signer/v4.go). There is no nonce: a request is good for 15 minutes either way.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from include.sandbox.errors import SignatureRefused
from include.sandbox.signatures.nonces import MAX_SKEW_SECONDS
from include.sandbox.signatures.request import Request

ALGORITHM = "AUTOMQ-HMAC-SHA256"
REGION, SERVICE, TERMINATOR = "private", "cmp", "cmp_request"
EMPTY_BODY_HASH = hashlib.sha256(b"").hexdigest()
_AUTHORIZATION = re.compile(
    r"AUTOMQ-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<scope>[^,]+),\s*SignedHeaders=(?P<signed>[^,]+),"
    r"\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_MUST_BE_SIGNED = ("host", "x-automq-date", "x-automq-environment-id")


@lru_cache(maxsize=65536)
def signing_key(secret: str, day: str, region: str = REGION, service: str = SERVICE) -> bytes:
    """The key of one UTC day; it is derived once, because consoles are asked all day with the same one."""
    key = f"AUTOMQ{secret}".encode()
    for part in (day, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@lru_cache(maxsize=4096)
def _instant(text: str) -> float:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def canonical_query(query: Sequence[tuple[str, str]]) -> str:
    """Sorted and encoded, blank as %20."""
    return "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(query))


def string_to_sign(request: Request, signed: str, scope: str) -> str:
    """The text whose HMAC is the signature; `signed` as in the Authorization header."""
    headers = request.headers
    lines = "".join([f"{name}:{_trim(headers.get(name, ''))}\n" for name in signed.split(";")])
    body_hash = hashlib.sha256(request.body).hexdigest() if request.body else EMPTY_BODY_HASH
    query = canonical_query(request.query) if request.query else ""
    canonical = f"{request.method}\n{request.path}\n{query}\n{lines}\n{signed}\n{body_hash}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{headers['x-automq-date']}\n{scope}\n{digest}"


def _trim(value: str) -> str:
    """A header's value without outer blanks, inner ones single."""
    value = value.strip()
    return re.sub(" +", " ", value) if "  " in value else value


def sign(key: bytes, text: str) -> str:
    """The signature of a string to sign, in hex."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def verify(request: Request, access_key_id: str, secret: str, now: float) -> None:
    """Check a console request against the console's credential.

    Raises:
        SignatureRefused: unsigned, another key, an old date, or a wrong signature.
    """
    headers = request.headers
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not match:
        raise SignatureRefused(401, "Unauthorized.MissingSignature", "The request is not signed.")
    signed = match["signed"]
    names = signed.split(";")
    if not all(name in names and name in headers for name in _MUST_BE_SIGNED):
        raise SignatureRefused(401, "Unauthorized.IncompleteSignature", f"Not all of {_MUST_BE_SIGNED} are signed.")
    if match["key"] != access_key_id:
        raise SignatureRefused(401, "Unauthorized.InvalidAccessKey", "The access key does not exist.")
    date = headers["x-automq-date"]
    _check_date(date, now)
    scope = f"{date[:8]}/{REGION}/{SERVICE}/{TERMINATOR}"
    signature = sign(signing_key(secret, date[:8]), string_to_sign(request, signed, scope))
    if match["scope"] != scope or not hmac.compare_digest(signature, match["signature"]):
        raise SignatureRefused(401, "Unauthorized.SignatureDoesNotMatch", "The signature is not the one we calculated.")


def _check_date(date: str, now: float) -> None:
    try:
        at = _instant(date)
    except ValueError:
        raise SignatureRefused(401, "Unauthorized.InvalidDate", "X-Automq-Date does not parse.") from None
    if abs(now - at) > MAX_SKEW_SECONDS:
        raise SignatureRefused(401, "Unauthorized.RequestExpired", "X-Automq-Date is more than 15 minutes off.")
