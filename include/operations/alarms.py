"""Freshness alarms: environments that fell silent, dropped to zero AKU, or used unusually much or little.

An alarm is opened once and closed once, however often the same is evaluated, and each of these two transitions is sent
at most once (see notifications.py). The rules are explained in docs/how-to/receive-alarms.md.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from include.domain.usage import BILLABLE_STATES, TOLERANCE
from include.domain.words.operations import ALARMS
from include.operations.notifications import Notification
from include.warehouse.engine import locked, run_steps, statement

if TYPE_CHECKING:
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

    tolerance: timedelta = TOLERANCE
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


def evaluate_alarms(warehouse: Engine, at: datetime, rules: AlarmRules = AlarmRules()) -> EvaluatedAlarms:
    """Open what is wrong and not on yet, close what is over, in one transaction.

    Args:
        warehouse: where polls, usage and alarms are.
        at: the instant of the run; what came later is not looked at.
        rules: what can be set.
    """
    facts = {"at": at, "billable_states": sorted(BILLABLE_STATES), **asdict(rules)}
    with warehouse.begin() as connection, locked(connection, *_WORK):
        run_steps(connection, _STEPS, facts)
        return EvaluatedAlarms(*connection.execute(statement("operations/alarms/count_alarms"), {"at": at}).one())


def list_alarm_notifications(warehouse: Engine) -> list[Notification]:
    """Transitions of alarms that were not sent yet: opened ones first, then closed ones."""
    with warehouse.connect() as connection:
        rows = connection.execute(statement("operations/alarms/list_unsent_transitions")).all()
    return [
        Notification(
            row.notification_key,
            f"{'ALARM' if row.transition == 'opened' else 'OVER'} {ALARMS[row.kind].say(row.facts)}",
        )
        for row in rows
    ]
