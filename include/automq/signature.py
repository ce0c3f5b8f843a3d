"""AUTOMQ-HMAC-SHA256: how requests to an environment console are signed.

A relative of AWS Signature Version 4 with its own names: service `cmp`, region `private`, terminator `cmp_request`.
Rule and test vector: AutoMQ/terraform-provider-automq, client/signer. The path is signed as it is sent.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ALGORITHM = "AUTOMQ-HMAC-SHA256"
DATE_HEADER = "x-automq-date"
_EMPTY_BODY = sha256(b"").hexdigest()
_NOT_SIGNED = frozenset({"authorization", "user-agent"})


def canonical_query(query: Mapping[str, str]) -> str:
    """The query as it is signed, and so as it has to be sent: sorted, and quoted like RFC 3986."""
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(query.items()))


def sign(
    *,
    access_key_id: str,
    secret: str,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    at: datetime,
    region: str = "private",
    service: str = "cmp",
) -> dict[str, str]:
    """The two headers that a signed request has besides those given.

    Args:
        access_key_id: the key's id.
        secret: its secret.
        method: HTTP method.
        path: as sent.
        query: as sent; from canonical_query.
        headers: those that are sent and signed, `host` among them; names in lower case.
        body: as sent.
        at: instant of the request, in UTC.
        region: of the scope.
        service: of the scope.
    """
    stamp = f"{at:%Y%m%dT%H%M%SZ}"
    day = stamp[:8]
    signed = {name: value for name, value in headers.items() if name not in _NOT_SIGNED} | {DATE_HEADER: stamp}
    names = sorted(signed)
    signed_names = ";".join(names)
    lines = "".join([f"{name}:{signed[name].strip()}\n" for name in names])
    body_hash = sha256(body).hexdigest() if body else _EMPTY_BODY
    canonical = f"{method}\n{path}\n{query}\n{lines}\n{signed_names}\n{body_hash}"
    scope = f"{day}/{region}/{service}/cmp_request"
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(_signing_key(secret, day, region, service), text.encode(), "sha256").hex()
    return {
        DATE_HEADER: stamp,
        "authorization": (
            f"{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={signed_names}, Signature={signature}"
        ),
    }


@lru_cache(maxsize=16_384)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key of one secret for one day; kept, since every poll of that day needs it."""
    key = f"AUTOMQ{secret}".encode()
    for part in (day, region, service, "cmp_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
