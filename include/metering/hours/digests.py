"""Digests of usage: an hour that has one is known to have the sums of its instances' usage.

A closing adds up usage and takes the digest in one statement (rollup.py). An import adds to sums without reading usage
again, and whatever else changes sums or usage leaves their hours without a digest; these are compared with their usage
afterwards, so that the close of a period need not read the usage of instances.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.warehouse.engine import USAGE, locked, statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Hours that one run looks at, oldest first: a month and a day. What is left waits for the next run, or for the close.
MOST = 775


def take_missing_digests(warehouse: Engine) -> int:
    """Compare hours that have no digest with their usage, each in a transaction of its own.

    Hours whose sums are not those of their usage stay without; the audit of their bill names them.

    Returns:
        How many hours of subscriptions have a digest now that had none.
    """
    with warehouse.connect() as connection:
        hours = connection.scalars(statement("metering/hours/list_hours_without_digest"), {"at_most": MOST}).all()
    taken = 0
    for hour in hours:
        with warehouse.begin() as connection, locked(connection, *USAGE):
            taken += connection.scalar(statement("metering/hours/take_digests"), {"hour_start": hour}) or 0
    return taken
