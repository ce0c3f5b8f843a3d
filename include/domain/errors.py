"""Every error of the product, by what should happen next.

    AkubillError
    ├── FatalError            fail now: say why and what to do; trying again would not help
    │   ├── InvalidInputError     what a person gave breaks a rule
    │   ├── RefusedError          the outside understood us and said no
    │   ├── ConflictError         it exists already, or is not in a state that allows this
    │   ├── ConfigurationError    a connection, a key or a migration is missing or wrong
    │   └── UnexpectedAnswerError the outside answered in a shape that we do not know
    └── RetriableError        try again, within the time there is

Bad data is not an error but a value: `Rejection` (words/metering.py). It is stored and counted, and stops nothing.
A message never carries a secret: say which credential, never what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class AkubillError(Exception):
    """Base of all errors that the product raises on purpose."""


class FatalError(AkubillError):
    """Trying again would give the same answer."""


class InvalidInputError(FatalError, ValueError):
    """What a person gave breaks a rule; also a ValueError, so that pydantic's validators may raise it.

    Args:
        what: the input's name as the person knows it ("Region", "USAGE.csv line 7, hour").
        value: the value as given, never a secret; None where nothing was given, which is not printed.
        rule: the rule that it breaks, as a clause ("must be one of cn-hangzhou, …").
        remedy: what the person can do, as a sentence.
    """

    def __init__(self, what: str, value: object, rule: str, remedy: str) -> None:
        given = "" if value is None else f" is {value!r}: it"
        super().__init__(f"{what}{given} {rule}. {remedy}")
        self.what, self.value, self.rule, self.remedy = what, value, rule, remedy


class NoUserError(InvalidInputError):
    """A decision came without the name of the person who makes it."""

    def __init__(self) -> None:
        super().__init__("User name", "", "must not be empty", "Log in and try again.")
        self.args = ("No user name was given. Log in and try again.",)


class InvalidFormError(InvalidInputError):
    """Several fields of a form break their rules.

    Args:
        mistakes: one for each field, in their order.
    """

    def __init__(self, mistakes: Sequence[InvalidInputError]) -> None:
        super().__init__("Form", None, "has several mistakes", "Correct them.")
        numbered = " ".join(f"({number}) {mistake}" for number, mistake in enumerate(mistakes, start=1))
        self.args = (f"{len(mistakes)} fields are wrong. {numbered}",)
        self.mistakes = list(mistakes)


class RefusedError(FatalError):
    """The outside understood the request and refused it.

    Args:
        service: who refused ("Compute Nest CreateServiceInstance").
        code: its error code.
        reason: its own words, or ours where its are unclear.
        remedy: what the reader can do, as a sentence.
        request_id: the outside's id of the request, for its support desk.
    """

    def __init__(self, service: str, code: str, reason: str, remedy: str, request_id: str | None = None) -> None:
        trail = f" (request {request_id})" if request_id else ""
        super().__init__(f"{service} refused with {code}: {reason}{trail}. {remedy}")
        self.service, self.code, self.reason, self.remedy, self.request_id = service, code, reason, remedy, request_id


class ConflictError(FatalError):
    """The thing exists already, or its state does not allow what was asked."""


class ConfigurationError(FatalError):
    """A connection, a key, a role or a migration is missing or wrong."""


class UnexpectedAnswerError(FatalError):
    """The outside answered in a shape that we do not know: its interface, or its SDK, has changed."""


class RetriableError(AkubillError):
    """It may work later.

    Args:
        message: what happened, with which input.
        retry_after: seconds to wait at least, where the outside said so.
        code: the outside's error code, where there is one.
    """

    def __init__(self, message: str, retry_after: float | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.retry_after, self.code = retry_after, code
