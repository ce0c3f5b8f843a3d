"""Stories of closing hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.metering.lives import Environment, Hour, every_five_minutes, hours, kafka

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_steady_instance_uses_its_size_for_the_whole_hour(warehouse: Engine) -> None:
    orders = Environment(warehouse)
    orders.tell(*every_five_minutes(orders, 60, kafka(6)))
    done = orders.close()
    assert (done.closed, done.instance_hours, done.gaps) == (1, 1, 0)
    assert hours(warehouse) == [Hour("kf-1", 0, 6 * 3600, 0, 0, 0)]
