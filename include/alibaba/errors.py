"""What a failure of Alibaba Cloud means: the one door from its SDKs' exceptions to ours.

Failures are classed by their code, not by their HTTP status: throttling arrives as 400, 429 or 503, an unknown key as
400 or 404, and BSS refuses under HTTP 200. Codes are compared by prefix, without regard to case, since services refine
them (`Throttling.User`, `Forbidden.RAM`). Codes are those of the public error-code pages; the kind groups the ones that
ask the reader for the same thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from include.domain.errors import AkubillError, RefusedError, RetriableError

if TYPE_CHECKING:
    from include.alibaba.access import CloudAccess

RefusalKind = Literal[
    "credentials",
    "clock",
    "permission",
    "real_name",
    "site",
    "arrears",
    "region",
    "quota",
    "not_found",
    "conflict",
    "other",
]

#: Codes after which the same request may work. `LastTokenProcessing` is an earlier request with the same ClientToken
#: that has not ended; a nonce that was seen before is replaced by a new one on every attempt.
RETRIABLE_PREFIXES = (
    "throttling",
    "serviceunavailable",
    "internalerror",
    "systembusy",
    "system.busy",
    "unknownerror",
    "requesttimeout",
    "servicetimeout",
    "gatewaytimeout",
    "lasttokenprocessing",
    "signaturenonceused",
)
#: Code of a failure before anything was sent: no connection was made, so nothing can have been done.
NOT_CONNECTED = "NotConnected"
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500


class _Rule(NamedTuple):
    kind: RefusalKind
    prefixes: tuple[str, ...]
    remedy: str


_RULES = (
    _Rule(
        "real_name",
        (
            "realnameauthentication",
            "forbidden.realname",
            "notrealname",
            "enterprisecertify",
            "account.notrealname",
        ),
        "Complete real-name authentication of the account in the Alibaba Cloud console, then start again.",
    ),
    _Rule(
        "arrears",
        (
            "arrearage",
            "account.arrear",
            "insufficientbalance",
            "invalidaccountstatus",
            "accountarrear",
            "notenoughbalance",
            "pay.insufficient",
            "forbidden.arrear",
        ),
        "Settle the account's overdue amount or add credit in Alibaba Cloud's Expenses and Costs, then start again.",
    ),
    _Rule(
        "region",
        (
            "invalidregion",
            "regionnotsupport",
            "unsupportedregion",
            "operationdenied.region",
            "forbidden.region",
        ),
        "Choose a region in which the service is offered.",
    ),
    _Rule(
        "site",
        ("forbidden.site", "forbidden.international"),
        "Use an account of the China site (aliyun.com).",
    ),
    _Rule(
        "credentials",
        (
            "invalidaccesskeyid",
            "signaturedoesnotmatch",
            "incompletesignature",
            "invalidsecuritytoken",
            "invalidcredentials",
            "missingaccesskeyid",
        ),
        "Check the access key id and its secret in the Airflow connection of this account.",
    ),
    _Rule(
        "clock",
        ("invalidtimestamp", "illegaltimestamp"),
        "Set this machine's clock (NTP): requests are accepted within 15 minutes of the cloud's time.",
    ),
    _Rule(
        "permission",
        (
            "forbidden",
            "forbbiden",
            "nopermission",
            "notauthorized",
            "accessdenied",
            "unauthorized",
            "operationdenied",
        ),
        "Have the account's administrator grant this action to the access key's user in RAM.",
    ),
    _Rule("quota", ("quota",), "Ask Alibaba Cloud for a higher quota, or release what is not needed."),
    _Rule(
        "conflict",
        (
            "idempotentparametermismatch",
            "entityalreadyexist",
            "duplicated",
            "incorrectstatus",
            "incorrectserviceinstancestatus",
            "incorrect",
            "operationconflict",
        ),
        "Look at the thing's present state in the Alibaba Cloud console before trying again.",
    ),
    _Rule("not_found", ("entitynotexist", "invalidapi.notfound"), "Check the id, the account and the region."),
)
_OTHER = _Rule("other", (), "Correct the request; the service's error-code page explains the code.")
_NOT_FOUND = _Rule("not_found", (), "Check the id, the account and the region.")


def refusal_kind(code: str) -> RefusalKind:
    """What a refusal's code asks for; "other" where we know no more than its own words."""
    return _rule(code).kind


