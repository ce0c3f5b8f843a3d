"""What is particular to one marketplace that the vendor reports usage to: when, how much at once, and in which form.

A marketplace charges usage of an hour only if it is reported before the hour's *cut-off*. At the cut-off itself it is
too late: the marketplace's clock need not be ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from include.domain.periods import HOUR, BillingPeriod

#: What PostgreSQL's BIGINT holds.
LARGEST_QUANTITY = 2**63 - 1
#: What is known of an hour is sent so long before its cut-off at the latest.
_TIME_TO_SEND = timedelta(minutes=15)
#: A record that still waits so long after its hour is late: 14 minutes before the shortest cut-off.
LATE_AFTER = timedelta(minutes=45)
#: Usage without a record is looked for so long after its hour: until then a run may still enter it.
UNREPORTED_AFTER = timedelta(hours=28)


class ChannelModel(BaseModel):
    """A part of a channel's file: unknown fields are mistakes, values do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class CutOff(ChannelModel):
    """Until when usage of an hour is charged.

    Attributes:
        minutes_from_start: from the start of the hour.
        earlier_month_minutes: hours of an earlier month (UTC) are charged until so many minutes of the next month have
            passed; null where months do not matter.
        documented: where the marketplace says so, or that it does not and what was decided.
    """

    minutes_from_start: int = Field(gt=60)
    earlier_month_minutes: int | None = Field(gt=0)
    documented: str


class RequestLimits(ChannelModel):
    """What one request may hold, and how often there may be one.

    Attributes:
        records: at most.
        bytes: at most, as the list of records is sent.
        record_bytes: of one record at most, without the instance's id.
        per_second: requests in a second; null where only instances have a pace.
        instance_pause_seconds: between two requests with one instance; null where there is none.
    """

    records: int = Field(ge=1)
    bytes: int = Field(ge=1)
    record_bytes: int = Field(ge=1)
    per_second: int | None = Field(ge=1)
    instance_pause_seconds: int | None = Field(ge=1)


class Channel(ChannelModel):
    """A marketplace through which the product is sold, as one that usage is reported to. A request is of one product.

    Attributes:
        name: of its file.
        title: for people.
        call: the operation that takes usage, and the version of its API.
        cut_off: see `cut_off_of`.
        shown_after_minutes: see `shown_from`; null where it is not documented.
        silent_after_minutes: so long after an hour its console is waited for; see `silent_until`.
        shortest_window_seconds: of the time that a record is for.
        request: limits of one request.
        largest_quantity: of a record.
        idle_hours: whether hours without usage are sent as 0 or left out.
        own_record_id: whether a record carries an id of ours.
        can_be_asked: whether it says which records it has.
        absent_after_minutes: so long after a request it is believed that it does not have a record; null where it
            cannot be asked.
        repeats_are_safe: whether a second record of one instance, hour and dimension is never charged.
        on_unknown: what to do with a record of which it is not known whether it arrived: `hold` it for a person (never
            twice), or `send_again` (never lost).
        dimension_key: the field that names what is measured.
        last_hour: when the hour in which a subscription ended is reported: `when_over`, as any other, or `at_once`,
            though the rest of it is to come, where usage is not taken for long after the end.
        after_end: until when usage of an instance that has ended is taken, for people.
    """

    name: str
    title: str
    call: str
    cut_off: CutOff
    shown_after_minutes: int | None = Field(ge=60)
    silent_after_minutes: int = Field(ge=1)
    shortest_window_seconds: int = Field(ge=1, le=3600)
    request: RequestLimits
    largest_quantity: int = Field(ge=1, le=LARGEST_QUANTITY)
    idle_hours: Literal["sent", "left_out"]
    own_record_id: bool
    can_be_asked: bool
    absent_after_minutes: int | None = Field(ge=1)
    repeats_are_safe: bool
    on_unknown: Literal["hold", "send_again"]
    dimension_key: str
    last_hour: Literal["at_once", "when_over"]
    after_end: str

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.can_be_asked != (self.absent_after_minutes is not None):
            raise ValueError("absent_after_minutes must be given where can_be_asked is true, and null where it is not")
        if self.on_unknown == "send_again" and not self.repeats_are_safe:
            raise ValueError("on_unknown must be 'hold' where repeats_are_safe is false")
        return self

    def cut_off_of(self, hour: datetime) -> datetime:
        """The first instant at which it is too late to report usage of the hour that starts then."""
        limit = hour + timedelta(minutes=self.cut_off.minutes_from_start)
        if self.cut_off.earlier_month_minutes is None:
            return limit
        month = BillingPeriod.containing(hour, "UTC")
        return min(limit, month.window.end + timedelta(minutes=self.cut_off.earlier_month_minutes))

    def shown_from(self, hour: datetime) -> datetime | None:
        """About when the marketplace's bill has the hour that starts then; None where that is not documented."""
        return None if self.shown_after_minutes is None else hour + timedelta(minutes=self.shown_after_minutes)

    def silent_until(self, hour: datetime) -> datetime:
        """Until when a console that is silent since an hour is waited for: then what is known is reported."""
        waited = hour + HOUR + timedelta(minutes=self.silent_after_minutes)
        return min(waited, self.cut_off_of(hour) - _TIME_TO_SEND)
