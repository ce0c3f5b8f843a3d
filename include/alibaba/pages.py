"""All items of a listing that comes in pages: all of them, or an error.

A page is fetched when its first item is wanted. An answer that would make us go round for ever is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from include.domain.errors import RetriableError, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")


class TokenPage(NamedTuple):
    """A page, and the token of the next one; None or empty at the end.

    Attributes:
        items: what it holds, as the SDK gave it.
        next_token: the token of the next page.
        total: how many items the whole listing has, as of this page; None where it is not said.
    """

    items: Sequence[object]
    next_token: str | None
    total: int | None = None


class NumberedPage(NamedTuple):
    """A page of a listing by page numbers.

    Attributes:
        items: what it holds, as the SDK gave it.
        total: how many items the whole listing has, as of this page.
    """

    items: Sequence[object]
    total: int


def follow_tokens(name: str, fetch: Callable[[str | None], TokenPage], read: Callable[[object], T]) -> Iterator[T]:
    """Items of a listing by NextToken.

    Args:
        name: the call, for messages.
        fetch: gives the page of a token; None asks for the first one.
        read: turns what the SDK gave into ours.

    Raises:
        UnexpectedAnswerError: a token came a second time.
    """
    seen: set[str] = set()
    token: str | None = None
    while True:
        page = fetch(token)
        yield from map(read, page.items)
        token = page.next_token or None
        if token is None:
            return
        if token in seen:
            raise UnexpectedAnswerError(f"{name} gave the same NextToken twice; its listing would never end.")
        seen.add(token)


def follow_unchanged_tokens(
    name: str, fetch: Callable[[str | None], TokenPage], read: Callable[[object], T]
) -> Iterator[T]:
    """Like `follow_tokens`, of a listing that may change while it is read.

    Every page has to say the same total, and the items have to be as many. Where there are several pages, the first
    has to be the same in the end: an item that moved to another page in between would be missing, or there twice.

    Raises:
        RetriableError: the listing changed while it was read.
    """
    pages: list[TokenPage] = []

    def remember(token: str | None) -> TokenPage:
        pages.append(fetch(token))
        if pages[-1].total != pages[0].total:
            raise _changed(name, pages[0].total, pages[-1].total)
        return pages[-1]

    first: list[T] = []
    count = 0
    for item in follow_tokens(name, remember, read):
        count += 1
        if count <= len(pages[0].items):
            first.append(item)
        yield item
    total = pages[0].total
    if total is not None and total != count:
        raise _changed(name, total, count)
    if len(pages) > 1 and first != list(map(read, fetch(None).items)):
        raise RetriableError(f"{name} changed while it was read: its first page is another one now. Read it again.")


def _changed(name: str, before: int | None, now: int | None) -> RetriableError:
    return RetriableError(f"{name} changed while it was read: {before} items at first, {now} now. Read it again.")


def follow_numbers(name: str, fetch: Callable[[int], NumberedPage], read: Callable[[object], T]) -> Iterator[T]:
    """Items of a listing by page numbers, which start at 1.

    Args:
        name: the call, for messages.
        fetch: gives the page of a number.
        read: turns what the SDK gave into ours.

    Raises:
        RetriableError: the listing changed while it was read, so an item may have moved between pages unseen.
    """
    first = fetch(1)
    yield from map(read, first.items)
    count, number = len(first.items), 1
    while count < first.total:
        number += 1
        page = fetch(number)
        if page.total != first.total or not page.items:
            raise RetriableError(f"{name} changed while it was read: {first.total} items at first, {page.total} now.")
        yield from map(read, page.items)
        count += len(page.items)
