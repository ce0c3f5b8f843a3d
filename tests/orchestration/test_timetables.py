"""When billing periods are closed, without a scheduler."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pendulum
import pytest

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.timetables.base import DagRunInfo, Timetable

    from include.orchestration.timetables import BillingPeriodTimetable

pytestmark = pytest.mark.usefixtures("airflow")


@pytest.fixture
def timetable() -> BillingPeriodTimetable:
    from include.orchestration.timetables import BillingPeriodTimetable

    return BillingPeriodTimetable("Asia/Shanghai", timedelta(hours=6))


def following(timetable: Timetable, start: datetime, count: int, *, catchup: bool = True) -> list[DagRunInfo]:
    from airflow.timetables.base import TimeRestriction

    restriction = TimeRestriction(pendulum.instance(start), None, catchup)
    runs: list[DagRunInfo] = []
    for _ in range(count):
        run = timetable.next_dagrun_info_v2(last_dagrun_info=runs[-1] if runs else None, restriction=restriction)
        assert run is not None
        runs.append(run)
    return runs


def test_every_month_of_the_zone_is_closed_six_hours_after_its_end(timetable: BillingPeriodTimetable) -> None:
    runs = following(timetable, datetime(2026, 10, 31, 16, tzinfo=UTC), 3)
    assert [run.partition_key for run in runs] == ["2026-11", "2026-12", "2027-01"]
    assert runs[0].data_interval is not None
    assert runs[0].data_interval.start == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert runs[0].data_interval.end == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert runs[0].run_after == datetime(2026, 11, 30, 22, tzinfo=UTC)
    assert runs[0].partition_date == runs[0].data_interval.start


def test_the_first_period_starts_after_the_dag_does(timetable: BillingPeriodTimetable) -> None:
    (run,) = following(timetable, datetime(2026, 10, 31, 16, 1, tzinfo=UTC), 1)
    assert run.partition_key == "2026-12"


def test_without_catchup_the_newest_ended_period_is_first(timetable: BillingPeriodTimetable) -> None:
    from include.domain.periods import BillingPeriod

    (run,) = following(timetable, datetime(2020, 1, 1, tzinfo=UTC), 1, catchup=False)
    due = BillingPeriod.containing(datetime.now(UTC) - timedelta(hours=6), "Asia/Shanghai").previous
    assert run.partition_key == due.name


def test_no_run_starts_after_the_dag_ends(timetable: BillingPeriodTimetable) -> None:
    from airflow.timetables.base import TimeRestriction

    earliest = pendulum.datetime(2026, 10, 31, 16)
    restriction = TimeRestriction(earliest, earliest.subtract(seconds=1), catchup=True)
    assert timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction) is None


@pytest.mark.parametrize("instant", [datetime, pendulum.datetime])  # the command line gives the latter
def test_backfill_takes_dates_as_wall_clock_of_the_zone(timetable: BillingPeriodTimetable, instant) -> None:
    runs = list(
        timetable.iter_partition_dagrun_infos(
            earliest=instant(2026, 1, 1).replace(tzinfo=UTC), latest=instant(2026, 3, 1).replace(tzinfo=UTC)
        )
    )
    assert [run.partition_key for run in runs] == ["2026-01", "2026-02", "2026-03"]
    assert runs[0].run_after == datetime(2026, 1, 31, 22, tzinfo=UTC)
    assert {run.data_interval for run in runs} == {None}


def test_a_run_is_named_by_its_period_and_a_backfill_never_twice_the_same(timetable: BillingPeriodTimetable) -> None:
    from airflow.utils.types import DagRunType

    def name(run_type: DagRunType, key: str | None) -> str:
        at = pendulum.datetime(2026, 10, 31, 22)
        return timetable.generate_run_id(run_type=run_type, run_after=at, data_interval=None, partition_key=key)

    assert name(DagRunType.SCHEDULED, "2026-10") == "scheduled__2026-10"
    assert name(DagRunType.BACKFILL_JOB, "2026-10").startswith("backfill__2026-10__")
    assert name(DagRunType.BACKFILL_JOB, "2026-10") != name(DagRunType.BACKFILL_JOB, "2026-10")
    assert name(DagRunType.MANUAL, None).startswith("manual__2026-10-31T22:00:00")


def test_an_hourly_run_is_named_by_its_hour_and_the_scheduler_makes_its_timetable_again(dagbag: DagBag) -> None:
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.utils.types import DagRunType

    hourly = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dagbag.dags["aku_metering"])).timetable
    (run,) = following(hourly, datetime(2026, 10, 1, 5, 30, tzinfo=UTC), 1)
    assert run.partition_key == "2026-10-01T05:00:00"
    named = hourly.generate_run_id(
        run_type=DagRunType.SCHEDULED, run_after=run.run_after, data_interval=None, partition_key=run.partition_key
    )
    assert named == "scheduled__2026-10-01T05:00:00"


def test_a_backfilled_hour_is_closed_as_of_when_it_has_ended(dagbag: DagBag) -> None:
    hourly = dagbag.dags["aku_metering"].timetable
    first, last = datetime(2026, 10, 1, 5, tzinfo=UTC), datetime(2026, 10, 1, 7, tzinfo=UTC)
    runs = list(hourly.iter_partition_dagrun_infos(earliest=first, latest=last))
    assert [run.partition_key for run in runs] == ["2026-10-01T05:00:00", "2026-10-01T06:00:00"]
    assert runs[0].run_after == datetime(2026, 10, 1, 6, 7, tzinfo=UTC)


def test_a_partition_key_is_a_month(timetable: BillingPeriodTimetable) -> None:
    from airflow.exceptions import InvalidPartitionKeyError

    assert timetable.resolve_partition_date("2026-10") == datetime(2026, 9, 30, 16, tzinfo=UTC)
    with pytest.raises(InvalidPartitionKeyError, match="'October'"):
        timetable.resolve_partition_date("October")


def test_the_scheduler_makes_it_again_from_its_settings(timetable: BillingPeriodTimetable) -> None:
    again = type(timetable).deserialize(timetable.serialize())
    assert (again.zone, again.close_delay, again.summary) == (
        "Asia/Shanghai",
        timedelta(hours=6),
        "monthly (Asia/Shanghai), 6 h after",
    )


@pytest.mark.parametrize(("zone", "hours"), [("Mars/Olympus", 6), ("Asia/Shanghai", -1)])
def test_settings_that_cannot_be_meant_are_refused(zone: str, hours: int) -> None:
    from airflow.exceptions import AirflowTimetableInvalid

    from include.orchestration.timetables import BillingPeriodTimetable

    with pytest.raises(AirflowTimetableInvalid):
        BillingPeriodTimetable(zone, timedelta(hours=hours)).validate()


def test_a_run_without_a_period_takes_the_last_one_that_is_due(timetable: BillingPeriodTimetable) -> None:
    interval = timetable.infer_manual_data_interval(run_after=pendulum.datetime(2026, 11, 24))
    assert interval.start == datetime(2026, 9, 30, 16, tzinfo=UTC)
