"""What a failure of AWS means: the one door from botocore's exceptions to ours.

Codes are those of the metering service and of AWS in general:
https://docs.aws.amazon.com/marketplace/latest/APIReference/API_marketplace-metering_BatchMeterUsage.html
https://docs.aws.amazon.com/marketplace/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from include.domain.errors import AkubillError, RefusedError, RetriableError, UnexpectedAnswerError

if TYPE_CHECKING:
    from include.aws.access import AwsAccess

RefusalKind = Literal["credentials", "clock", "permission", "site", "records", "time", "other"]

#: Code of a failure before anything was sent: no connection was made, so nothing can have been done.
NOT_CONNECTED = "NotConnected"
#: Code of a request that botocore did not send, because it breaks a rule of the service's model.
NOT_SENDABLE = "ParamValidation"
_SERVER_ERRORS = 500
_RETRIABLE = frozenset(
    {
        "throttlingexception",
        "throttling",
        "throttledexception",
        "requestthrottled",
        "toomanyrequestsexception",
        "requestlimitexceeded",
        "internalserviceerrorexception",
        "internalfailure",
        "internalservererror",
        "serviceunavailable",
        "serviceunavailableexception",
    }
)
_KINDS: dict[RefusalKind, frozenset[str]] = {
    "credentials": frozenset(
        {
            "unrecognizedclientexception",
            "invalidclienttokenid",
            "invalidaccesskeyid",
            "invalidsignatureexception",
            "signaturedoesnotmatch",
            "incompletesignature",
            "incompletesignatureexception",
            "missingauthenticationtoken",
            "missingauthenticationtokenexception",
            "expiredtoken",
            "expiredtokenexception",
        }
    ),
    "clock": frozenset({"requestexpired", "requesttimetooskewed"}),
    "permission": frozenset(
        {"accessdenied", "accessdeniedexception", "notauthorized", "optinrequired", "unauthorizedoperation"}
    ),
    "site": frozenset({"disabledapiexception"}),
    "time": frozenset({"timestampoutofboundsexception"}),
    "records": frozenset(
        {
            NOT_SENDABLE.lower(),
            "invalidproductcodeexception",
            "invalidusagedimensionexception",
            "invalidcustomeridentifierexception",
            "invalidlicenseexception",
            "invalidtagexception",
            "invalidusageallocationsexception",
            "validationexception",
            "validationerror",
        }
    ),
}
_REMEDIES: dict[RefusalKind, str] = {
    "credentials": "Check the access key id and its secret in the Airflow connection.",
    "clock": "Set this machine's clock (NTP): requests are accepted within five minutes of AWS's time.",
    "permission": "Allow aws-marketplace:BatchMeterUsage to the access key's user in IAM.",
    "site": "Set the connection's region to the one in which the product is registered.",
    "time": "Usage is taken for 24 hours, and of an earlier month until 06:00 UTC on the 1st.",
    "records": "Correct what it names: dimension, licence, account or product code.",
    "other": "Correct the request; the service's API reference explains the code.",
}


def refusal_kind(code: str) -> RefusalKind:
    """What a refusal's code is about; "other" where we know no more than its own words."""
    lowered = code.lower()
    return next((kind for kind, codes in _KINDS.items() if lowered in codes), "other")


def error_from_botocore(call: str, failure: Exception, access: AwsAccess) -> AkubillError:
    """Our error for what botocore raised.

    Args:
        call: service and action ("AWS Marketplace BatchMeterUsage").
        failure: a ClientError, or another BotoCoreError.
        access: whose call it was; the message names the key's id.
    """
    from botocore.exceptions import (
        ClientError,
        ConnectTimeoutError,
        EndpointConnectionError,
        ParamValidationError,
        ProxyConnectionError,
    )

    if isinstance(failure, ClientError):
        return _error_from_answer(call, failure.response, access)
    if isinstance(failure, ParamValidationError):
        reason = " ".join(str(failure).split())[:300]
        return RefusedError(call, NOT_SENDABLE, reason, f"Nothing was sent. {_REMEDIES['records']}")
    if isinstance(failure, ConnectTimeoutError | EndpointConnectionError | ProxyConnectionError):
        return RetriableError(f"{call} was not reached: {_first_line(failure)}", code=NOT_CONNECTED)
    return RetriableError(f"{call} gave no usable answer: {_first_line(failure)}", code="NoAnswer")


def _error_from_answer(call: str, response: object, access: AwsAccess) -> AkubillError:
    answer = response if isinstance(response, dict) else {}
    error, head = answer.get("Error") or {}, answer.get("ResponseMetadata") or {}
    code, status = str(error.get("Code") or ""), head.get("HTTPStatusCode")
    message = " ".join(str(error.get("Message") or "it gave no reason").split())[:300].rstrip(". ")
    request_id = head.get("RequestId")
    trail = f" (request {request_id})" if request_id else ""
    is_server_error = isinstance(status, int) and status >= _SERVER_ERRORS
    if code.lower() in _RETRIABLE or (is_server_error and refusal_kind(code) == "other"):
        return RetriableError(f"{call} failed for now with {code}: {message}{trail}.", code=code)
    if not code or code.isdigit():  # botocore names an answer without a code by its status
        return UnexpectedAnswerError(f"{call} answered with status {status}, and in no form that is known{trail}.")
    remedy = _REMEDIES[refusal_kind(code)]
    if refusal_kind(code) == "credentials":
        remedy = f"{remedy} It was access key {access.access_key_id}."
    return RefusedError(call, code, message, remedy, request_id)


def _first_line(failure: BaseException) -> str:
    lines = str(failure).strip().splitlines()
    return f"{type(failure).__name__} {lines[0][:200] if lines else ''}".strip()
