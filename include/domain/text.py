r"""Text from outside: what the warehouse can hold and a person can see.

PostgreSQL takes no NUL, UTF-8 has no half characters (lone surrogates, which JSON may write as `\\ud83d`), and control
characters hide what a text says. Text that a person gave is refused; text that is kept as evidence is made storable.
"""

from __future__ import annotations

import re

from include.domain.errors import InvalidInputError

#: Names and persons are no longer than this.
LONGEST_NAME = 200
#: Ids of environments and instances are no longer than this.
LONGEST_ID = 100
#: A spreadsheet takes a cell that starts with one of these for a formula (OWASP, "CSV Injection"): after white space,
#: too, and in full width. The rest are what some of them leave out when they read a cell.
_FORMULA_STARTS = (*"=+-@", *"\uff1d\uff0b\uff0d\uff20")
_LEFT_OUT = "\t\r\n\ufeff"
_HALF = "\ud800-\udfff"
#: Spaces that texts in other scripts have; Python counts no space but " " as printable.
_SPACES = "\u00a0\u202f\u3000"
#: What a kept text may not hold; line ends and tabs may stay.
_NOT_STORABLE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f{_HALF}]")
_NO_DATABASE_TAKES = re.compile(f"[\x00{_HALF}]")
#: Replaces a character that cannot be stored.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def check_text(text: str, what: str, longest: int = LONGEST_NAME) -> str:
    """The text as it is.

    Raises:
        InvalidInputError: when it has characters that cannot be seen, half a character among them, or is too long.
    """
    if len(text) > longest:
        rule = f"is longer than {longest} characters"
        raise InvalidInputError(what, f"{text[:60]}…", rule, "Shorten it.")
    for place, character in enumerate(text if not text.isprintable() else "", start=1):
        if not character.isprintable() and character not in _SPACES:
            rule = f"has characters that cannot be seen: {_named(character)} at place {place}"
            raise InvalidInputError(what, text[:60], rule, "Write it in plain text.")
    return text


def check_storable(value: object, what: str = "Text") -> None:
    """Do nothing when PostgreSQL can take the value: a text, or a list that holds texts.

    Raises:
        InvalidInputError: when there is a NUL or half a character in it.
    """
    for text in value if isinstance(value, list | tuple) else (value,):
        if isinstance(text, str) and (found := _NO_DATABASE_TAKES.search(text)) is not None:
            rule = f"has {_named(found[0])} at place {found.start() + 1}"
            raise InvalidInputError(what, text[:60], rule, "Write it in plain text.")


def no_formula(text: str) -> str:
    """The text as a cell of a CSV file: with an apostrophe in front where a spreadsheet takes it for a formula."""
    starts = text.startswith(tuple(_LEFT_OUT)) or text.lstrip().startswith(_FORMULA_STARTS)
    return f"'{text}" if starts else text


def storable(text: str, longest: int | None = None) -> str:
    """The text, cut to that many characters, with U+FFFD for what PostgreSQL or a screen cannot take."""
    return _NOT_STORABLE.sub(REPLACEMENT, text[:longest])


def _named(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return f"half a character (the lone surrogate U+{ord(character):04X})"
    return "a NUL character" if character == "\0" else f"U+{ord(character):04X}"
