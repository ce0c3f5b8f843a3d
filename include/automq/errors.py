"""What a failure of a console means: the one door from its answers to our errors.

A console refuses with {"error": {"code", "message", "detail"}} under an HTTP status. Anything that is not its JSON
comes from something between us and it (a gateway's page), and may pass.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from include.domain.errors import (
    AkubillError,
    ConfigurationError,
    ConflictError,
    RefusedError,
    RetriableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.automq.access import ConsoleAccess

_MAY_PASS = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_LONGEST_WAIT = 3600


def parse_answer(call: str, access: ConsoleAccess, status: int, headers: Mapping[str, str], body: bytes) -> Any:  # noqa: ANN401 (JSON)
    """The JSON of an answer that says yes.

    Raises:
        RefusedError: it said no; `code` is the console's, or "HTTP 404" and the like.
        ConflictError: what was to be made exists, or its state does not allow it.
        ConfigurationError: the URL is not the console's.
        RetriableError: it failed for now, or something else than the console answered.
    """
    if status == HTTPStatus.OK or HTTPStatus.OK < status < HTTPStatus.MULTIPLE_CHOICES:
        try:
            return json.loads(body) if body else {}
        except (ValueError, RecursionError):
            raise RetriableError(
                f"{call} at {access.base_url} answered with something other than JSON.", code="NotJson"
            ) from None
    raise _error(call, access, status, headers, body)


def _error(call: str, access: ConsoleAccess, status: int, headers: Mapping[str, str], body: bytes) -> AkubillError:
    code, reason = _said(body)
    code = code or f"HTTP {status}"
    where = f"{call} at {access.base_url}"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return ConfigurationError(
            f"{where} was redirected to {headers.get('location', 'elsewhere')}. Enter the console's own URL."
        )
    if status in _MAY_PASS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return RetriableError(f"{where} failed for now with {code}: {reason}.", _retry_after(headers), code)
    if status == HTTPStatus.CONFLICT:
        return ConflictError(f"{where} refused with {code}: {reason}. Look at the instances in the console.")
    return RefusedError(where, code, reason, _remedy(access, status))


def _remedy(access: ConsoleAccess, status: int) -> str:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return (
            f"Check access key {access.access_key_id} and its secret, the environment id {access.environment_id}, and "
            "this machine's clock; the secret that was stored at registration may have been replaced in the console."
        )
    if status == HTTPStatus.NOT_FOUND:
        return "Check the id, and that the URL is this environment's console."
    return "Correct the request; the console's own words say what it does not accept."


def _said(body: bytes) -> tuple[str | None, str]:
    """The console's code and words, where it was the console that spoke."""
    try:
        said = json.loads(body)["error"]
        return said.get("code"), str(said.get("message") or said.get("detail") or "it gave no reason").rstrip(". ")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None, "it gave no reason"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that it asks us to wait; the form with a date is not used by consoles."""
    text = headers.get("retry-after", "")
    return min(float(text), _LONGEST_WAIT) if text.isdecimal() else None