def is_retriable(code: str, status: int | None = None) -> bool:
    """Whether the same request may work later."""
    if code.lower().startswith(RETRIABLE_PREFIXES):
        return True
    known = _rule(code) is not _OTHER
    return not known and status is not None and (status >= _SERVER_ERRORS or status == _TOO_MANY_REQUESTS)


def error_from_code(
    call: str,
    code: str,
    message: str,
    access: CloudAccess,
    *,
    status: int | None = None,
    request_id: str | None = None,
    retry_after: float | None = None,
    denied_action: str | None = None,
) -> AkubillError:
    """Our error for a failure that the cloud named.

    Args:
        call: service and action ("Compute Nest CreateServiceInstance").
        code: the cloud's code.
        message: its own words.
        access: whose call it was; the message names the account and the key's id.
        status: HTTP status, where there was one; decides only for codes that we do not know.
        request_id: the cloud's id of the request.
        retry_after: seconds to wait, where it said so.
        denied_action: the action that RAM denied, where it said so.
    """
    trail = f" (request {request_id})" if request_id else ""
    message = " ".join(message.split())  # a refused signature is quoted with its line breaks
    if retry_after is not None or is_retriable(code, status):
        return RetriableError(f"{call} failed for now with {code}: {message}{trail}.", retry_after, code)
    rule = _rule(code)
    remedy = rule.remedy
    if rule.kind == "credentials":
        remedy = f"{remedy} It was access key {access.access_key_id} of account {access.account_id or '(not given)'}."
    elif rule.kind == "permission" and denied_action:
        remedy = f"{remedy} The missing permission is {denied_action}."
    return RefusedError(call, code, message.rstrip(". "), remedy, request_id)


def error_from_sdk(call: str, failure: Exception, access: CloudAccess) -> AkubillError:
    """Our error for what an SDK raised (a Tea.exceptions.TeaException of any kind).

    Without a code nothing in JSON came back: no connection was made, the network failed, or something between answered
    (a proxy's page).
    """
    code = _text(getattr(failure, "code", None))
    status = getattr(failure, "status_code", None)
    data = getattr(failure, "data", None)
    answer = data if isinstance(data, dict) else {}
    if code is None and status is None:
        inner = getattr(failure, "inner_exception", None) or failure
        reason = NOT_CONNECTED if _was_not_connected(failure) else "NoAnswer"
        return RetriableError(f"{call} gave no usable answer: {_first_line(inner)}", code=reason)
    milliseconds = getattr(failure, "retry_after", None)
    denied = getattr(failure, "access_denied_detail", None)
    return error_from_code(
        call,
        code or f"HTTP {status}",
        _text(answer.get("Message") or answer.get("message")) or "it gave no reason",
        access,
        status=status,
        request_id=_text(getattr(failure, "request_id", None)),
        retry_after=milliseconds / 1000 if milliseconds else None,
        denied_action=_text(denied.get("AuthAction")) if isinstance(denied, dict) else None,
    )


def _was_not_connected(failure: BaseException) -> bool:
    from aiohttp import ClientConnectorError

    seen: BaseException | None = failure
    while seen is not None:
        if isinstance(seen, ClientConnectorError):
            return True
        seen = getattr(seen, "inner_exception", None) or seen.__cause__ or seen.__context__
    return False


def _rule(code: str) -> _Rule:
    lowered = code.lower()
    for rule in _RULES:
        if lowered.startswith(rule.prefixes):
            return rule
    return _NOT_FOUND if lowered.endswith("notfound") else _OTHER


def _text(value: object) -> str | None:
    """The value as text; the SDKs write a missing one as the text 'None'."""
    return None if value is None or value in {"None", ""} else str(value)


def _first_line(failure: BaseException) -> str:
    """The failure in a few words; a proxy's page may be long."""
    lines = str(failure).strip().splitlines()
    return f"{type(failure).__name__} {lines[0][:200] if lines else ''}".strip()
