"""How facts are written in sentences."""

from __future__ import annotations

import pytest

from include.domain.words.filling import Words, fill


@pytest.mark.parametrize(
    ("template", "fact", "said"),
    [
        ("{x}", "kf-orders", "kf-orders"),
        ("{x:number}", 12345, "12,345"),
        ("{x:amount}", "26784.00", "26,784.00"),
        ("{x:amount}", "0.125", "0.125"),
        ("{x:percent}", "0.06", "6 %"),
        ("{x:time}", "2026-10-01T07:05:09+00:00", "2026-10-01 07:05 UTC"),
        ("{x:time}", "2026-10-01T07:05:09+08:00", "2026-09-30 23:05 UTC"),
        ("{x:instant}", "2026-10-01T07:05:09+08:00", "2026-09-30T23:05:09Z"),
        ("{x:duration}", 8941, "2 h 30 min"),
        ("{x:duration}", 7200, "2 h"),
        ("{x:duration}", 1, "1 min"),
        ("{x:aku_hours}", 4500, "1.25"),
        ("{x:hour is|hours are}", 1, "1 hour is"),
        ("{x:hour is|hours are}", 1200, "1,200 hours are"),
    ],
)
def test_facts_are_written_for_people(template: str, fact: object, said: str) -> None:
    assert fill(template, {"x": fact}) == said


def test_a_fact_may_name_a_phrase_and_there_may_be_several_sets_of_facts() -> None:
    words = Words("It {change}.", {"change": {"rose": "rose by {by}", "fell": "fell by {by}"}})
    assert (
        words.say({"each": [{"change": "rose", "by": 1}, {"change": "fell", "by": 2}]}) == "It rose by 1. It fell by 2."
    )
    assert words.names() == {"change", "by"}


def test_a_missing_fact_is_an_error() -> None:
    with pytest.raises(KeyError, match="by"):
        Words("It rose by {by}.").say({})


def test_an_outcome_leaves_out_what_is_nothing_and_counts_what_is_too_much():
    from include.domain.words.outcomes import say_details, say_note, say_outcome

    polls = {"environments": 14, "answered": 12, "failed": 2, "rejected": 1, "spared": 0, "not_asked": 0}
    assert say_outcome("polls", polls) == "12 of 14 consoles answered, 2 failed, 1 reading rejected."
    assert say_details(["a", "b", "c", "d", "e"]) == "a\n\nb\n\nc\n\nAnd 2 more."
    assert say_note(["Done."], [("report", None)], 1000) == "Done.\n\n**report** failed: the log says why."
    assert say_note([], [("a", "No."), ("b", "No."), ("c", "No!")], 1000) == (
        "**a** and 1 more failed: No.\n\n**c** failed: No!"
    )
    assert say_note(["x" * 30], [], 10) == "xxxxxxxx …"
