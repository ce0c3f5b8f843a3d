"""Table definitions, one module per schema. Every table and column has a comment that analysts read there.

Surrogate keys (`…_key`, BIGINT) join tables; natural ids (`…_id`, TEXT) are what the outside and people use.
All instants are timestamptz in UTC. Usage is AKU-seconds (BIGINT), money is NUMERIC; nothing is float.
"""

from include.warehouse.tables import (
    alarms,
    billing,
    core,
    corrections,
    exports,
    failing_consoles,
    machines,
    marketplace,
    metering,
    metering_push,
    prices,
    rating,
    reconciliation,
    retention,
)
from include.warehouse.tables.base import SCHEMAS, VIEW_SCHEMAS, metadata

__all__ = [
    "SCHEMAS",
    "VIEW_SCHEMAS",
    "alarms",
    "billing",
    "core",
    "corrections",
    "exports",
    "failing_consoles",
    "machines",
    "marketplace",
    "metadata",
    "metering",
    "metering_push",
    "prices",
    "rating",
    "reconciliation",
    "retention",
]
