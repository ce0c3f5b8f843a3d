"""Calls of the real SDKs, and console requests signed by the sandbox's own algorithm (checked in test_signatures)."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from include.sandbox.signatures import automq
from include.sandbox.signatures.request import Request

if TYPE_CHECKING:
    from tests.support.sandbox import SandboxConsole


PACKAGES = {
    "computenest": "alibabacloud_computenest20210601",
    "supplier": "alibabacloud_computenestsupplier20210521",
    "market": "alibabacloud_market20151101",
    "ecs": "alibabacloud_ecs20140526",
    "bss": "alibabacloud_bssopenapi20171214",
}
CLIENT = httpx.Client(trust_env=False)


def models(service: str) -> Any:
    """The SDK's models of a service."""
    return importlib.import_module(f"{PACKAGES[service]}.models")


def prepaid(months: int = 1, *, auto_renew: bool = True) -> dict[str, Any]:
    """What makes an order a licence."""
    commodity = models("computenest").CreateServiceInstanceRequestCommodity(
        pay_period=months, pay_period_unit="Month", auto_renew=auto_renew
    )
    return {"commodity": commodity, "specification_code": "cmgj-automq-byoc-prepay"}


def signed(
    console: SandboxConsole, method: str, url: str, body: bytes = b"", *, at: float | None = None, secret: str = ""
) -> dict[str, str]:
    """Headers of a console request, signed."""
    parts = urlsplit(url)
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if at is None else at))
    headers = {
        "accept-language": "en",
        "content-type": "application/json",
        "host": parts.netloc,
        "x-automq-date": date,
        "x-automq-environment-id": console.environment_id,
    }
    names = ";".join(sorted(headers))
    query = [(key, value) for key, _, value in (pair.partition("=") for pair in parts.query.split("&") if pair)]
    scope = f"{date[:8]}/private/cmp/cmp_request"
    text = automq.string_to_sign(Request(method, parts.path, query, headers, body), names, scope)
    signature = automq.sign(automq.signing_key(secret or console.access_key_secret, date[:8]), text)
    headers["authorization"] = (
        f"AUTOMQ-HMAC-SHA256 Credential={console.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


def ask(console: SandboxConsole, method: str, path: str, body: bytes = b"", **options: Any) -> httpx.Response:
    """Ask a console, signed; `path` follows /api/v1."""
    url = f"{console.console_url}/api/v1{path}"
    headers = signed(console, method, url, body, **options)
    return CLIENT.request(method, url, content=body or None, headers=headers)
