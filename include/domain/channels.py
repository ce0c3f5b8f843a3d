"""What is particular to one marketplace that the vendor reports usage to: when, how much at once, and in which form.

A marketplace charges usage of an hour only if it is reported before the hour's *cut-off*. At the cut-off itself it is
too late: the marketplace's clock need not be ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from include.domain.periods import BillingPeriod

#: What PostgreSQL's BIGINT holds.
LARGEST_QUANTITY = 2**63 - 1


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
        shortest_window_seconds: of the time that a record is for.
        request: limits of one request.
        largest_quantity: of a record.
        idle_hours: whether hours without usage are sent as 0 or left out.
        own_record_id: whether a record carries an id of ours.
        can_be_asked: whether it says which records it has.
        repeats_are_safe: whether a second record of one instance, hour and dimension is never charged.
        on_unknown: what to do with a record of which it is not known whether it arrived: `hold` it for a person (never
            twice), or `send_again` (never lost).
        dimension_key: the field that names what is measured.
        after_end: until when usage of an instance that has ended is taken, for people.
    """

    name: str
    title: str
    call: str
    cut_off: CutOff
    shortest_window_seconds: int = Field(ge=1, le=3600)
    request: RequestLimits
    largest_quantity: int = Field(ge=1, le=LARGEST_QUANTITY)
    idle_hours: Literal["sent", "left_out"]
    own_record_id: bool
    can_be_asked: bool
    repeats_are_safe: bool
    on_unknown: Literal["hold", "send_again"]
    dimension_key: str
    after_end: str

    def cut_off_of(self, hour: datetime) -> datetime:
        """The first instant at which it is too late to report usage of the hour that starts then."""
        limit = hour + timedelta(minutes=self.cut_off.minutes_from_start)
        if self.cut_off.earlier_month_minutes is None:
            return limit
        month = BillingPeriod.containing(hour, "UTC")
        return min(limit, month.window.end + timedelta(minutes=self.cut_off.earlier_month_minutes))
