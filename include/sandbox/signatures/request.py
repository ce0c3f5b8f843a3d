"""A request as the signatures see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Request(NamedTuple):
    """A request as it came: the path as sent, the query decoded, header names in lower case."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
