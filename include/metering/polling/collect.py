"""Asks the consoles of a shard what instances they have, all at once, and streams the answers into the warehouse.

A fixed number of askers take consoles from one list, each within a deadline of its own, so a slow or dead console costs
the others nothing. Answers go to the warehouse in batches while asking goes on, and askers wait when it falls behind:
memory does not grow with the number of consoles. A console that fails is a failed poll with its cause; one that always
fails is asked less often (breaker.py). A run ends within its time: who was not asked by then is counted, and asked by
the next run; no poll is made up for it.
"""

from __future__ import annotations

import asyncio
import json
import random
import zlib
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from include.automq.access import ConsoleAccess
from include.automq.listing import MACHINE_CLOCK, list_instances
from include.catalog.loader import load_product
from include.domain.errors import (
    AkubillError,
    ConfigurationError,
    RefusedError,
    RetriableError,
    UnexpectedAnswerError,
)
from include.metering.polling.breaker import Breaker, Failures
from include.metering.polling.readings import Poll, read_listing
from include.metering.polling.record import RecordCounts, record_polls
from include.warehouse.engine import statement

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Engine, Row

    from include.automq.listing import Listing
    from include.domain.products import AkuRules
    from include.metering.polling.readings import Reading
    from include.warehouse.vault import Vault

#: How codes begin that ask for patience.
_THROTTLED = ("HTTP 429", "TooManyRequests", "Throttling", "RequestThrottled")
_JITTER = wait_random_exponential(multiplier=0.5, max=5)
_BROKEN = frozenset({"NotJson", "ListingChanged"})


@dataclass(frozen=True, slots=True)
class Pace:
    """How consoles are asked.

    Attributes:
        concurrency: how many at once.
        run_seconds: for the whole run; less than the five minutes until the next one.
        deadline_seconds: for one console, its further tries included.
        step_seconds: for connecting, and for each wait for bytes.
        tries: how often a console is asked that fails for now.
        batch: how many polls go to the warehouse at once.
        breaker: when one that always fails is spared.
        now: our clock, by which answers are dated.
    """

    concurrency: int = 64
    run_seconds: float = 240
    deadline_seconds: float = 20
    step_seconds: float = 10
    tries: int = 3
    batch: int = 500
    breaker: Breaker = field(default_factory=Breaker)
    now: Callable[[], datetime] = MACHINE_CLOCK


@dataclass(frozen=True, slots=True)
class PollCounts:
    """What a run over one shard gave.

    Attributes:
        environments: that were asked.
        answered: polls.
        failed: polls.
        rejected: readings.
        spared: environments whose consoles failed in every run, and whose next probe is not due.
        not_asked: environments for which the run had no time.
    """

    environments: int = 0
    answered: int = 0
    failed: int = 0
    rejected: int = 0
    spared: int = 0
    not_asked: int = 0

    def counts(self) -> dict[str, int]:
        """The same as plain values, for XCom and JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Console:
    environment_key: int
    access: ConsoleAccess
    aku: AkuRules
    is_probe: bool


def collect_shard(warehouse: Engine, vault: Vault, shard: int, pace: Pace = Pace()) -> PollCounts:
    """Poll every metered environment of the shard once, but those whose console is spared.

    Asking twice at once is harmless: each is a poll at its own instant.

    Raises:
        ConfigurationError: when a stored secret cannot be decrypted by the vault.
    """
    rows, spared = _due(warehouse, shard, pace.breaker, pace.now())
    try:
        return replace(asyncio.run(_collect(warehouse, _consoles(rows, vault, pace.breaker), pace)), spared=spared)
    except ExceptionGroup as group:
        # Retries are decided by the kind of error, which a group of tasks hides.
        raise _what_stopped(group) from None


def _what_stopped(error: Exception) -> Exception:
    """The error that ended a group of tasks."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def sum_shards(shards: list[dict[str, int]], expected: int) -> PollCounts:
    """Add up what the shards' runs gave.

    Raises:
        RetriableError: when a shard is missing; its consoles are asked again by the next run.
    """
    done = PollCounts(**{name: sum(shard[name] for shard in shards) for name in asdict(PollCounts())})
    if len(shards) < expected:
        raise RetriableError(
            f"Only {len(shards)} of {expected} shards were asked ({done.answered} consoles answered, {done.failed} "
            "failed). Look at the log of the failed ask_consoles."
        )
    return done


