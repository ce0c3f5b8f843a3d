"""Freshness alarms: environments that fell silent, dropped to zero AKU, or used unusually much or little.

An alarm is opened once and closed once, however often the same is evaluated, and each of these two transitions is sent
at most once (see notifications.py). The rules are explained in docs/how-to/receive-alarms.md.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from include.domain.usage import BILLABLE_STATES
from include.operations.notifications import text_of
from include.warehouse.engine import locked, run_steps, statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Engine

_WORK = ("operations", "alarms")
_STEPS = (
    "operations/alarms/create_judged_alarms",
    "operations/alarms/judge_silence",
    "operations/alarms/judge_zero",
    "operations/alarms/judge_totals",
    "operations/alarms/close_alarms",
    "operations/alarms/open_alarms",
)


@dataclass(frozen=True, slots=True)
class AlarmRules:
    """What can be set about alarms.

    Attributes:
        tolerance: an environment that answers no poll for longer is silent.
        lookback: how far back an answer with AKU makes an answer without any a drop.
        accept_zero_after: how long a drop to zero stays an alarm.
        max_hour_age: an hour that was closed later than this after its start is not compared any more.
        days: how many days before it an hour is compared with.
        min_known_days: how many of these must be known.
        factor: how many times the median, or which part of it, is unusual.
        min_difference: AKU-seconds between the two below which nothing is unusual.
    """

    tolerance: timedelta = timedelta(minutes=15)
    lookback: timedelta = timedelta(hours=2)
    accept_zero_after: timedelta = timedelta(days=1)
    max_hour_age: timedelta = timedelta(hours=4)
    days: int = 7
    min_known_days: int = 3
    factor: int = 3
    min_difference: int = 3600


@dataclass(frozen=True, slots=True)
class EvaluatedAlarms:
    """How many alarms a run opened and closed, and how many are on."""

    opened: int
    closed: int
    still_on: int

    def counts(self) -> dict[str, int]:
        """The same as plain values, for XCom and JSON."""
        return asdict(self)


class AlarmTransition(NamedTuple):
    """One transition of an alarm that is to be told: opened or closed."""

    alarm_key: int
    transition: str
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Message:
    """What operators are told: all news of one run in one message.

    Attributes:
        title: one line.
        text: a sentence a line, at most fifty.
        news: what it tells.
    """

    title: str
    text: str
    news: tuple[AlarmTransition, ...] = field(repr=False)


def evaluate_alarms(warehouse: Engine, at: datetime, rules: AlarmRules = AlarmRules()) -> EvaluatedAlarms:
    """Open what is wrong and not on yet, close what is over, in one transaction.

    Args:
        warehouse: where polls, usage and alarms are.
        at: the instant the run stands for; what came later is not looked at.
        rules: what can be set.
    """
    facts = {"at": at, "billable_states": sorted(BILLABLE_STATES), **asdict(rules)}
    with warehouse.begin() as connection, locked(connection, *_WORK):
        run_steps(connection, _STEPS, facts)
        return EvaluatedAlarms(*connection.execute(statement("operations/alarms/count_alarms"), {"at": at}).one())


def claim_alarm_notifications(warehouse: Engine, at: datetime) -> Message | None:
    """Take all transitions that nobody has told, in one message; None when there are none.

    Once this returns they are the caller's to tell: they are given to nobody a second time.
    """
    with warehouse.begin() as connection:
        news = [
            AlarmTransition(*row)
            for row in connection.execute(statement("operations/alarms/claim_notifications"), {"at": at})
        ]
    return _compose(news) if news else None


def record_alarm_notifications(warehouse: Engine, message: Message, at: datetime, failure: str | None = None) -> None:
    """Record that the message was told, or why it could not be; `failure` holds no secrets."""
    with warehouse.begin() as connection:
        connection.execute(
            statement("operations/alarms/record_notification"),
            [
                {"alarm_key": news.alarm_key, "transition": news.transition, "at": at, "failure": failure}
                for news in message.news
            ],
        )


def _compose(news: Sequence[AlarmTransition]) -> Message:
    opened = sum(1 for one in news if one.transition == "opened")
    parts = [f"{opened} new" if opened else "", f"{len(news) - opened} over" if opened < len(news) else ""]
    lines = [f"{'ALARM' if one.transition == 'opened' else 'OVER'} {one.sentence}" for one in news]
    title = f"Metering alarms: {', '.join(filter(None, parts))}"
    return Message(title, text_of(lines, "operations.alarms"), tuple(news))
