"""Windows of time. Every window is half-open: its start belongs to it, its end does not.

Instants are aware and kept in UTC. A billing period is a calendar month of a time zone, so it is not a whole number of
UTC days and may, with daylight saving, be an hour longer or shorter than its neighbours. Nothing here reads a clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from include.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = timedelta(hours=1)
_PERIOD_NAME = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])")


def parse_instant(text: str, what: str = "Instant") -> datetime:
    """Read an ISO 8601 instant with an offset and return it in UTC.

    Raises:
        InvalidInputError: when it is not ISO 8601 or has no offset.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            what, text, "is not an ISO 8601 time", "Write it like 2026-10-01T00:00:00+08:00."
        ) from None
    return to_utc(instant, what)


def to_utc(instant: datetime, what: str = "Instant") -> datetime:
    """Return the same instant in UTC.

    Raises:
        InvalidInputError: when the instant is naive.
    """
    if instant.tzinfo is None:
        raise InvalidInputError(
            what, instant.isoformat(), "has no time zone", "Add an offset, like +08:00, or Z for UTC."
        )
    return instant.astimezone(UTC)


def floor_to_hour(instant: datetime) -> datetime:
    """The start of the UTC hour that holds the instant."""
    return to_utc(instant).replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A half-open window [start, end) of UTC instants; never empty."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        start, end = to_utc(self.start, "Window start"), to_utc(self.end, "Window end")
        if not start < end:
            raise InvalidInputError(
                "Window",
                f"{start.isoformat()} to {end.isoformat()}",
                "does not end after it starts",
                "Give an end that is later than the start.",
            )
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "end", end)

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def __str__(self) -> str:
        return f"[{self.start:%Y-%m-%dT%H:%M:%SZ}, {self.end:%Y-%m-%dT%H:%M:%SZ})"

    @property
    def seconds(self) -> int:
        """Length in whole seconds."""
        return int((self.end - self.start).total_seconds())

    @classmethod
    def hour(cls, instant: datetime) -> Window:
        """The UTC hour that holds the instant."""
        start = floor_to_hour(instant)
        return cls(start, start + HOUR)

    def hours(self) -> Iterator[datetime]:
        """The starts of the UTC hours that this window touches, in order."""
        at = floor_to_hour(self.start)
        while at < self.end:
            yield at
            at += HOUR


def time_zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name.

    Raises:
        InvalidInputError: when there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInputError(
            "Time zone", name, "is not in the IANA database", "Use a name like Asia/Shanghai."
        ) from None


@dataclass(frozen=True, slots=True, order=True)
class BillingPeriod:
    """One calendar month of a time zone, named YYYY-MM."""

    name: str
    zone_name: str

    def __post_init__(self) -> None:
        if not _PERIOD_NAME.fullmatch(self.name):
            raise InvalidInputError(
                "Billing period", self.name, "is not a month written YYYY-MM", "Write it like 2026-10."
            )
        time_zone(self.zone_name)

    @classmethod
    def containing(cls, instant: datetime, zone_name: str) -> BillingPeriod:
        """The period that holds the instant."""
        local = to_utc(instant).astimezone(time_zone(zone_name))
        return cls(f"{local:%Y-%m}", zone_name)

    @property
    def local_start(self) -> datetime:
        """Midnight of the first day, in the period's own zone."""
        year, month = (int(part) for part in self.name.split("-"))
        return datetime(year, month, 1, tzinfo=time_zone(self.zone_name))

    @property
    def local_end(self) -> datetime:
        """Midnight of the first day of the next month, in the period's own zone (exclusive)."""
        return self.next.local_start

    @property
    def window(self) -> Window:
        """The period as UTC instants."""
        return Window(self.local_start, self.local_end)

    @property
    def next(self) -> BillingPeriod:
        """The month after this one."""
        year, month = (int(part) for part in self.name.split("-"))
        following = f"{year + month // 12:04d}-{month % 12 + 1:02d}"
        return BillingPeriod(following, self.zone_name)

    @property
    def previous(self) -> BillingPeriod:
        """The month before this one."""
        year, month = (int(part) for part in self.name.split("-"))
        before = f"{year - (month == 1):04d}-{(month - 2) % 12 + 1:02d}"
        return BillingPeriod(before, self.zone_name)

    def has_ended(self, now: datetime) -> bool:
        """Whether the whole period lies before `now`."""
        return self.window.end <= now