def _due(warehouse: Engine, shard: int, breaker: Breaker, now: datetime) -> tuple[list[Row[Any]], int]:
    """The shard's consoles that are asked now, and how many are spared."""
    with warehouse.connect() as connection:
        rows = connection.execute(statement("metering/polling/find_consoles"), {"shard": shard, "at": now}).all()
    due = [row for row in rows if not breaker.spares(_failures(row), now)]
    # A run that has no time for all leaves out other ones each time.
    random.shuffle(due)
    return due, len(rows) - len(due)


def _failures(row: Row[Any]) -> Failures | None:
    return None if row.failed_runs is None else Failures(row.failed_runs, row.last_failed_at)


def _consoles(rows: list[Row[Any]], vault: Vault, breaker: Breaker) -> Iterator[_Console]:
    """The consoles, decrypted as they are needed."""
    limits: dict[str, AkuRules] = {}
    for row in rows:
        if row.product not in limits:
            limits[row.product] = load_product(row.product).aku
        secret = vault.decrypt(row.secret_ciphertext)
        access = ConsoleAccess(row.console_url, row.environment_id, row.access_key_id, secret)
        yield _Console(row.environment_key, access, limits[row.product], breaker.is_open(_failures(row)))


async def _collect(warehouse: Engine, consoles: Iterator[_Console], pace: Pace) -> PollCounts:
    answers: asyncio.Queue[Poll | None] = asyncio.Queue(maxsize=pace.batch)
    ends_at, trust = asyncio.get_running_loop().time() + pace.run_seconds, _trust()
    async with asyncio.TaskGroup() as group:
        storing = group.create_task(_store(warehouse, answers, pace.batch))
        async with asyncio.TaskGroup() as askers:
            asking = [
                askers.create_task(_ask_some(consoles, answers, pace, ends_at, trust)) for _ in range(pace.concurrency)
            ]
        await answers.put(None)
    asked, not_asked = (sum(counts) for counts in zip(*(task.result() for task in asking), strict=True))
    return PollCounts(asked, *storing.result(), not_asked=not_asked)


@cache
def _trust() -> ssl.SSLContext:
    """The authorities that consoles' certificates are checked by; reading them takes as long as some polls."""
    return httpx.create_ssl_context()


async def _ask_some(
    consoles: Iterator[_Console],
    answers: asyncio.Queue[Poll | None],
    pace: Pace,
    ends_at: float,
    trust: ssl.SSLContext,
) -> tuple[int, int]:
    """One asker: takes the next console until there is none; how many it asked, and for how many it had no time.

    It has a client of its own with one connection: a pool that all share looks at all its connections at each request.
    """
    asked, not_asked, loop = 0, 0, asyncio.get_running_loop()
    async with httpx.AsyncClient(
        verify=trust, timeout=httpx.Timeout(pace.step_seconds, pool=None), limits=httpx.Limits(max_connections=1)
    ) as client:
        for console in consoles:
            seconds = pace.breaker.probe_seconds if console.is_probe else pace.deadline_seconds
            # A console is not marked silent because our own time ran out.
            if loop.time() + seconds > ends_at:
                not_asked += 1
                continue
            await answers.put(await _poll(client, console, seconds, 1 if console.is_probe else pace.tries, pace.now))
            asked += 1
    return asked, not_asked


async def _store(warehouse: Engine, answers: asyncio.Queue[Poll | None], size: int) -> RecordCounts:
    """Writes batches, in a thread so that asking goes on, until None comes."""
    recorded, batch, is_open = RecordCounts(), [], True
    while is_open:
        poll = await answers.get()
        is_open = poll is not None
        if poll is not None:
            batch.append(poll)
        if batch and (len(batch) == size or not is_open):
            recorded = recorded.plus(await asyncio.to_thread(record_polls, warehouse, batch))
            batch = []
    return recorded


