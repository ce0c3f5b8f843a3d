from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from include.reporting.bill_detail import UsageDay, UsageHour
from include.reporting.charts import daily_chart, hour_calendar

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
    assert "1 Oct, large: 30.00 AKU-hours" in large.title
    assert [label.text for label in chart.grid] == ["0", "10", "20", "30", "40"]


def test_beyond_six_instances_the_smallest_are_one_series():
    chart = daily_chart(FIRST, 31, [part(0, f"kf-{n}", 10 - n) for n in range(8)])
    assert [series.name for series in chart.series] == ["kf-0", "kf-1", "kf-2", "kf-3", "kf-4", "3 others"]
    assert chart.series[-1].aku_hours == "12.00"


def test_without_usage_there_is_an_empty_plot():
    assert daily_chart(FIRST, 30, []).boxes == []
    assert {box.shade for box in hour_calendar(FIRST, 30, []).boxes} == {0}


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
    assert len(calendar.boxes) == 31 * 24
    shades = [calendar.boxes[n].shade for n in (0, 1, 2, 24)]
    assert shades == [5, 1, 0, 2]
    assert calendar.boxes[24].is_estimated
    assert calendar.boxes[24].title.endswith("4.00 AKU-hours, of these 2.00 estimated")
    assert (calendar.highest, calendar.has_estimated) == ("10.00", True)
