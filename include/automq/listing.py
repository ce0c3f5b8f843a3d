"""All Kafka instances of an environment as its console lists them: every page, or an error.

A failed listing is not an empty one, and a listing that changed between its pages is not a listing: an instance may
have moved to a page that was already read. This is the hot path: one run asks thousands of consoles over one client.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from include.automq.errors import parse_answer
from include.automq.transport import INSTANCES, send
from include.domain.errors import RetriableError, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from include.automq.access import ConsoleAccess

PAGE_SIZE = 100
MACHINE_CLOCK = partial(datetime.now, UTC)
MAX_PAGES = 100
#: 24 days; a clock that is further off is kept as that far off, which the warehouse can hold.
_LARGEST_SKEW_MS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Listing:
    """What a console said of all its instances.

    Attributes:
        observed_at: when its last page was in hand, by our clock; nothing in it is later.
        pages: the answers as they came.
        instances: the instances in them, in order, as they came.
        clock_skew_ms: the console's clock minus ours, from its Date header (to about half a second); None without one.
        duration_ms: how long it took.
    """

    observed_at: datetime
    pages: list[dict[str, Any]]
    instances: list[dict[str, Any]]
    clock_skew_ms: int | None
    duration_ms: int


async def list_instances(
    client: httpx.AsyncClient,
    access: ConsoleAccess,
    *,
    deadline_seconds: float = 30,
    keyword: str | None = None,
    now: Callable[[], datetime] = MACHINE_CLOCK,
) -> Listing:
    """Ask a console for all its instances.

    Args:
        client: shared by all listings of a run; its own time-outs apply to each step.
        access: the console.
        deadline_seconds: for all pages together.
        keyword: only instances whose name has it.
        now: our clock.

    Raises:
        RetriableError: not answered in time, failed for now, or changed while it was read.
        RefusedError: the console said no.
        UnexpectedAnswerError: the answer is no listing.
    """
    started = now()
    try:
        async with asyncio.timeout(deadline_seconds):
            pages, skew = await _all_pages(client, access, keyword, now)
    except TimeoutError:
        raise RetriableError(
            f"Listing instances at {access.base_url} took longer than {deadline_seconds:g} s.",
            code="Deadline",
        ) from None
    ended = now()
    return Listing(
        observed_at=ended,
        pages=pages,
        instances=[instance for page in pages for instance in page["list"]],
        clock_skew_ms=skew,
        duration_ms=max(0, round((ended - started).total_seconds() * 1000)),
    )


async def _all_pages(
    client: httpx.AsyncClient, access: ConsoleAccess, keyword: str | None, now: Callable[[], datetime]
) -> tuple[list[dict[str, Any]], int | None]:
    first, skew = await _page(client, access, 1, keyword, now)
    pages, count, total = [first], len(first["list"]), first["total"]
    while count < total:
        if len(pages) == MAX_PAGES:
            raise UnexpectedAnswerError(f"{access.base_url} lists {total} instances, more than we read from a console.")
        page, _ = await _page(client, access, len(pages) + 1, keyword, now)
        if page["total"] != total or not page["list"]:
            raise _drifted(access, f"{total} instances at first, {page['total']} now")
        pages.append(page)
        count += len(page["list"])
    if count != total:
        raise _drifted(access, f"it counted {total} instances and listed {count}")
    if len(pages) > 1:
        _check_distinct(access, pages)
    return pages, skew


async def _page(
    client: httpx.AsyncClient,
    access: ConsoleAccess,
    number: int,
    keyword: str | None,
    now: Callable[[], datetime],
) -> tuple[dict[str, Any], int | None]:
    query = {"pageNum": str(number), "pageSize": str(PAGE_SIZE)} | ({"keyword": keyword} if keyword else {})
    before = now()
    answer = await send(client, access, "GET", INSTANCES, query=query)
    skew = _clock_skew_ms(answer.headers.get("date"), before, now())
    page = parse_answer("Listing instances", access, answer.status, answer.headers, answer.body)
    if not _is_page(page):
        raise UnexpectedAnswerError(
            f"Listing instances at {access.base_url} answered without list and total. "
            "Check that the URL is this environment's console, and its version."
        )
    return page, skew


def _is_page(page: object) -> bool:
    return (
        isinstance(page, dict)
        and isinstance(page.get("list"), list)
        and type(page.get("total")) is int
        and all(isinstance(instance, dict) for instance in page["list"])
    )


def _check_distinct(access: ConsoleAccess, pages: list[dict[str, Any]]) -> None:
    ids = [instance.get("instanceId") for page in pages for instance in page["list"]]
    if len(set(map(str, ids))) != len(ids):
        raise _drifted(access, "an instance was on two pages")


def _drifted(access: ConsoleAccess, how: str) -> RetriableError:
    return RetriableError(f"The listing at {access.base_url} changed while it was read: {how}.", code="ListingChanged")


def _clock_skew_ms(date: str | None, before: datetime, after: datetime) -> int | None:
    """The console's clock minus ours. A Date header is cut to its second, so on average half of one is missing."""
    if date is None:
        return None
    try:
        theirs = parsedate_to_datetime(date) + timedelta(milliseconds=500)
        skew = round((theirs - (before + (after - before) / 2)).total_seconds() * 1000)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(-_LARGEST_SKEW_MS, min(skew, _LARGEST_SKEW_MS))
