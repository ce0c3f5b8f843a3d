"""How every call to Alibaba Cloud is made: signed by the SDK, within a deadline, repeated where that is safe.

The SDKs time out per read, so a server that drips bytes could hold a call for ever. We run their asynchronous methods
and cancel them: an attempt and the whole call each have a total deadline, and nothing is left running behind. (Their
asynchronous methods open a connection for each call; we make few calls.) The SDKs themselves repeat nothing.

From inside an event loop call a client in a thread (`await asyncio.to_thread(compute_nest.get_service_instance, …)`).
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from include.alibaba.errors import error_from_sdk
from include.domain.errors import AkubillError, RetriableError, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from include.alibaba.access import CloudAccess

    _Method = Callable[[object, object], Awaitable[Any]]
    _Check = Callable[[str, Any], None]

CONNECT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long a call may take.

    Attributes:
        call_seconds: for the call with all its attempts and waits.
        attempt_seconds: for one attempt.
        attempts: how often it is tried at most, where it may be repeated.
        first_wait_seconds: the ceiling of the first wait; it doubles (full jitter), and the cloud may ask for longer.
    """

    call_seconds: float = 30
    attempt_seconds: float = 10
    attempts: int = 5
    first_wait_seconds: float = 0.5


class _Call(NamedTuple):
    name: str
    method: _Method
    request: object
    check: _Check | None


class Gateway:
    """One account's way to one service, over that service's SDK package (imported at the first call)."""

    def __init__(self, access: CloudAccess, service: str, package: str, limits: CallLimits | None = None) -> None:
        self._access, self._service, self._package = access, service, package
        self._limits = limits or CallLimits()

    @cached_property
    def models(self) -> Any:  # noqa: ANN401 (the SDKs are untyped)
        """The SDK's request classes."""
        return import_module(f"{self._package}.models")

    @property
    def region_id(self) -> str:
        """The region that is called."""
        return self._access.region_id

    def call(self, action: str, request: object, *, repeatable: bool, check: _Check | None = None) -> Any:  # noqa: ANN401
        """Make a call and return the body of its answer.

        Args:
            action: its name in the API ("GetServiceInstance").
            request: the SDK's request object.
            repeatable: whether doing it twice does no harm: a read, or a write with a ClientToken.
            check: raises our error for an answer that is a refusal all the same; it is given the call's name and the
                body.

        Raises:
            RefusedError: the cloud said no; `code`, and errors.refusal_kind of it, say why.
            RetriableError: it failed for now, or was not answered in time. A call that is not repeatable may have
                been done all the same.
            UnexpectedAnswerError: the answer has no shape that the SDK knows.
        """
        method = getattr(self._client, f"{_snake_case(action)}_with_options_async")
        call = _Call(f"{self._service} {action}", method, request, check)
        return asyncio.run(self._within_deadline(call, repeatable=repeatable))

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401
        from alibabacloud_tea_openapi.utils_models import Config

        _quieten_sdk_log()
        access = self._access
        # A Config prints its secret: it stays in this expression, out of locals and logs.
        return import_module(f"{self._package}.client").Client(
            Config(
                access_key_id=access.access_key_id,
                access_key_secret=access.access_key_secret.get_secret_value(),
                region_id=access.region_id,
                endpoint=access.endpoint,
                protocol=access.protocol,
            )
        )

    async def _within_deadline(self, call: _Call, *, repeatable: bool) -> Any:  # noqa: ANN401
        limits = self._limits
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(RetriableError),
            wait=_WaitAsAsked(limits.first_wait_seconds),
            stop=stop_after_attempt(limits.attempts if repeatable else 1) | stop_before_delay(limits.call_seconds),
            reraise=True,
        )
        failures: list[RetriableError] = []
        try:
            async with asyncio.timeout(limits.call_seconds):
                return await retrying(self._attempt, call, failures)
        except TimeoutError:
            before = f" Before that: {failures[-1]}" if failures else ""
            raise RetriableError(
                f"{call.name} was not answered within {limits.call_seconds:g} s.{before}", code="Deadline"
            ) from None

    async def _attempt(self, call: _Call, failures: list[RetriableError]) -> Any:  # noqa: ANN401
        from darabonba.runtime import RuntimeOptions
        from Tea.exceptions import TeaException

        seconds = self._limits.attempt_seconds
        runtime = RuntimeOptions(read_timeout=int(seconds * 1000), connect_timeout=CONNECT_SECONDS * 1000)
        try:
            async with asyncio.timeout(seconds):
                response = await call.method(call.request, runtime)
            return _checked_body(call, response)
        except TimeoutError:
            failure: AkubillError = RetriableError(
                f"{call.name} was not answered within {seconds:g} s.", code="Deadline"
            )
        except TeaException as error:
            failure = error_from_sdk(call.name, error, self._access)
        except AkubillError as error:
            failure = error
        if isinstance(failure, RetriableError):
            failures.append(failure)
        # The SDK's exception holds the signed request, so it is not chained.
        raise failure from None


class _WaitAsAsked:
    """Full jitter, and never less than the cloud asked for."""

    def __init__(self, first_wait_seconds: float) -> None:
        self._jitter = wait_random_exponential(multiplier=first_wait_seconds, max=10)

    def __call__(self, retry_state: RetryCallState) -> float:
        failure = retry_state.outcome.exception() if retry_state.outcome else None
        asked = failure.retry_after if isinstance(failure, RetriableError) else None
        return max(asked or 0.0, self._jitter(retry_state))


def _checked_body(call: _Call, response: Any) -> Any:  # noqa: ANN401
    """The answer's body. The SDKs swallow an answer of another shape and leave the body empty."""
    body = getattr(response, "body", None)
    if body is None:
        raise UnexpectedAnswerError(
            f"{call.name} answered in a shape that its SDK does not know. Look for a newer version of the SDK package."
        )
    if call.check is not None:
        call.check(call.name, body)
    return body


def _snake_case(action: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", action).lower()


def _quieten_sdk_log() -> None:
    """Take the SDKs' own handler off: it prints to standard error, at level DEBUG with signed headers."""
    import darabonba.core  # noqa: F401 (importing it puts the handler on)

    log = logging.getLogger("darabonba-core")
    log.handlers.clear()
    log.setLevel(logging.WARNING)
