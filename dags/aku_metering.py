"""### Computes hourly usage from readings.

**What.** Closes the hour that has just ended: from polls and readings it computes the AKU-seconds of every instance,
says how they are known (measured, inferred, estimated), and opens or resolves gaps. Hours that no run has closed, for
example after a pause, are closed first, so a late run catches up by itself. An hour whose console has not answered
since stays open, becomes provisional forty minutes after its end, and is closed when an answer arrives.

**When.** Every hour at minute 7, for the hour before; the run's partition is that hour (UTC).

**By hand.** Give *from* and *to* to close any window again, or trigger it with a partition key like
`2026-10-01T05:00:00`, or backfill a range. Closing an hour again that is already right changes nothing.

**Deadline.** If a scheduled run has not succeeded half an hour after it became due, because it failed, waits or
hangs, operators are notified once, through the channel of `freshness_alarms`.

**What you do next.** Usually nothing. If a deadline was missed, look at the run; the next run that succeeds closes
its hour too. Gaps are in `metering.gaps`; an open gap holds the bill.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import Param, dag

from include.orchestration.assets import READINGS, USAGE
from include.orchestration.deadlines import hourly_close
from include.orchestration.defaults import OPERATIONS, TAG, task_defaults
from include.orchestration.errors import task
from include.orchestration.timetables import HourTimetable


@dag(
    # The tick at 05:07 is for the hour that began at 04:00.
    schedule=HourTimetable("7 * * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%dT%H:00:00"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, OPERATIONS, "metering"],
    default_args=task_defaults(OPERATIONS),
    deadline=hourly_close(),
    params={
        "from": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="From",
            description="Start of the window to close again, on the hour. Empty: the run's own hour.",
        ),
        "to": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="To",
            description="Its end (exclusive), on the hour.",
        ),
    },
)
def aku_metering() -> None:
    """Close hours."""

    @task(outlets=[USAGE], inlets=[READINGS])
    def close_hours(partition_key: str | None = None) -> dict[str, int]:
        """Close the run's hour, or the window that the form gives; yields counts."""
        from include.metering.hours.close import close_asked
        from include.metering.hours.digests import take_missing_digests
        from include.orchestration import connections, work
        from include.orchestration.outcomes import leave_outcome

        form = work.form()
        closed = close_asked(connections.warehouse(), work.run_instant(), form["from"], form["to"], hour=partition_key)
        take_missing_digests(connections.warehouse())
        return leave_outcome("hours", closed.counts())

    close_hours()


aku_metering()
