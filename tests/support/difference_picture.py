"""The picture of docs/concepts/reconciliation.md: `python -m tests.support.difference_picture` draws it again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from include.domain.money import Decimal
from include.reconciliation.hours.days import DayDifference, draw_days

PICTURE = Path(__file__).parents[2] / "docs/pictures/differences-by-day.svg"
#: Days of October 2026, with what they differ by, in how many hours and why.
_DAYS = (
    (3, "14.40", 4, "peak_of_hour"),
    (4, "28.80", 8, "peak_of_hour"),
    (5, "7.20", 2, "peak_of_hour"),
    (9, "-21.60", 3, "missed_window"),
    (17, "7.20", 1, "doubled_window"),
    (18, "14.40", 4, "peak_of_hour"),
    (26, "-7.20", 1, "refund"),
)


def draw() -> str:
    """The picture as SVG."""
    return draw_days(
        "2026-10",
        [
            DayDifference("sub-1", date(2026, 10, day), "CNY", Decimal(amount), hours, {cause: hours})
            for day, amount, hours, cause in _DAYS
        ],
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
