from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from include.reporting.bill_detail import UsageDay, UsageHour
from include.reporting.charts import daily_chart, daily_table, hour_calendar

FIRST = date(2026, 10, 1)


def part(day, instance, aku):
    return UsageDay(FIRST + timedelta(days=day), instance, instance, aku * 3600)


def hour(day, hour_of_day, aku, estimated=0):
    return UsageHour(FIRST + timedelta(days=day), hour_of_day, aku * 3600, estimated * 3600)


def test_a_day_is_one_bar_of_its_instances_the_largest_at_the_bottom():
    chart = daily_chart(FIRST, 31, [part(0, "small", 10), part(0, "large", 30)])
    assert [series.name for series in chart.series] == ["large", "small"]
    large, small = chart.boxes
    assert (large.y + large.height, small.y + small.height) == (chart.plot_bottom, large.y)
    assert large.height == 3 * small.height
    assert [label.text for label in chart.grid] == ["0", "10", "20", "30", "40"]


def test_beyond_six_instances_the_smallest_are_one_series():
    chart = daily_chart(FIRST, 31, [part(0, f"kf-{n}", 10 - n) for n in range(8)])
    assert [series.name for series in chart.series] == ["kf-0", "kf-1", "kf-2", "kf-3", "kf-4", "3 others"]
    assert chart.series[-1].aku_seconds == 12 * 3600


def test_the_table_has_every_day_and_the_same_series():
    table = daily_table(FIRST, 31, [part(0, "small", 10), part(30, "large", 30)])
    assert [series.name for series in table.series] == ["large", "small"]
    assert len(table.days) == 31
    assert (table.days[0][1], table.days[1][1], table.days[30][1]) == ([0, 36_000], [0, 0], [108_000, 0])


def test_without_usage_there_is_an_empty_plot():
    assert daily_chart(FIRST, 30, []).boxes == []
    assert {cell.level for row in hour_calendar(FIRST, 30, []).rows for cell in row} == {0}


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from("abcdefgh"), st.integers(0, 50_000)),
        max_size=40,
    )
)
def test_no_bar_leaves_the_plot(parts):
    chart = daily_chart(FIRST, 31, [part(*each) for each in parts])
    for box in chart.boxes:
        assert 0 <= box.y <= box.y + box.height <= chart.plot_bottom
        assert chart.plot_left <= box.x < box.x + box.width <= chart.width


def test_every_hour_is_shaded_by_its_share_of_the_highest():
    calendar = hour_calendar(FIRST, 31, [hour(0, 0, 10), hour(0, 1, 1), hour(1, 0, 4, 2)])
    assert [len(row) for row in calendar.rows] == [31] * 24
    first, second = calendar.rows[:2]
    assert [first[0].level, second[0].level, calendar.rows[2][0].level, first[1].level] == [5, 1, 0, 2]
    assert (first[1].aku_seconds, first[1].estimated_aku_seconds) == (4 * 3600, 2 * 3600)
    assert (calendar.highest, calendar.has_estimated) == (10 * 3600, True)
