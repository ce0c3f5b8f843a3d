"""Whatever is sent, the answer is no 5xx, and nothing is stored without a valid token: property tests over raw HTTP."""

from __future__ import annotations

import hashlib
import os
import socket
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.domain.marketplace.events import ACTIONS
from tests.support.builders import rows
from tests.support.marketplace.callbacks import KEY, signed
from tests.support.marketplace.serving import ADDRESS

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.support.marketplace.serving import Callbacks

EXAMPLES = int(os.environ.get("AKUBILL_EXAMPLES", "120"))
NAMES = st.sampled_from(
    ["action", "instanceId", "orderBizId", "orderId", "skuId", "expiredOn", "token", "Key", "a b", "云"]
)
#: What a database and UTF-8 can hold.
VALUES = st.one_of(
    st.sampled_from(
        [*ACTIONS, "9001", "", "2026-01-10 12:20:00", "1768018800000", "'; DROP TABLE x; --", "%", "&", "+"]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
)
PARAMETERS = st.dictionaries(NAMES.filter(lambda name: name != "token"), VALUES, min_size=1, max_size=8)
#: Bytes that end a request line, or its path, are another test's matter.
RAW = st.binary(max_size=200).map(lambda raw: raw.translate(None, b" \r\n\t\x0b\x0c#"))


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A signed query in which something was cut out, put in, doubled or replaced."""
    query = signed(**draw(PARAMETERS)).encode()
    start, end = sorted((draw(st.integers(0, len(query))), draw(st.integers(0, len(query)))))
    return query[:start] + draw(st.one_of(RAW, st.just(query[start:end] * 2), st.just(b""))) + query[end:]


QUERIES = st.one_of(
    RAW,
    spoiled(),
    PARAMETERS.map(lambda given: signed(**given).encode()),
    PARAMETERS.map(lambda given: signed(key="another", **given).encode()),
    st.tuples(PARAMETERS, VALUES).map(lambda pair: f"{signed(**pair[0])[:-32]}{quote(pair[1])}".encode()),
)


def ask(callbacks: Callbacks, query: bytes) -> int:
    """Send the bytes as they are; the status of the answer."""
    place = urlsplit(str(callbacks.client.base_url))
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(
            b"GET " + ADDRESS.encode() + b"?" + query + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        with connection.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")
    assert b"Traceback" not in body
    return int(head.split()[1])


def has_a_valid_token(query: bytes) -> bool:
    """Read by Python's own parser, which accepts more than ours: what ours stores must be valid for it, too."""
    pairs = parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)
    first = dict(reversed(pairs))
    text = "".join(f"{name}={first[name]}&" for name in sorted(first) if name != "token") + f"key={KEY}"
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest() == first.get("token")


def test_nothing_is_stored_without_a_valid_token_and_no_answer_is_a_5xx(
    callbacks: Callbacks, warehouse: Engine
) -> None:
    count = 0

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)
    @given(QUERIES)
    def holds(query: bytes) -> None:
        nonlocal count
        status = ask(callbacks, query)
        [(stored,)] = rows(warehouse, "SELECT count(*) FROM marketplace.inbox")
        assert status < 500
        assert (stored - count) == (status == 200)
        assert status != 200 or has_a_valid_token(query)
        count = stored

    holds()


def test_every_signed_call_is_stored_with_what_it_says(callbacks: Callbacks, warehouse: Engine) -> None:
    @settings(max_examples=EXAMPLES // 2, suppress_health_check=list(HealthCheck), deadline=None)
    @given(PARAMETERS)
    def holds(parameters: dict[str, str]) -> None:
        assert ask(callbacks, signed(**parameters).encode()) == 200
        query = "SELECT parameters FROM marketplace.inbox ORDER BY event_key DESC LIMIT 1"
        assert rows(warehouse, query) == [(parameters,)]

    holds()
