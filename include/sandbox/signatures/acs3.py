"""ACS3-HMAC-SHA256, the signature of today's Alibaba Cloud SDKs.

Rules: https://help.aliyun.com/document_detail/2593177.html. The signature covers method, path, sorted query, the signed
headers and the hash of the body; dates may be 15 minutes off; a nonce is good once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from include.sandbox.errors import SignatureRefused
from include.sandbox.signatures.nonces import MAX_SKEW_SECONDS, Nonces
from include.sandbox.signatures.request import Request

ALGORITHM = "ACS3-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=(?P<key>[^,]+),\s*SignedHeaders=(?P<signed>[^,]+),"
    r"\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_MUST_BE_SIGNED = (
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-content-sha256",
    "x-acs-signature-nonce",
)


def percent_encode(text: str) -> str:
    """RFC 3986 encoding, as both Alibaba algorithms use it."""
    return quote(text, safe="~")


def string_to_sign(request: Request, signed: Sequence[str], body_hash: str) -> str:
    """The text whose HMAC is the signature."""
    query = "&".join(f"{percent_encode(k)}={percent_encode(v)}" for k, v in sorted(request.query))
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in signed)
    canonical = "\n".join((request.method, request.path, query, headers, ";".join(signed), body_hash))
    return f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def sign(secret: str, text: str) -> str:
    """The signature of a string to sign, in hex."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def access_key_of(headers: Mapping[str, str]) -> tuple[str, list[str], str]:
    """Access key id, signed header names and signature of the Authorization header.

    Raises:
        SignatureRefused: it does not parse, or does not sign what must be signed.
    """
    match = _AUTHORIZATION.fullmatch(headers["authorization"])
    if not match:
        raise SignatureRefused(400, "IncompleteSignature", "The Authorization header does not parse.")
    signed = match["signed"].split(";")
    for name in _MUST_BE_SIGNED:
        if name not in signed or name not in headers:
            raise SignatureRefused(400, "IncompleteSignature", f"The header {name} is missing or not signed.")
    return match["key"], signed, match["signature"]


def verify(request: Request, secret: str, nonces: Nonces, now: float) -> None:
    """Check body hash, date, signature and nonce, in this order.

    Raises:
        SignatureRefused: one of them is wrong.
    """
    _, signed, signature = access_key_of(request.headers)
    body_hash = hashlib.sha256(request.body).hexdigest()
    if not hmac.compare_digest(body_hash, request.headers["x-acs-content-sha256"]):
        raise SignatureRefused(400, "InvalidContentSha256", "The hash of the body is not x-acs-content-sha256.")
    check_date(request.headers["x-acs-date"], now)
    text = string_to_sign(request, signed, body_hash)
    if not hmac.compare_digest(sign(secret, text), signature):
        raise SignatureRefused(
            400,
            "SignatureDoesNotMatch",
            f"Specified signature is not matched with our calculation. server string to sign is:{text}",
        )
    if not nonces.use(request.headers["x-acs-signature-nonce"], now):
        raise SignatureRefused(400, "SignatureNonceUsed", "Specified signature nonce was used already.")


def check_date(text: str, now: float) -> None:
    """Refuse a date (ISO 8601, UTC, whole seconds) that does not parse or is more than 15 minutes off."""
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise SignatureRefused(
            400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."
        ) from None
    if abs(now - at) > MAX_SKEW_SECONDS:
        raise SignatureRefused(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
