"""Usage to be quoted: of a file, by the rules that imports have too, or as it is metered.

A file is read as a stream. The first row that breaks a rule ends it: a quote of half a file would be a wrong quote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from include.catalog.usage_files import read_pieces
from include.catalog.usage_rows import limits_of_product, sort_rows
from include.catalog.usage_shape import check_instance_count
from include.domain.errors import InvalidInputError
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from include.domain.periods import BillingPeriod


class UsageRow(NamedTuple):
    """Usage of one instance in one UTC hour, and its row in the file; see metering.usage."""

    row_number: int
    subscription_id: str
    instance_id: str
    hour: datetime
    aku_seconds: int
    peak_aku: int
    used_seconds: int


def read_usage(file: Path) -> Iterator[UsageRow]:
    """The rows of a .csv, .jsonl, .ndjson or .parquet file, in its order.

    Raises:
        InvalidInputError: at the first row that breaks a rule, or when the file cannot be read.
    """
    limits = limits_of_product()
    instances: set[tuple[str, str]] = set()
    for piece in read_pieces(file):
        good, bad = sort_rows(piece, limits, most_bad=1)
        if bad:
            error = bad[0].error
            raise InvalidInputError(f"{file.name}: {error.what}", error.value, error.rule, error.remedy)
        instances.update(good[["subscription_id", "instance_id"]].drop_duplicates().itertuples(index=False, name=None))
        check_instance_count(file, len(instances))
        for row_number, subscription_id, instance_id, hour, *used, _ in good.itertuples(name=None):
            yield UsageRow(row_number, subscription_id, instance_id, hour.to_pydatetime(), *used)


def read_metered(metered: Engine, period: BillingPeriod) -> Iterator[UsageRow]:
    """The period's metered hours, by instance."""
    window = {"period_start": period.window.start, "period_end": period.window.end}
    with metered.connect() as connection:
        for number, row in enumerate(connection.execute(statement("billing/quotes/list_hours"), window), start=1):
            yield UsageRow(number, *row)
