"""What refusals of Alibaba Cloud are about, on both of its sites."""

from __future__ import annotations

from include.alibaba.errors import NOT_CONNECTED, refusal_kind
from include.domain.errors import AkubillError, RefusedError, RetriableError
from include.marketplace.push.answers import ACCESS_KINDS, RECORDS_KIND

_RECORD_CODES = ("invalidparameter", "missingparameter")


def was_connected(failure: AkubillError) -> bool:
    """False where no connection was made."""
    return not (isinstance(failure, RetriableError) and failure.code == NOT_CONNECTED)


def kind_of(failure: AkubillError) -> str:
    """What a refusal is about. The codes of pushes are not documented; those of parameters in general are."""
    if not isinstance(failure, RefusedError):
        return "other"
    kind = refusal_kind(failure.code)
    if kind in ACCESS_KINDS:
        return kind
    is_about_records = failure.code.lower().startswith(_RECORD_CODES) or kind == "not_found"
    return RECORDS_KIND if is_about_records else "other"
