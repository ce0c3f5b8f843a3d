"""Text from outside."""

from __future__ import annotations

import pytest

from include.domain.errors import InvalidInputError
from include.domain.text import check_text, storable


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a\0b", "cannot be seen: a NUL character at place 2"),
        ("a\nb", r"cannot be seen: U\+000A at place 2"),
        ("\x85", r"U\+0085"),
        ("a\u202eb", r"U\+202E"),
        ("kf\ud83d", r"cannot be seen: half a character \(the lone surrogate U\+D83D\) at place 3"),
        ("a" * 201, "is longer than 200 characters"),
    ],
)
def test_text_that_hides_something_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        check_text(text, "Name")


@pytest.mark.parametrize("text", ["", "Köln", "上海　有限公司", "a b", "😀", "a" * 200])
def test_text_that_can_be_seen_is_taken(text: str) -> None:
    assert check_text(text, "Name") == text


def test_what_is_kept_as_evidence_is_made_storable() -> None:
    assert storable("a\0b\ud83d\tc\n") == "a�b�\tc\n"
    assert storable("abc", 2) == "ab"
