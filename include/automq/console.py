"""An environment console, for one call at a time: onboarding, checks, the command line.

For polling many consoles over one client see listing.py. Reads are repeated within their deadline; making an instance
is not, since a console has no idempotency token: look by name first, and again after a failure.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from include.automq.errors import parse_answer
from include.automq.listing import Listing, list_instances
from include.automq.transport import INSTANCES, send
from include.domain.errors import (
    ConflictError,
    InvalidInputError,
    RetriableError,
    UnexpectedAnswerError,
)
from include.domain.periods import parse_instant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from include.automq.access import ConsoleAccess

    T = TypeVar("T")
    _Operation = Callable[[httpx.AsyncClient], Awaitable[T]]

__all__ = ["Console", "KafkaInstance", "Listing", "Network", "NewInstance", "list_instances"]

ATTEMPTS = 4
STEP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Network:
    """Where in the environment's network brokers are placed."""

    zone: str
    subnets: Sequence[str]


@dataclass(frozen=True, slots=True)
class NewInstance:
    """A Kafka instance that is wanted.

    Attributes:
        name: 3 to 64 of Chinese characters, letters, digits, _ and -.
        aku: its size.
        description: 128 characters at most.
        version: of Kafka's image; the console's own choice when empty.
        networks: where it is placed; the console's own choice when empty.
    """

    name: str
    aku: int
    description: str = ""
    version: str = ""
    networks: Sequence[Network] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class KafkaInstance:
    """A Kafka instance, as its console has it.

    Attributes:
        instance_id: its id.
        name: its name.
        state: Creating, Running, Changing, Deleting, Error, ….
        aku: its size (spec.reservedAku), which is what is billed.
        created_at: instant.
        modified_at: instant of the last change.
    """

    instance_id: str
    name: str
    state: str
    aku: int
    created_at: datetime
    modified_at: datetime


class Console:
    """One console. Every method waits for its answer.

    Raises:
        RefusedError: the console said no; `code` says why.
        RetriableError: it failed for now, or was not answered in time.
        UnexpectedAnswerError: the answer has no shape that we know.
    """

    def __init__(self, access: ConsoleAccess, *, deadline_seconds: float = 30) -> None:
        self._access, self._deadline_seconds = access, deadline_seconds

    def list_instances(self) -> Listing:
        """All instances, as they came."""
        return self._read(lambda client: list_instances(client, self._access, deadline_seconds=self._deadline_seconds))

    def find_instance(self, name: str) -> KafkaInstance | None:
        """The instance of exactly that name, if there is one.

        Raises:
            ConflictError: there are several.
        """
        listing = self._read(
            lambda client: list_instances(client, self._access, deadline_seconds=self._deadline_seconds, keyword=name)
        )
        found = [_instance(raw) for raw in listing.instances if raw.get("name") == name]
        if len(found) > 1:
            ids = ", ".join(instance.instance_id for instance in found)
            raise ConflictError(f"{self._access.base_url} has several instances named {name!r}: {ids}. Rename one.")
        return found[0] if found else None

    def create_instance(self, wanted: NewInstance) -> KafkaInstance:
        """Start making an instance. After a RetriableError it may exist all the same: find it by its name."""
        payload = _payload(wanted)
        answer = self._once(lambda client: self._ask(client, "Creating an instance", "POST", INSTANCES, payload))
        return _instance(answer)

    async def _ask(
        self,
        client: httpx.AsyncClient,
        call: str,
        method: str,
        path: str,
        payload: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 (JSON)
        answer = await send(client, self._access, method, path, payload=payload)
        return parse_answer(call, self._access, answer.status, answer.headers, answer.body)

    def _read(self, operation: _Operation[T]) -> T:
        return asyncio.run(self._run(operation, ATTEMPTS))

    def _once(self, operation: _Operation[T]) -> T:
        return asyncio.run(self._run(operation, 1))

    async def _run(self, operation: _Operation[T], attempts: int) -> T:
        """Do it within the deadline, repeated with full jitter, and not before the console allows."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(RetriableError),
            wait=_wait,
            stop=stop_after_attempt(attempts) | stop_before_delay(self._deadline_seconds),
            reraise=True,
        )

        async def attempt(client: httpx.AsyncClient) -> T:
            # Tenacity awaits coroutine functions only, and an operation may be a lambda that gives a coroutine.
            return await operation(client)

        try:
            async with (
                asyncio.timeout(self._deadline_seconds),
                httpx.AsyncClient(timeout=STEP_SECONDS) as client,
            ):
                return await retrying(attempt, client)
        except TimeoutError:
            raise RetriableError(
                f"{self._access.base_url} did not answer within {self._deadline_seconds:g} s.",
                code="Deadline",
            ) from None


_jitter = wait_random_exponential(multiplier=0.3, max=5)


def _wait(retry_state: RetryCallState) -> float:
    failure = retry_state.outcome.exception() if retry_state.outcome else None
    asked = failure.retry_after if isinstance(failure, RetriableError) else None
    return max(asked or 0.0, _jitter(retry_state))


def _payload(wanted: NewInstance) -> dict[str, Any]:
    spec: dict[str, Any] = {"reservedAku": wanted.aku}
    if wanted.networks:
        spec["networks"] = [{"zone": network.zone, "subnets": list(network.subnets)} for network in wanted.networks]
    payload = {"name": wanted.name, "description": wanted.description, "spec": spec}
    return payload | ({"version": wanted.version} if wanted.version else {})


def _instance(raw: Any) -> KafkaInstance:  # noqa: ANN401 (JSON)
    try:
        return KafkaInstance(
            instance_id=str(raw["instanceId"]),
            name=str(raw["name"]),
            state=str(raw["state"]),
            aku=_whole(raw["spec"]["reservedAku"]),
            created_at=parse_instant(raw["gmtCreate"], "gmtCreate"),
            modified_at=parse_instant(raw["gmtModified"], "gmtModified"),
        )
    except (KeyError, TypeError, ValueError, InvalidInputError) as error:
        raise UnexpectedAnswerError(
            f"The console answered an instance without what we need of it ({error}). Check the console's version."
        ) from None


def _whole(number: object) -> int:
    if type(number) is not int:
        raise ValueError(f"reservedAku {number!r} is no whole number")
    return number
