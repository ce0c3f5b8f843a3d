"""The soak's judgement finds what is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.soak.judge import Lives, Moment, Sight, SoakReport, judge

TOLERANCE = 900


def environment(moments: list[Moment], *polls: int) -> Lives:
    """One instance, kf-1, truly read at these seconds; metering starts at 0."""
    read = [(second, [moment for moment in moments if moment.at <= second][-1]) for second in polls]
    sights = [
        (second, {} if real.state == "Deleted" else {"kf-1": Sight(real.state, real.aku, moments[0].at, real.at)})
        for second, real in read
    ]
    return Lives("env-1", {"kf-1": moments}, sights, 0)


def judged(lives: Lives, aku_seconds: int, *silences: tuple[str, int, int]) -> SoakReport:
    return judge([lives], {("kf-1", 0): aku_seconds}, silences, TOLERANCE)


RESIZED = [Moment(-60, "Running", 6), Moment(450, "Running", 10)]


def test_usage_that_is_the_truth_is_right() -> None:
    found = judged(environment(RESIZED, 300, 600), 450 * 6 + 150 * 10)
    assert (found.problems, found.truth, found.exact_intervals, found.share) == ([], 4200, 2, 0)


@pytest.mark.parametrize("off", [-1, 1])
def test_one_aku_second_that_is_lost_or_invented_is_found(off: int) -> None:
    [problem] = judged(environment(RESIZED, 300, 600), 4200 + off).problems
    assert f"metered {4200 + off} AKU-seconds, by the rules 4200" in problem


def test_a_reading_that_says_what_was_not_so_is_found() -> None:
    lives = environment(RESIZED, 300, 600)
    lives.polls[0][1]["kf-1"] = Sight("Running", 8, -60, -60)
    assert any("was read as" in problem for problem in judged(lives, 4200).problems)


def test_an_instance_that_is_missing_from_a_poll_is_found() -> None:
    lives = environment(RESIZED, 300, 600)
    lives.polls[1][1].clear()
    assert any("was not read" in problem for problem in judged(lives, 1800).problems)


def test_two_changes_in_one_interval_are_counted_apart() -> None:
    twice = [*RESIZED, Moment(500, "Running", 20)]
    found = judged(environment(twice, 300, 600), 500 * 6 + 100 * 20)
    assert (found.problems, found.exact_intervals) == ([], 1)
    assert found.unknowable["several changes"] == 50 * 4


def test_the_time_after_a_last_sighting_is_counted_apart() -> None:
    found = judged(environment([Moment(-60, "Running", 6), Moment(450, "Deleted", 0)], 300, 600), 300 * 6)
    assert (found.problems, found.unknowable["tail"]) == ([], 150 * 6)


def test_a_life_within_one_interval_is_counted_apart() -> None:
    brief = Lives("env-1", {"kf-1": [Moment(310, "Running", 4), Moment(320, "Deleted", 0)]}, [(300, {}), (600, {})], 0)
    found = judge([brief], {}, [], TOLERANCE)
    assert (found.problems, found.unknowable["whole life"]) == ([], 40)


def test_a_long_silence_has_to_be_under_a_gap() -> None:
    lives = environment([Moment(-60, "Running", 6)], 300, 1300)
    [problem] = judged(lives, 1300 * 6).problems
    assert "silent from 300 to 1300, under no gap" in problem
    assert judged(lives, 1300 * 6, ("env-1", 300, 1300)).problems == []


def test_a_poll_may_stand_for_a_second_before_metering_started() -> None:
    assert judged(environment([Moment(-60, "Running", 6)], -1, 300), 300 * 6).problems == []


def test_what_comes_after_the_last_closed_hour_is_not_judged() -> None:
    lives = environment([Moment(-60, "Running", 6), Moment(3700, "Running", 10)], 3000, 3750, 4500)
    ended = replace(lives, polls=lives.polls[:2], end=3600)
    found = judge([ended], {("kf-1", 0): 3600 * 6}, [("env-1", 0, 3000)], TOLERANCE)
    assert (found.problems, found.truth) == ([], 3600 * 6)


def test_what_polling_cannot_know_is_bounded_by_the_interval() -> None:
    found = judged(environment([Moment(-60, "Running", 6), Moment(450, "Deleted", 0)], 300, 600), 300 * 6)
    assert found.longest["tail"] == 150
