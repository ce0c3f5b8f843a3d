"""Usage as it really was, against counting every second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from include.sandbox.records import KafkaInstance
from include.sandbox.timeline import BILLABLE_STATES
from include.sandbox.truth import environment_usage, hourly_usage

HOUR = 3600
START = 1_790_000_000 // HOUR * HOUR

moments = st.lists(
    st.tuples(
        st.integers(0, 3 * HOUR),
        st.sampled_from(["Creating", "Running", "Changing", "Error", "Deleting", "Deleted"]),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=12,
)


def instance_of(drawn) -> KafkaInstance:
    timeline = [(START + at, state, aku, aku) for at, state, aku in sorted(drawn, key=lambda moment: moment[0])]
    return KafkaInstance("kf-1", "env-1", "orders", timeline)


@given(moments, st.integers(0, 2 * HOUR), st.integers(0, 4 * HOUR))
def test_hours_are_the_sum_of_their_seconds(drawn, offset, length):
    instance = instance_of(drawn)
    start, end = START + offset, START + offset + length
    counted: dict[int, int] = {}
    state, aku, position = "Creating", 0, 0
    for second in range(START, end):
        while position < len(instance.timeline) and instance.timeline[position][0] <= second:
            _, state, aku, _ = instance.timeline[position]
            position += 1
        if second >= start and state in BILLABLE_STATES:
            hour = second // HOUR * HOUR
            counted[hour] = counted.get(hour, 0) + aku
    usage = hourly_usage(instance, start, end)
    assert {hour: value for hour, value in usage.items() if value} == {h: v for h, v in counted.items() if v}


def test_twenty_minutes_are_twenty_minutes():
    instance = instance_of([(600, "Running", 6), (1800, "Deleting", 6), (1830, "Deleted", 0)])
    assert hourly_usage(instance, START, START + HOUR) == {START: 6 * 1200}


def test_an_environment_is_the_sum_of_its_instances():
    one, other = instance_of([(0, "Running", 3)]), instance_of([(1800, "Running", 4)])
    assert environment_usage([one, other], START, START + HOUR) == {START: 3 * 3600 + 4 * 1800}