async def _poll(
    client: httpx.AsyncClient, console: _Console, seconds: float, tries: int, now: Callable[[], datetime]
) -> Poll:
    """Ask one console within its time; whatever goes wrong with it is a failed poll."""
    asked_at = now().replace(microsecond=0)
    try:
        async with asyncio.timeout(seconds):
            listing = await _list_with_retries(client, console.access, seconds, tries, now)
    except TimeoutError:
        sentence = f"{console.access.base_url} did not answer within {seconds:g} s."
        return Poll(console.environment_key, asked_at, cause="timeout", error=sentence)
    except AkubillError as error:
        return Poll(console.environment_key, asked_at, cause=cause_of(error), error=str(error))
    return as_poll(console.environment_key, listing, console.aku)


async def _list_with_retries(
    client: httpx.AsyncClient, access: ConsoleAccess, seconds: float, tries: int, now: Callable[[], datetime]
) -> Listing:
    """List, and list again what fails for now, as long as one more try can begin in time.

    The library for retries is called in once a try has failed: nearly no poll needs it, and it takes a fifth of one's
    time.
    """
    began_at = asyncio.get_running_loop().time()
    ask = partial(list_instances, client, access, deadline_seconds=seconds, now=now)
    try:
        return await ask()
    except RetriableError as error:
        failures = [error]

    async def ask_again() -> Listing:
        if failures:
            raise failures.pop()
        return await ask()

    left = seconds - (asyncio.get_running_loop().time() - began_at)
    return await _retrying(left, tries)(ask_again)


def _retrying(seconds: float, tries: int) -> AsyncRetrying:
    """Tries as long as one more can begin in time; then the last error says why not, and not merely that time is up."""
    return AsyncRetrying(
        retry=retry_if_exception_type(RetriableError),
        wait=_wait,
        stop=stop_after_attempt(tries) | stop_before_delay(seconds),
        reraise=True,
    )


def _wait(state: RetryCallState) -> float:
    """Anything from 0 to twice the last bound (full jitter), but at least what the console asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked_for = error.retry_after if isinstance(error, RetriableError) else None
    return (asked_for or 0.0) + _JITTER(state)


def as_poll(environment_key: int, listing: Listing, aku: AkuRules) -> Poll:
    """The listing as a poll, its instances judged, its pages packed."""
    readings, rejections = read_listing(listing.instances, listing.observed_at, aku)
    return Poll(
        environment_key,
        poll_instant(listing.observed_at, listing.duration_ms, readings),
        readings,
        rejections,
        clock_skew_ms=listing.clock_skew_ms,
        duration_ms=listing.duration_ms,
        payload=zlib.compress(_json(listing.pages)),
    )


def poll_instant(answered_at: datetime, duration_ms: int, readings: Iterable[Reading]) -> datetime:
    """The whole second for which a listing holds.

    A console's times are cut to seconds, so a change in the very second of the poll may be in the listing or may not.
    The listing surely holds for the last second that had ended when it was asked for; if it shows a later change, it
    holds for the second of that change.
    """
    asked_at = answered_at - timedelta(milliseconds=duration_ms)
    ended = asked_at.replace(microsecond=0) - timedelta(seconds=1)
    changes = (reading.modified_at for reading in readings if reading.modified_at is not None)
    return max([ended, *(change for change in changes if change <= answered_at)])


def cause_of(error: AkubillError) -> str:  # noqa: PLR0911 (one case each)
    """Why a poll failed, in one word, for metering.polls."""
    match error:
        case RetriableError(code="Deadline"):
            return "timeout"
        case RetriableError(code="NoAnswer"):
            return "timeout" if "Timeout" in str(error) else "unreachable"
        case RetriableError(code=code):
            return "throttled" if str(code).startswith(_THROTTLED) else "broken" if code in _BROKEN else "unreachable"
        case UnexpectedAnswerError():
            return "broken"
        case ConfigurationError():
            return "misconfigured"
        case RefusedError(code=code):
            return "throttled" if code.startswith(_THROTTLED) else "refused"
        case _:
            return "refused"


def _json(pages: list[dict[str, Any]]) -> bytes:
    return json.dumps(pages, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
