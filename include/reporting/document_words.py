"""Words, numbers and dates of printed documents in a customer's language: typst/words-<language>.yaml, and babel.

Amounts are shown with all their places, at least as many as the currency has; nothing that is payable is rounded here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from babel.dates import format_date, format_datetime
from babel.numbers import get_currency_precision

from include.domain.errors import InvalidInputError
from include.domain.money import grouped
from include.domain.periods import time_zone

if TYPE_CHECKING:
    from datetime import date, datetime

    from include.domain.money import Decimal

TYPST = Path(__file__).parent / "typst"
LANGUAGES = ("en", "zh")
_MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, and how it writes numbers and dates."""

    language: str
    texts: dict[str, Any]

    @property
    def locale(self) -> str:
        """The locale as babel names it."""
        return str(self.texts["locale"])

    def number(self, value: Decimal, places: int = 0) -> str:
        """The number with grouped thousands and all its digits, at least `places` after the point.

        English and Chinese write numbers alike.
        """
        return grouped(value, places).replace("-", _MINUS)

    def amount(self, value: Decimal, currency: str) -> str:
        """An amount without its currency, which is printed elsewhere."""
        return self.number(value, get_currency_precision(currency))

    def money(self, value: Decimal, currency: str) -> str:
        """An amount with its currency's code: a sign like ¥ means several currencies."""
        text = self.amount(value, currency)
        return f"{_MINUS if text.startswith(_MINUS) else ''}{currency} {text.removeprefix(_MINUS)}"

    def percent(self, rate: Decimal) -> str:
        """A fraction as a percentage."""
        return f"{self.number(rate * 100)}%"

    def day(self, value: date) -> str:
        """A day."""
        return format_date(value, str(self.texts["date"]), locale=self.locale)

    def instant(self, value: datetime, zone_name: str) -> str:
        """An instant on the wall clock of that zone."""
        return format_datetime(value, str(self.texts["instant"]), tzinfo=time_zone(zone_name), locale=self.locale)


@cache
def words(language: str) -> Words:
    """The words of that language.

    Raises:
        InvalidInputError: when documents are not printed in it.
    """
    if language not in LANGUAGES:
        rule = f"is not a language of documents; these are {', '.join(LANGUAGES)}"
        raise InvalidInputError("Language", language, rule, "Choose one of them.")
    return Words(language, yaml.safe_load((TYPST / f"words-{language}.yaml").read_text(encoding="utf-8")))
