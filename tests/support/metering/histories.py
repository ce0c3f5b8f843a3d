"""Random histories of environments, and how an example plays them into the warehouse, round by round."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st
from sqlalchemy import text

from include.domain.periods import Window
from include.metering.hours.close import Rules, close_due_hours, close_hours
from include.metering.polling.readings import Poll, Reading
from include.metering.polling.record import record_polls
from tests.support.metering.lives import NOON, Environment
from tests.support.metering.oracle import HOUR, Listing, Sight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy
    from sqlalchemy import Engine

HOURS = 3
EVERYTHING = Window(NOON, NOON + timedelta(hours=HOURS))
TOLERANCE = 900
RULES = Rules(tolerance=timedelta(seconds=TOLERANCE))
ENVIRONMENTS, ROUNDS = 3, 4
NAMES = ("a", "b")
#: What an example leaves.
_LEFT = (
    *("polls", "readings", "failing_consoles", "rejections"),
    *("environment_hours", "usage", "usage_revisions", "subscription_hours", "gaps"),
)


class Answered(NamedTuple):
    """A poll, and the rounds in which it is entered: late ones come late, and some twice, of which the first may fail.

    Times are seconds after noon; a listing is None for a poll that fails every time.
    """

    moment: int
    listing: Listing | None
    rounds: list[int]
    fails_first: bool

    def listing_in(self, number: int) -> Listing | None:
        return None if self.fails_first and number < max(self.rounds) else self.listing


class History(NamedTuple):
    """What one environment's console says, in no order, and the seconds in which its metering starts and ends.

    Ends are what is stored as the end of its subscription, if anything, by the round in which that happens.
    """

    answered: list[Answered]
    start: int
    ends: dict[int, int | None]

    @property
    def ended(self) -> int | None:
        """The end that is stored in the end."""
        return self.ends[max(self.ends)] if self.ends else None

    @property
    def listings(self) -> list[tuple[int, Listing | None]]:
        """What is known in the end, as the oracle takes it."""
        return [(answer.moment, answer.listing) for answer in self.answered]


class Closing(NamedTuple):
    """So many hours from the first one on, that many minutes after they end, of some environments or of all (None)."""

    first: int
    count: int  # type: ignore[assignment]  # it hides tuple.count
    minutes: int
    environments: set[int] | None


# Coarse steps let changes meet polls and hours, and silences the tolerance; fine ones do not.
_coarse = st.integers(-8, HOURS * 12 + 8).map(lambda step: step * 300)
moments = st.one_of(_coarse, _coarse, st.integers(-2400, HOURS * HOUR + 2400))
_sight = st.tuples(st.sampled_from([0, 3, 3, 4, 7]), moments, moments)
#: One in eight readings is rejected.
_changing = st.one_of(*[_sight] * 7, st.none())
#: Listings of instances that come, change and go, and of those that mostly stay as they are.
changing = st.fixed_dictionaries(dict.fromkeys(NAMES, _changing)) | st.dictionaries(st.sampled_from(NAMES), _changing)
_steady = st.tuples(st.just(3), st.just(-2400), st.just(-2400) | moments)
steady = st.fixed_dictionaries(dict.fromkeys(NAMES, st.one_of(*[_steady] * 7, st.none())))
closings = st.builds(
    Closing,
    st.integers(0, HOURS - 1),
    st.integers(1, HOURS),
    st.integers(0, 120),
    st.none() | st.sets(st.integers(0, ENVIRONMENTS - 1), min_size=1),
)
#: What is closed after each round.
plans = st.lists(st.none() | closings, min_size=ROUNDS, max_size=ROUNDS)


def histories(*consoles: SearchStrategy[Listing]) -> SearchStrategy[list[History]]:
    """A history for each environment, whose console is one of these, or fails."""
    return st.lists(st.one_of(*map(_history, consoles)), min_size=ENVIRONMENTS, max_size=ENVIRONMENTS)


def _history(listings: SearchStrategy[Listing]) -> SearchStrategy[History]:
    rounds = st.lists(st.integers(0, ROUNDS - 1), min_size=1, max_size=2, unique=True)
    answers = st.one_of(listings, listings, listings, st.none())
    answer = st.builds(Answered, moments, answers, rounds, st.booleans())
    few, many = (st.lists(answer, min_size=least, max_size=14, unique_by=lambda one: one.moment) for least in (0, 6))
    # Some ends are entered before they come, some late, and some are corrected or taken back.
    ends = st.dictionaries(st.integers(0, ROUNDS - 1), moments | st.none(), max_size=2)
    return st.builds(History, few | many, st.sampled_from([0, 0, 1234]), st.just({}) | ends)


def play(environments: Sequence[Environment], lives: Sequence[History], plan: Sequence[Closing | None]) -> None:
    """Tell each environment its history and close after each round as planned; in the end close what is due."""
    warehouse = environments[0].warehouse
    _begin_again(warehouse, environments, lives)
    close_hours(warehouse, EVERYTHING, EVERYTHING.end, rules=RULES)
    for number, closing in enumerate(plan):
        batch = [
            _as_poll(environment, answer.moment, answer.listing_in(number))
            for environment, history in zip(environments, lives, strict=True)
            for answer in history.answered
            if number in answer.rounds
        ]
        # Once before what the round says, and once after it.
        if number % 2:
            record_polls(warehouse, batch)
        _store_ends(warehouse, environments, lives, number)
        if not number % 2:
            record_polls(warehouse, batch)
        if closing:
            _close(warehouse, environments, closing)
    # Whatever was closed when: what is due now makes it right.
    close_due_hours(warehouse, EVERYTHING.end + timedelta(hours=2), rules=RULES)


def _begin_again(warehouse: Engine, environments: Sequence[Environment], lives: Sequence[History]) -> None:
    """Forget what an earlier example left, and start metering again."""
    starts = [
        {"key": environment.subscription_key, "at": NOON + timedelta(seconds=history.start)}
        for environment, history in zip(environments, lives, strict=True)
    ]
    with warehouse.begin() as connection:
        for table in _LEFT:
            connection.execute(text(f"DELETE FROM metering.{table}"))
        connection.execute(
            text(
                "UPDATE core.subscriptions SET metering_started_at = :at, ended_at = NULL WHERE subscription_key = :key"
            ),
            starts,
        )


def _store_ends(warehouse: Engine, environments: Sequence[Environment], lives: Sequence[History], number: int) -> None:
    ends = [
        {
            "key": environment.subscription_key,
            "at": None if history.ends[number] is None else NOON + timedelta(seconds=history.ends[number] or 0),
        }
        for environment, history in zip(environments, lives, strict=True)
        if number in history.ends
    ]
    if ends:
        with warehouse.begin() as connection:
            connection.execute(text("UPDATE core.subscriptions SET ended_at = :at WHERE subscription_key = :key"), ends)


def _close(warehouse: Engine, environments: Sequence[Environment], closing: Closing) -> None:
    first, count, minutes, chosen = closing
    window = Window(NOON + timedelta(hours=first), NOON + timedelta(hours=min(first + count, HOURS)))
    keys = None if chosen is None else [environments[number].key for number in chosen]
    close_hours(warehouse, window, window.end + timedelta(minutes=minutes), environments=keys, rules=RULES)


def _as_poll(environment: Environment, moment: int, listing: Listing | None) -> Poll:
    observed_at = NOON + timedelta(seconds=moment)
    if listing is None:
        return Poll(environment.key, observed_at, cause="timeout", error="It took too long.")
    readings = [_as_reading(f"{environment.key}-{name}", name, sight) for name, sight in listing.items()]
    return Poll(environment.key, observed_at, readings)


def _as_reading(instance_id: str, name: str, sight: Sight | None) -> Reading:
    if sight is None:
        return Reading(instance_id)
    size, created, modified = sight
    return Reading(
        instance_id,
        name,
        "Running" if size else "Creating",
        size or 5,
        NOON + timedelta(seconds=created),
        NOON + timedelta(seconds=modified),
    )
