"""Reads the Marketplace's callbacks (its SPI): the query of a GET request, its token, and the times in it.

The Marketplace signs a callback by MD5 over all of its decoded parameters except `token`, sorted by name, and the key
that the vendor finds on the Marketplace's console: `MD5("p1=1&p2=2&key=KEY")`. It may add parameters at any time, so
unknown ones are in the token too. Where a name is doubled, its first value counts.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes
from zoneinfo import ZoneInfo

from include.domain.errors import InvalidInputError
from include.domain.periods import NOT_A_TIME, parse_instant
from include.domain.text import check_storable, check_text

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Longer queries, and ones with more parameters, are no callbacks of the Marketplace: its own have some 20 parameters.
LONGEST_QUERY, MOST_PARAMETERS = 16_384, 200
LONGEST_KEY = 200
TOKEN = "token"  # noqa: S105 (the name of a parameter)
#: The zone of times that name none.
ZONE = ZoneInfo("Asia/Shanghai")
_LOCAL_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})")
_MILLISECONDS = re.compile(r"[0-9]{12,14}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_TIME_REMEDY = 'The Marketplace writes "2026-10-01 08:00:00" (Asia/Shanghai) or epoch milliseconds.'


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback as it was read.

    Attributes:
        query: as it came, which is kept.
        parameters: the first value of each name, decoded; with the token.
    """

    query: str
    parameters: Mapping[str, str]

    @property
    def action(self) -> str:
        """What the Marketplace says has happened: `createInstance`, …; empty where it does not say."""
        return self.parameters.get("action", "")

    def is_signed_with(self, key: str) -> bool:
        """Whether its token is the one that the key makes; takes as long for a wrong one as for a right one."""
        given = self.parameters.get(TOKEN, "").encode()
        return hmac.compare_digest(given, callback_token(self.parameters, key).encode())


def read_callback(query: str) -> Callback:
    """The parameters of a query string (what follows the question mark), which need not be signed.

    Raises:
        InvalidInputError: when it is too long, is not percent-encoded UTF-8, holds what cannot be stored, or has no
            parameter.
    """
    if len(query) > LONGEST_QUERY:
        raise _refused(query, f"has {len(query):,} characters, more than {LONGEST_QUERY:,}")
    pieces = [piece for piece in query.split("&") if piece]
    if len(pieces) > MOST_PARAMETERS:
        raise _refused(query, f"has {len(pieces):,} parameters, more than {MOST_PARAMETERS}")
    parameters: dict[str, str] = {}
    for piece in pieces:
        name, _, value = piece.partition("=")
        parameters.setdefault(_decoded(name, query), _decoded(value, query))
    if "=" not in query or not parameters.keys() - {TOKEN}:
        raise _refused(query, "has no parameter besides a token")
    return Callback(query, MappingProxyType(parameters))


def callback_token(parameters: Mapping[str, str], key: str) -> str:
    """The token of decoded parameters; a `token` among them is left out."""
    signed = [f"{name}={value}" for name, value in sorted(parameters.items()) if name != TOKEN]
    return hashlib.md5("&".join((*signed, f"key={key}")).encode(), usedforsecurity=False).hexdigest()


def check_key(key: str) -> str:
    """The vendor's key as it is.

    Raises:
        InvalidInputError: when it is empty, too long or not plain text; the message does not show it.
    """
    remedy = "Take the security key from the Marketplace's vendor console."
    if not key:
        raise InvalidInputError("Key", None, "is empty", remedy)
    try:
        return check_text(key, "Key", LONGEST_KEY)
    except InvalidInputError as error:
        raise InvalidInputError("Key", None, error.rule, remedy) from None


def read_time(text: str, what: str = "Time") -> datetime:
    """The instant that a callback says: Asia/Shanghai where it names no zone, or epoch milliseconds.

    Raises:
        InvalidInputError: when it is neither, or lies outside the years 2000 to 2999.
    """
    try:
        if local := _LOCAL_TIME.fullmatch(text):
            instant = datetime(*(int(part) for part in local.groups()), tzinfo=ZONE)  # type: ignore[arg-type, misc]  # six parts
        elif _MILLISECONDS.fullmatch(text):
            instant = _EPOCH + timedelta(milliseconds=int(text))
        else:
            return parse_instant(text, what)
        return parse_instant(instant.isoformat(), what)
    except InvalidInputError as error:
        raise InvalidInputError(what, text[:60], error.rule, _TIME_REMEDY) from None
    except (ValueError, OverflowError):
        raise InvalidInputError(what, text[:60], NOT_A_TIME, _TIME_REMEDY) from None


def _decoded(text: str, query: str) -> str:
    """The text as a servlet decodes it: a plus is a space, the escapes are bytes of UTF-8."""
    if _BROKEN_ESCAPE.search(text):
        raise _refused(query, "has a percent sign without two hexadecimal digits")
    try:
        decoded = unquote_to_bytes(text.replace("+", " ")).decode()
    except UnicodeError:  # bytes of another encoding, or half a character in the text itself
        raise _refused(query, "is not text in UTF-8") from None
    check_storable(decoded, "Query")
    return decoded


def _refused(query: str, rule: str) -> InvalidInputError:
    # A query has a token, so only its beginning is shown, and only what is safe to show.
    shown = query.split(TOKEN, maxsplit=1)[0][:60].encode("ascii", "backslashreplace").decode()
    return InvalidInputError(
        "Query", shown, rule, "Send the callback as the Marketplace does: a percent-encoded query."
    )
