"""When an hour is closed, and a billing period: once per calendar month of the seller's time zone, some hours after.

Every run of a close carries its period as partition key (YYYY-MM), so that bills are an asset partitioned by period.
Scheduled runs carry the month as data interval too and are named by it (scheduled__2026-10). Backfill takes its dates
as wall clock of the zone; its runs have no data interval, because a run for the same month may exist, and Airflow
allows one a date.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pendulum
from airflow.exceptions import InvalidPartitionKeyError
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.timetables.trigger import CronPartitionTimetable

from include.domain.errors import InvalidInputError
from include.domain.periods import BillingPeriod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from airflow.utils.types import DagRunType


class _NamedByPartition(Timetable):
    """Names runs by what they are about, where Airflow tells their partition: for those by hand it does not."""

    def generate_run_id(
        self,
        *,
        run_type: DagRunType,
        run_after: datetime,
        data_interval: DataInterval | None,
        **extra: object,
    ) -> str:
        """scheduled__2026-10; a backfill of the same month may come again and gets a name of its own each time."""
        key = extra.get("partition_key")
        if run_type.value == "scheduled" and key:
            return f"scheduled__{key}"
        if run_type.value == "backfill" and key:
            return f"backfill__{key}__{uuid4().hex[:8]}"
        return super().generate_run_id(
            run_type=run_type, run_after=pendulum.instance(run_after), data_interval=data_interval, **extra
        )


class HourTimetable(_NamedByPartition, CronPartitionTimetable):
    """One run per hour, named by it: scheduled__2026-10-01T05:00:00."""

    def iter_partition_dagrun_infos(self, *, earliest: datetime, latest: datetime) -> Iterator[DagRunInfo]:
        """The hours that begin in [earliest, latest], for backfill; each run is of when the hour is due.

        Airflow dates it at the hour's beginning, when nothing of the hour can be closed.
        """
        for info in super().iter_partition_dagrun_infos(earliest=earliest, latest=latest):
            due = info.run_after
            for _ in range(-self._run_offset):
                due = self._get_next(due)
            yield info._replace(run_after=due)


class BillingPeriodTimetable(_NamedByPartition):
    """One run per billing period, `close_delay` after it has ended.

    Args:
        zone: IANA time zone whose calendar months are the periods.
        close_delay: how long metering may take to close the last hour.
    """

    description = "After each billing period"
    partitioned = True

    def __init__(self, zone: str, close_delay: timedelta = timedelta(hours=6)) -> None:
        self.zone, self.close_delay = zone, close_delay

    def serialize(self) -> dict[str, Any]:
        """Its settings, from which the scheduler makes it again."""
        return {"zone": self.zone, "close_delay_seconds": self.close_delay.total_seconds()}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> BillingPeriodTimetable:
        """Make it from its settings."""
        return cls(data["zone"], timedelta(seconds=data["close_delay_seconds"]))

    def validate(self) -> None:
        """Refuse settings that cannot be meant.

        Raises:
            AirflowTimetableInvalid: when the delay is negative or the zone is unknown.
        """
        from airflow.exceptions import AirflowTimetableInvalid

        try:
            BillingPeriod("2000-01", self.zone)
        except InvalidInputError as error:
            raise AirflowTimetableInvalid(str(error)) from None
        if self.close_delay < timedelta(0):
            raise AirflowTimetableInvalid("close_delay must not be negative: a period is closed after its end.")

    @property
    def summary(self) -> str:
        """What the UI shows beside the DAG."""
        return f"monthly ({self.zone}), {self.close_delay.total_seconds() / 3600:g} h after"

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The period after the last run's, or the first that starts within the restriction."""
        last = last_automated_data_interval
        return self._next(self._containing(last.start) if last else None, restriction)

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The same, where the last run may be known by its partition only."""
        started = last_dagrun_info and (
            last_dagrun_info.data_interval.start if last_dagrun_info.data_interval else last_dagrun_info.partition_date
        )
        return self._next(self._containing(started) if started else None, restriction)

    def iter_partition_dagrun_infos(self, *, earliest: datetime, latest: datetime) -> Iterator[DagRunInfo]:
        """The periods whose start lies in [earliest, latest], both as wall clock of the zone; for backfill."""
        first, last = self.localize_partition_datetime(earliest), self.localize_partition_datetime(latest)
        period = self._containing(first)
        if period.window.start < first:
            period = period.next
        while period.window.start <= last:
            yield self._info(period)._replace(data_interval=None)
            period = period.next

    def localize_partition_datetime(self, dt: datetime) -> pendulum.DateTime:
        """The instant at which the zone's clocks read as `dt` does."""
        # Not by pendulum.instance, which gives a pendulum DateTime back as it is.
        return pendulum.DateTime.create(
            dt.year, dt.month, dt.day, dt.hour, dt.minute, dt.second, tz=self.zone
        ).in_timezone("UTC")

    def infer_manual_data_interval(self, *, run_after: datetime) -> DataInterval:
        """The last period whose close is due."""
        return _interval(self._containing(run_after - self.close_delay).previous)

    def _decode_partition_date(self, partition_key: str) -> datetime:
        try:
            return BillingPeriod(partition_key, self.zone).window.start
        except InvalidInputError as error:
            raise InvalidPartitionKeyError(str(error)) from None

    def _next(self, last: BillingPeriod | None, restriction: TimeRestriction) -> DagRunInfo | None:
        if last is not None:
            period = last.next
        elif restriction.earliest is not None:
            period = self._first_from(restriction.earliest)
        else:
            return None
        if not restriction.catchup:
            newest = self._containing(pendulum.now("UTC") - self.close_delay).previous
            period = max(period, newest)
        if restriction.latest is not None and period.window.start > restriction.latest:
            return None
        return self._info(period)

    def _first_from(self, instant: datetime) -> BillingPeriod:
        period = self._containing(instant)
        return period if period.window.start >= instant else period.next

    def _containing(self, instant: datetime) -> BillingPeriod:
        return BillingPeriod.containing(instant, self.zone)

    def _info(self, period: BillingPeriod) -> DagRunInfo:
        interval = _interval(period)
        return DagRunInfo(
            run_after=interval.end + self.close_delay,
            data_interval=interval,
            partition_date=interval.start,
            partition_key=period.name,
        )


def _interval(period: BillingPeriod) -> DataInterval:
    window = period.window
    return DataInterval(pendulum.instance(window.start), pendulum.instance(window.end))
