"""Plans of pushes: cut-offs, batches and pauses, against an independent calculation; and `push-plan` on files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.catalog.loader import load_channel
from include.marketplace.push.plan import HourlyUsage, PushPlan, plan_pushes
from tests.support.marketplace.plans import LIMITS, judge

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HOUR = timedelta(hours=1)
AT = datetime(2026, 10, 31, 8, tzinfo=UTC)
PUSH_PLAN = ("marketplace", "push-plan")
HEADER = "marketplace_instance_id,product_code,hour,aku_seconds\n"


def plan(channel: str, rows: Iterable[tuple[str, str, datetime, int]], now: datetime) -> PushPlan:
    return plan_pushes(load_channel(channel), [HourlyUsage(*row) for row in rows], now)


def as_printed(planned: PushPlan) -> dict:
    def z(instant: datetime) -> str:
        return instant.isoformat().replace("+00:00", "Z")

    def record(row: HourlyUsage) -> dict:
        name = row.marketplace_instance_id
        times = {"hour": z(row.hour), "start": z(row.start), "end": z(row.end)}
        return {"marketplace_instance_id": name, **times, "quantity": row.quantity}

    requests = [
        {"product_code": p, "not_before": z(at), "records": [record(row) for row in rows]}
        for p, at, rows in planned.requests
    ]
    return {"requests": requests, "missed": [record(row) for row in planned.missed]}


@pytest.mark.parametrize(
    ("channel", "hour", "last_good"),
    [
        ("alibaba-china", AT, AT + timedelta(hours=1, minutes=58, seconds=59)),
        ("alibaba-international", AT, AT + timedelta(hours=1, minutes=58, seconds=59)),
        ("aws", AT - timedelta(days=5), AT - timedelta(days=4, seconds=1)),
        ("aws", AT, datetime(2026, 11, 1, 5, 59, 59, tzinfo=UTC)),
        ("aws", datetime(2026, 10, 31, 3, tzinfo=UTC), datetime(2026, 11, 1, 2, 59, 59, tzinfo=UTC)),
        ("aws", datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 1, 5, 59, 59, tzinfo=UTC)),
        ("aws", datetime(2026, 11, 1, 0, tzinfo=UTC), datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC)),
        ("aws", datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2027, 1, 1, 5, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_hour_can_be_sent_until_its_cut_off_and_not_at_it(channel: str, hour: datetime, last_good: datetime) -> None:
    row = ("mi-1", "p", hour, 3600)
    assert plan(channel, [row], last_good).missed == []
    late = plan(channel, [row], last_good + timedelta(seconds=1))
    assert (late.requests, late.missed) == ([], [HourlyUsage(*row)])


def test_an_idle_hour_is_sent_where_the_channel_wants_it_and_is_never_missed_elsewhere() -> None:
    row = ("mi-1", "p", AT, 0)
    for now in (AT + HOUR, AT + 20 * HOUR):
        assert plan("alibaba-china", [row], now) == PushPlan([], [])
    assert plan("aws", [row], AT + HOUR).requests[0].records == [HourlyUsage(*row)]
    assert plan("aws", [row], AT + 24 * HOUR).missed == [HourlyUsage(*row)]


@pytest.mark.parametrize(("channel", "sizes"), [("alibaba-china", [50, 50, 20]), ("aws", [25, 25, 25, 25, 20])])
def test_a_request_holds_what_the_channel_takes_and_one_product(channel: str, sizes: list[int]) -> None:
    rows = [(f"mi-{n:03}", product, AT, n) for n in range(1, 121) for product in ("p", "q")]
    planned = plan(channel, rows, AT + HOUR)
    for product in ("p", "q"):
        assert [len(each.records) for each in planned.requests if each.product_code == product] == sizes


def test_long_ids_make_smaller_requests() -> None:
    rows = [("x" * 97 + f"{n:03}", "p", AT, 1) for n in range(100)]
    planned = plan("alibaba-china", rows, AT + HOUR)
    limits = load_channel("alibaba-china").request
    assert {len(each.records) for each in planned.requests} == {limits.bytes // (limits.record_bytes + 300), 20}


def test_an_instance_waits_for_its_next_request_and_what_would_then_be_late_is_missed() -> None:
    rows = [("mi-1", "p", AT, 1), ("mi-1", "q", AT, 2)]
    first, second = plan("alibaba-china", rows, AT + HOUR).requests
    assert (first.not_before, second.not_before) == (AT + HOUR, AT + HOUR + timedelta(seconds=60))
    planned = plan("alibaba-china", rows, AT + timedelta(hours=1, minutes=58))
    assert [len(planned.requests), planned.missed] == [1, [HourlyUsage("mi-1", "q", AT, 2)]]


def test_the_backlog_of_a_day_goes_the_oldest_first() -> None:
    rows = [(f"mi-{n}", "p", AT + hour * HOUR, 1) for n in range(20) for hour in reversed(range(5))]
    planned = plan("aws", rows, AT + 6 * HOUR)
    hours = [row.hour for each in planned.requests for row in each.records]
    assert hours == sorted(hours)
    assert len(planned.requests) == 4


ROWS = st.lists(
    st.tuples(
        st.sampled_from([f"mi-{n}" for n in range(40)]),
        st.sampled_from("pq"),
        st.integers(1, 30).map(lambda hours: datetime(2026, 11, 1, 7, tzinfo=UTC) - hours * HOUR),
        st.integers(0, 3),
    ),
    max_size=150,
    unique_by=lambda row: row[:3],
)


@given(st.sampled_from(sorted(LIMITS)), ROWS, st.integers(0, 2 * 3600))
def test_any_plan_is_one_that_the_channel_takes(channel: str, rows: list, seconds: int) -> None:
    now = datetime(2026, 11, 1, 5, tzinfo=UTC) + timedelta(seconds=seconds)
    closed = [row for row in rows if row[2] + HOUR <= now]
    judge(channel, closed, now, as_printed(plan(channel, closed, now)))


def test_thousands_of_instances_are_paced_until_the_cut_off() -> None:
    rows = [(f"mi-{n}", "p", AT, 1) for n in range(3000)]
    now = AT + timedelta(hours=22) - timedelta(seconds=5)  # five seconds before the month is closed
    planned = plan("aws", rows, now)
    judge("aws", rows, now, as_printed(planned))
    assert (len(planned.requests), len(planned.missed)) == (50, 3000 - 50 * 25)


def test_a_plan_is_printed_as_json(tmp_path: Path, akubill) -> None:
    file = tmp_path / "usage.csv"
    file.write_text(
        "aku_seconds,hour,product_code,marketplace_instance_id\n"
        "3600,2026-10-31T16:00:00+08:00,p,mi-1\n0,2026-10-31T08:00:00Z,p,mi-2\n7.0,2026-10-31T07:00:00Z,p,mi-1\n",
        encoding="utf-8",
    )
    arguments = ["--usage", str(file), "--channel", "alibaba-china", "--now", "2026-10-31T09:58:59Z", "--format"]
    code, out, err = akubill(*PUSH_PLAN, *arguments, "json")
    assert (code, err) == (0, "")
    hour = {"hour": "2026-10-31T08:00:00Z", "start": "2026-10-31T08:00:00Z", "end": "2026-10-31T09:00:00Z"}
    assert json.loads(out) == {
        "requests": [
            {
                "product_code": "p",
                "not_before": "2026-10-31T09:58:59Z",
                "records": [{"marketplace_instance_id": "mi-1", **hour, "quantity": 3600}],
            }
        ],
        "missed": [{"marketplace_instance_id": "mi-1", "hour": "2026-10-31T07:00:00Z", "quantity": 7}],
    }
    code, out, _ = akubill(*PUSH_PLAN, *arguments, "csv")
    assert out.splitlines()[1].startswith("1,2026-10-31T09:58:59Z,p,mi-1,")
    assert out.splitlines()[2].startswith(",,p,mi-1,2026-10-31T07:00:00Z")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",p,2026-10-31T08:00:00Z,1", "line 3, marketplace_instance_id is ''"),
        ("mi\t2,p,2026-10-31T08:00:00Z,1", "line 3, marketplace_instance_id is"),
        ("mi-2,ü,2026-10-31T08:00:00Z,1", "line 3, product_code is 'ü'"),
        ("mi-2,p,2026-10-31T08:00:00,1", "it has no time zone"),
        ("mi-2,p,31.10.2026,1", "it is not an ISO 8601 time"),
        ("mi-2,p,2026-10-31T08:00:01Z,1", "it is not the start of a full hour"),
        ("mi-2,p,2026-10-31T08:00:00+05:30,1", "it is not the start of a full hour"),
        ("mi-2,p,2026-10-31T09:00:00Z,1", "it has not ended at 2026-10-31T09:30:00Z. Plan it when it has."),
        ("mi-2,p,2026-10-31T08:00:00Z,-1", "it must not be negative"),
        ("mi-2,p,2026-10-31T08:00:00Z,1.5", "it must be whole"),
        ("mi-2,p,2026-10-31T08:00:00Z,9223372036854775808", "it is more than the 9223372036854775807"),
        ("mi-2,p,2026-10-31T08:00:00Z," + "9" * 5000, "it is not a number"),
        ("mi-2,p,2026-10-31T08:00:00Z,1e3", "it is not a number"),
        ("mi-2,p,2026-10-31T08:00:00Z,", "it is not a number"),
        ("mi-2,p,2026-10-31T08:00:00Z,\uff11", "it is not a number"),
        ("mi-1,p,2026-10-31T16:00:00+08:00,1", "it is in line 2 already for mi-1, and that one counts"),
        ("mi-2,p,2026-10-31T08:00:00Z", "has 3 values, and the header has 4"),
        ("mi-2,p,2026-10-31T08:00:00Z,1,2", "has 5 values, and the header has 4"),
    ],
)
def test_a_row_that_breaks_a_rule_is_named_and_the_others_are_planned(
    row: str, said: str, tmp_path: Path, akubill
) -> None:
    file = tmp_path / "usage.csv"
    file.write_text(f"{HEADER}mi-1,p,2026-10-31T08:00:00Z,1\n{row}\nmi-3,p,2026-10-31T08:00:00Z,3\n", encoding="utf-8")
    arguments = ["--usage", str(file), "--channel", "alibaba-china", "--now", "2026-10-31T09:30:00Z"]
    code, out, err = akubill(*PUSH_PLAN, *arguments, "--format", "json")
    assert code == 1
    assert err.startswith("usage.csv line 3, ")
    assert said in err
    assert len(err.splitlines()) == 1
    assert len(err) < 500
    records = json.loads(out)["requests"][0]["records"]
    assert [record["marketplace_instance_id"] for record in records] == ["mi-1", "mi-3"]


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (HEADER.replace("hour", "day"), [], "has no column hour"),
        (HEADER.replace("hour", "hour,hour"), [], "has the column hour more than once"),
        ("\n\n", [], "has no column"),
        (HEADER, ["--channel", "azure"], "must be one of alibaba-china, alibaba-international, aws"),
        (HEADER, ["--channel", "../plan"], "must be one of"),
        (HEADER, ["--now", "2026-10-31T09:30:00"], "--now is '2026-10-31T09:30:00': it has no time zone"),
        (HEADER, ["--now", "now"], "--now is 'now': it is not an ISO 8601 time"),
    ],
)
def test_what_is_no_plan_is_a_sentence(content: str, arguments: list[str], said: str, tmp_path: Path, akubill) -> None:
    file = tmp_path / "usage.csv"
    file.write_text(content, encoding="utf-8")
    options = {"--usage": str(file), "--channel": "aws", "--now": "2026-10-31T09:30:00Z"}
    options |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    code, out, err = akubill(*PUSH_PLAN, *(word for pair in options.items() for word in pair))
    assert (code, out) == (1, "")
    assert said in err


def test_a_file_without_rows_is_an_empty_plan(tmp_path: Path, akubill) -> None:
    file = tmp_path / "usage.csv"
    file.write_text(HEADER, encoding="utf-8")
    arguments = ["--usage", str(file), "--channel", "aws", "--now", "2026-10-31T09:30:00Z"]
    code, out, _ = akubill(*PUSH_PLAN, *arguments, "--format", "json")
    assert (code, json.loads(out)) == (0, {"requests": [], "missed": []})
    code, out, _ = akubill(*PUSH_PLAN, *arguments)
    assert out == "There is nothing to send.\n"
