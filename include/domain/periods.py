"""Windows of time. Every window is half-open: its start belongs to it, its end does not.

Instants are aware and kept in UTC. A billing period is a calendar month of a time zone, so it is not a whole number of
UTC days and may, with daylight saving, be an hour longer or shorter than its neighbours. Nothing here reads a clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from include.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = timedelta(hours=1)
#: The IANA database lists changes until 2037, and gives rules by year for what follows.
_WEEKS_UNTIL_RULES_REPEAT = 53 * 40
_PERIOD_NAME = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])")
#: The years in which an instant that somebody gives may lie; one of another year is a mistake, not a time.
FIRST_YEAR, LAST_YEAR = 2000, 2999
# The year 2000 began 14 hours earlier in the first zone than in UTC. Windows may end where the last month does.
_EARLIEST, _END = datetime(1999, 12, 31, 10, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
_LAST_WINDOW_END = datetime(3000, 1, 1, 12, tzinfo=UTC)
_INSTANT = re.compile(r"[0-9W]{4}[0-9W:.,+\-TZ ]{1,40}", re.IGNORECASE)
#: What is wrong with a text that is no instant: the rules of `parse_instant`.
NOT_A_TIME = "is not an ISO 8601 time"
NO_TIME_ZONE = "has no time zone"
OUT_OF_RANGE = f"lies outside the calendar (the years {FIRST_YEAR} to {LAST_YEAR})"


def parse_instant(text: object, what: str = "Instant") -> datetime:
    """Read an ISO 8601 instant with an offset and return it in UTC: the one door for every time that is given as text.

    Raises:
        InvalidInputError: when it is not ISO 8601, has no offset, or lies outside the years 2000 to 2999; its rule is
            NOT_A_TIME, NO_TIME_ZONE or OUT_OF_RANGE.
    """
    try:
        if not isinstance(text, str) or not _INSTANT.fullmatch(text):
            raise ValueError  # noqa: TRY301 (the same as what fromisoformat refuses)
        instant = datetime.fromisoformat(text)
    except ValueError:
        shown = text[:60] if isinstance(text, str) else text
        raise InvalidInputError(what, shown, NOT_A_TIME, "Write it like 2026-10-01T00:00:00+08:00.") from None
    if instant.tzinfo is not None and not _EARLIEST <= instant < _END:
        raise InvalidInputError(what, text, OUT_OF_RANGE, "Correct the year.")
    return to_utc(instant, what)


def to_utc(instant: datetime, what: str = "Instant") -> datetime:
    """Return the same instant in UTC.

    Raises:
        InvalidInputError: when the instant is naive, or far outside the years 2000 to 2999.
    """
    if instant.tzinfo is None:
        raise InvalidInputError(what, instant.isoformat(), NO_TIME_ZONE, "Add an offset, like +08:00, or Z for UTC.")
    if not _EARLIEST <= instant <= _LAST_WINDOW_END:
        raise InvalidInputError(what, instant.isoformat(), OUT_OF_RANGE, "Correct the year.")
    return instant.astimezone(UTC)


def instant_of_unix(seconds: float, what: str = "Instant") -> datetime:
    """The instant of a Unix time in seconds, in UTC.

    Raises:
        InvalidInputError: when it lies outside the years 2000 to 2999.
    """
    if not _EARLIEST.timestamp() <= seconds < _END.timestamp():
        raise InvalidInputError(what, seconds, OUT_OF_RANGE, "Correct it.")
    return datetime.fromtimestamp(seconds, UTC)


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


@cache
def _zone_names() -> frozenset[str]:
    """The names of the IANA database; a machine may add files of its own, like its local time."""
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})


def time_zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name.

    Raises:
        InvalidInputError: when there is none.
    """
    if name not in _zone_names():
        raise InvalidInputError("Time zone", name, "is not in the IANA database", "Use a name like Asia/Shanghai.")
    return ZoneInfo(name)


@cache
def is_of_whole_hours(zone: ZoneInfo) -> bool:
    """Whether the zone has been, and will be, a whole number of hours off UTC, so that its months hold whole hours.

    Looks at every week from 2000 on until the rules repeat themselves.
    """
    weeks = (datetime(2000, 1, 1, tzinfo=UTC) + timedelta(weeks=n) for n in range(_WEEKS_UNTIL_RULES_REPEAT))
    return not any(week.astimezone(zone).utcoffset() % HOUR for week in weeks)  # type: ignore[operator]


def month_name(text: str, what: str = "Billing period") -> str:
    """The name of a month, YYYY-MM, from 2000-01 to 2999-12, as it was given.

    Raises:
        InvalidInputError: when it is not the name of such a month.
    """
    if not _PERIOD_NAME.fullmatch(text):
        rule = f"is not a month written YYYY-MM, from {FIRST_YEAR}-01 to {LAST_YEAR}-12"
        raise InvalidInputError(what, text, rule, "Write it like 2026-10.")
    return text


#: How a billing period is written: a month of the years that the product knows.
PERIOD = r"2[0-9]{3}-(0[1-9]|1[0-2])"


@dataclass(frozen=True, slots=True, order=True)
class BillingPeriod:
    """One calendar month of a time zone, named YYYY-MM."""

    name: str
    zone_name: str

    def __post_init__(self) -> None:
        month_name(self.name)
        time_zone(self.zone_name)

    @classmethod
    def containing(cls, instant: datetime, zone_name: str) -> BillingPeriod:
        """The period that holds the instant."""
        local = to_utc(instant).astimezone(time_zone(zone_name))
        return cls(f"{local:%Y-%m}", zone_name)

    @property
    def local_start(self) -> datetime:
        """Midnight of the first day, in the period's own zone."""
        return datetime(*self._year_and_month, 1, tzinfo=time_zone(self.zone_name))

    @property
    def local_end(self) -> datetime:
        """Midnight of the first day of the next month, in the period's own zone (exclusive)."""
        year, month = self._year_and_month
        return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=time_zone(self.zone_name))

    @property
    def window(self) -> Window:
        """The period as UTC instants."""
        return Window(self.local_start, self.local_end)

    @property
    def _year_and_month(self) -> tuple[int, int]:
        year, month = self.name.split("-")
        return int(year), int(month)

    @property
    def next(self) -> BillingPeriod:
        """The month after this one."""
        year, month = self._year_and_month
        following = f"{year + month // 12:04d}-{month % 12 + 1:02d}"
        return BillingPeriod(following, self.zone_name)

    @property
    def previous(self) -> BillingPeriod:
        """The month before this one."""
        year, month = self._year_and_month
        before = f"{year - (month == 1):04d}-{(month - 2) % 12 + 1:02d}"
        return BillingPeriod(before, self.zone_name)

    def has_ended(self, now: datetime) -> bool:
        """Whether the whole period lies before `now`."""
        return self.window.end <= now
