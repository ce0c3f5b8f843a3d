"""What of an hour is charged: as metered, the hour's peak, or a started hour whole; and what goes with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from include.domain.periods import HOUR
from include.domain.price_plans import PlanVersion
from tests.support.billing.october import OCTOBER, price_plan, version
from tests.support.billing.oracle import Licence
from tests.support.billing.rating import rate_usage

if TYPE_CHECKING:
    from sqlalchemy import Engine

START = OCTOBER.window.start
#: 6 AKU for half an hour, 10 for a quarter, none for the rest: the example of docs/concepts/billing.md.
EXAMPLE = [[(6, 1800), (10, 900)]]
CHARGED = """
SELECT billing.charged_aku_seconds(
    :measure, :aku_seconds, :peak_aku, billing.whole_hour_aku_seconds(:aku_seconds, CAST(:used_seconds AS integer))
)
"""


@pytest.mark.parametrize(
    ("measure", "used", "expected"),
    [
        ("time_weighted", (19_800, 10, 2_700), 19_800),
        ("peak", (19_800, 10, 2_700), 36_000),
        ("started_hour", (19_800, 10, 2_700), 26_400),
        ("time_weighted", (0, 0, 0), 0),
        ("peak", (0, 0, 0), 0),
        ("started_hour", (0, 0, 0), 0),
        ("peak", (1, 1, 1), 3_600),
        ("started_hour", (1, 1, 1), 3_600),
        ("started_hour", (7, 2, 6), 4_200),
        ("started_hour", (10, 2, 7), 5_142),  # 5142.86 is cut down
        ("started_hour", (2_147_483_647, 596_524, 3_600), 2_147_483_647),
        ("peak", (2_147_483_647, 596_524, 3_600), 2_147_486_400),
    ],
)
def test_an_instances_hour_is_charged_by_the_measure(
    warehouse: Engine, measure: str, used: tuple[int, int, int], expected: int
) -> None:
    facts = dict(zip(("aku_seconds", "peak_aku", "used_seconds"), used, strict=True))
    with warehouse.connect() as connection:
        assert connection.scalar(text(CHARGED), {"measure": measure, **facts}) == expected


def rated(warehouse: Engine, usage: Any, *versions: dict[str, Any], **terms: Any) -> list[Any]:
    with warehouse.connect() as connection:
        found = rate_usage(connection, price_plan(*versions), usage, **terms)
        connection.rollback()
    return found


def lines(warehouse: Engine, usage: Any, *versions: dict[str, Any], **terms: Any) -> list[tuple[Any, ...]]:
    return [
        (line.kind, line.aku_seconds, line.metered_aku_seconds, f"{line.amount:f}")
        for line in rated(warehouse, usage, *versions, **terms)
    ]


def test_each_instance_has_its_own_peak(rating_warehouse: Engine) -> None:
    usage = {START: [[(6, 1800), (0, 1800)], [(0, 1800), (6, 1800)]]}
    assert lines(rating_warehouse, usage, version(hour_measure="peak")) == [("usage", 43_200, 21_600, "14.40")]
    assert lines(rating_warehouse, usage, version()) == [("usage", 21_600, 21_600, "7.20")]


def test_an_hour_is_measured_by_the_version_in_force_at_its_start(rating_warehouse: Engine) -> None:
    cut = START + 2.5 * HOUR
    usage = {START + n * HOUR: EXAMPLE for n in range(4)}
    first, second = version(), version(cut.isoformat(), hour_measure="peak")
    assert lines(rating_warehouse, usage, first, second) == [
        ("usage", 3 * 19_800, 3 * 19_800, "19.80"),
        ("usage", 36_000, 19_800, "12.00"),
    ]


def test_a_licence_covers_what_is_charged(rating_warehouse: Engine) -> None:
    licensed = version(
        hour_measure="peak",
        tiers=[{"up_to": None, "unit_price": "0", "flat_fee": "0"}],
        licence={"price_per_aku_month": "0", "overage_price": "1.20"},
    )
    licence = Licence(START - timedelta(days=1), OCTOBER.window.end, 1, 8)
    found = lines(rating_warehouse, {START: EXAMPLE}, licensed, licences=[licence])
    # 8 of the peak of 10 AKU; what was metered is divided in the same way.
    assert found == [("covered", 28_800, 15_840, "0.00"), ("overage", 7_200, 3_960, "2.40")]


def test_tiers_and_included_usage_count_what_is_charged(rating_warehouse: Engine) -> None:
    tiered = version(
        hour_measure="started_hour",
        model="graduated",
        included="1",
        tiers=[
            {"up_to": "2", "unit_price": "1.00", "flat_fee": "0"},
            {"up_to": None, "unit_price": "0.50", "flat_fee": "0"},
        ],
    )
    found = lines(rating_warehouse, {START: EXAMPLE}, tiered)
    assert found == [
        ("included", 3_600, 2_700, "0.00"),
        ("usage", 7_200, 5_400, "2.00"),
        ("usage", 15_600, 11_700, "2.16"),
    ]


def test_descriptions_say_how_hours_are_measured(rating_warehouse: Engine) -> None:
    for measure, words in (
        ("time_weighted", "Usage of AutoMQ Kafka Units, 2026-10-01"),
        ("peak", "Usage of AutoMQ Kafka Units, each hour at its peak, 2026-10-01"),
        ("started_hour", "Usage of AutoMQ Kafka Units, each started hour whole, 2026-10-01"),
    ):
        [line] = rated(rating_warehouse, {START: EXAMPLE}, version(hour_measure=measure))
        assert line.description.startswith(words)


def test_a_measure_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValidationError, match="'maximum': it is not supported; supported: time_weighted, peak, start"):
        PlanVersion.model_validate(version(hour_measure="maximum"))
