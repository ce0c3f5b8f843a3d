"""What the sandbox answers when it does not do what was asked."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - the outside refuses; it has not failed
    """An error answer.

    Attributes:
        status: HTTP status.
        code: the service's error code.
        message: the sentence that goes with it.
        headers: further response headers.
        extra: further fields of the error body.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self.extra = extra or {}


class SignatureRefused(Refusal):
    """The request was not signed, or not rightly; it is counted as refused."""
