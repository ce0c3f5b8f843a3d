"""What an explanation of a document says, as values: its lines, their hours and instances, and what a line corrects."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from include.billing.evidence.explain_readings import HourOfReadings
    from include.billing.evidence.explain_rules import Segment
    from include.domain.money import Decimal
    from include.domain.words.billing import Finding


class Depth(IntEnum):
    """How deep an explanation goes; from readings on it is about one hour."""

    LINES = 0
    HOURS = 1
    INSTANCES = 2
    READINGS = 3
    POLLS = 4


@dataclass(frozen=True, slots=True)
class Instance:
    """What an instance used in an hour, in AKU-seconds, and how that is known.

    Attributes:
        instance_id: as the console gives it.
        aku_seconds: all of it, as metered; inferred and estimated ones are among them.
        peak_aku: the largest AKU that counted in the hour.
        used_seconds: the seconds of the hour with AKU.
        charged_aku_seconds: what is charged of it, by the hour measure of the price plan.
        source: readings or import; an import with the name of its file.
    """

    hour_start: datetime
    instance_id: str
    aku_seconds: int
    inferred_aku_seconds: int
    estimated_aku_seconds: int
    gap_seconds: int
    peak_aku: int
    used_seconds: int
    charged_aku_seconds: int
    source: str
    file_name: str | None


@dataclass(frozen=True, slots=True)
class Hour:
    """One UTC hour of a line.

    Attributes:
        aku_seconds: what of the hour belongs to the line, as it is charged.
        cumulative_start: AKU-seconds of the period before it (after included usage); None within a licence.
        cumulative_end: the same after it.
        exact_amount: to nine places.
        amount: as it was rounded; None where the plan charges by the period.
        instances: all of the hour.
    """

    hour_start: datetime
    aku_seconds: int
    cumulative_start: int | None
    cumulative_end: int | None
    exact_amount: Decimal
    amount: Decimal | None
    instances: list[Instance] = field(default_factory=list)
    readings: HourOfReadings | None = None


@dataclass(frozen=True, slots=True)
class LateHour:
    """An hour of an instance that turned out otherwise after the bill was issued: as billed, and as known since."""

    hour_start: datetime
    instance_id: str
    aku_seconds_before: int
    aku_seconds_after: int
    peak_aku_before: int
    peak_aku_after: int
    used_seconds_before: int
    used_seconds_after: int
    cause: str
    found_at: datetime
    readings: HourOfReadings | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What a line corrects: the lines before it, the latest first and the bill's own last, and the adjusted hours."""

    corrects_bill_id: str
    chain: list[Row[Any]]
    late_hours: list[LateHour]


@dataclass(frozen=True, slots=True)
class Line:
    """A line with the columns of billing.bill_lines and of its price plan version.

    Attributes:
        rules: how the amount follows, step by step, in words.
        hours: for usage, from depth `hours` on.
        correction: for corrections and refunds.
        disagreements: where what the warehouse holds today does not lead to the line.
    """

    row: Row[Any]
    rules: list[str]
    hours: list[Hour]
    correction: Correction | None
    disagreements: list[str]

    @property
    def hours_agree(self) -> bool:
        """Whether what the warehouse holds today leads to the line."""
        return not self.disagreements


@dataclass(frozen=True, slots=True)
class Explanation:
    """A document with its lines, taxes, the parts of its period, and what holds it."""

    bill: Row[Any]
    lines: list[Line]
    taxes: list[Row[Any]]
    parts: list[Segment]
    findings: list[Finding]
