"""Fills a template of words with facts: how numbers, amounts, instants and durations are written in sentences.

Facts are what JSON can hold: whole numbers, text, null; amounts and rates as text, so that no reader makes floats of
them; instants as ISO 8601 text in UTC. A template names them in braces, with how they are written:

    {name}               as it is
    {count:number}       12,345
    {amount:amount}      26,784.00
    {rate:percent}       6 %
    {at:time}            2026-10-01 07:00 UTC
    {at:instant}         2026-10-01T07:00:00Z
    {seconds:duration}   2 h 30 min
    {seconds:aku_hours}  1.25, of AKU-seconds
    {count:hour|hours}   1 hour, 12,345 hours
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.money import Decimal, grouped
from include.domain.usage import aku_hours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: Gives a template in the language of who reads it. Templates are English, which is what a reader gets by default.
LANGUAGE: ContextVar[Callable[[str], str]] = ContextVar("LANGUAGE", default=str)


class Words(NamedTuple):
    """How a key is said.

    Attributes:
        sentence: the template.
        phrases: for facts whose value names a phrase: the phrases, templates themselves, which may use earlier ones.
        title: the same without facts, in a few words, where something shows it.
    """

    sentence: str
    phrases: Mapping[str, Mapping[str, str]] = {}
    title: str = ""

    def say(self, facts: Mapping[str, Any]) -> str:
        """The sentence on these facts; facts that hold a list `each` give a sentence for each.

        Raises:
            KeyError: when a fact is missing, or names a phrase that does not exist.
        """
        if "each" in facts:
            return " ".join(self.say(one) for one in facts["each"])
        said = dict(facts)
        for name, phrases in self.phrases.items():
            said[name] = fill(phrases[facts[name]], said)
        return fill(self.sentence, said)

    def names(self) -> set[str]:
        """The facts that it needs."""
        templates = [self.sentence, *(text for named in self.phrases.values() for text in named.values())]
        return {name for template in templates for name in _names(template)} | set(self.phrases)


def fill(template: str, facts: Mapping[str, Any]) -> str:
    """The template in the reader's language, with its facts written out.

    Raises:
        KeyError: when one is missing.
    """
    return _FORMATTER.vformat(LANGUAGE.get()(template) if template else "", (), facts)


def _names(template: str) -> Iterator[str]:
    return (name for _, name, _, _ in _FORMATTER.parse(template) if name)


def _amount(value: Any) -> str:  # noqa: ANN401 (a fact)
    return grouped(Decimal(value), 2)


def _percent(value: Any) -> str:  # noqa: ANN401
    return f"{grouped(Decimal(value) * 100)} %"


def _utc(value: Any) -> datetime:  # noqa: ANN401
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).astimezone(UTC)


def _time(value: Any) -> str:  # noqa: ANN401
    return f"{_utc(value):%Y-%m-%d %H:%M} UTC"


def _instant(value: Any) -> str:  # noqa: ANN401
    return f"{_utc(value):%Y-%m-%dT%H:%M:%SZ}"


def _duration(seconds: int) -> str:
    """Whole minutes, rounded up."""
    hours, minutes = divmod(-(-seconds // 60), 60)
    return " ".join(f"{count:,} {unit}" for count, unit in ((hours, "h"), (minutes, "min")) if count) or "0 min"


_FORMATS: dict[str, Callable[[Any], str]] = {
    "number": grouped,
    "amount": _amount,
    "percent": _percent,
    "time": _time,
    "instant": _instant,
    "duration": _duration,
    "aku_hours": aku_hours,
}


class _Formatter(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401
        one, _, many = format_spec.partition("|")
        if many:
            return f"{grouped(value)} {one if value == 1 else many}"
        return _FORMATS[format_spec](value) if format_spec else str(value)


_FORMATTER = _Formatter()
