"""How records name who did something: a person with the way in parentheses, like `li (command line)`, or just a run.

Where only a person can have done it, it is the name alone.
"""

from __future__ import annotations

_WAY = " ("


def by_hand(person: str, way: str) -> str:
    """Who did it, and by what: the command line, or a run that the person triggered."""
    return f"{person}{_WAY}{way})"


def is_by_hand(who: str) -> bool:
    """Whether a person did it, where a run on its own could have."""
    return _WAY in who


def person_of(who: str) -> str:
    """The person's name alone."""
    return who.partition(_WAY)[0]
