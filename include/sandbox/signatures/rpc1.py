"""RPC version 1, HMAC-SHA1: the older signature, which the SDKs still offer as `signature_algorithm="v2"`.

Everything is a parameter, the signature too; the signed text is method, "/" and the sorted parameters.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from include.sandbox.errors import SignatureRefused
from include.sandbox.signatures.acs3 import check_date, percent_encode
from include.sandbox.signatures.nonces import Nonces

COMMON_PARAMETERS = frozenset(
    {
        "AccessKeyId",
        "Action",
        "Format",
        "SecurityToken",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureType",
        "SignatureVersion",
        "Timestamp",
        "Version",
    }
)


def string_to_sign(method: str, parameters: Mapping[str, str]) -> str:
    """The text whose HMAC is the signature; `parameters` without Signature."""
    query = "&".join(f"{percent_encode(k)}={percent_encode(v)}" for k, v in sorted(parameters.items()))
    return f"{method}&%2F&{percent_encode(query)}"


def sign(secret: str, text: str) -> str:
    """The signature of a string to sign, in base64."""
    return base64.b64encode(hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()).decode()


def verify(method: str, parameters: Mapping[str, str], secret: str, nonces: Nonces, now: float) -> None:
    """Check date, signature and nonce.

    Raises:
        SignatureRefused: one of them is missing or wrong.
    """
    for name in ("Action", "Version", "Timestamp", "SignatureNonce", "SignatureMethod"):
        if not parameters.get(name):
            raise SignatureRefused(400, f"Missing{name}", f"{name} is mandatory for this action.")
    check_date(parameters["Timestamp"], now)
    text = string_to_sign(method, {k: v for k, v in parameters.items() if k != "Signature"})
    if parameters["SignatureMethod"] != "HMAC-SHA1" or not hmac.compare_digest(
        sign(secret, text), parameters["Signature"]
    ):
        raise SignatureRefused(
            400,
            "SignatureDoesNotMatch",
            f"Specified signature is not matched with our calculation. server string to sign is:{text}",
        )
    if not nonces.use(parameters["SignatureNonce"], now):
        raise SignatureRefused(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
