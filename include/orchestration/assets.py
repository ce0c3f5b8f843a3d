"""What our DAGs make and read, as Airflow assets, so that the asset graph shows how a reading becomes a paid amount.

A task names what it makes as `outlets` and what it reads as `inlets`. An asset event is a doorbell and no delivery: it
carries no data, and consumers query the warehouse. Only what may come early is started by one, beside its own schedule.
"""

from __future__ import annotations

from airflow.sdk import Asset

READINGS = Asset("readings", uri="x-akubill://warehouse/metering/readings", group="akubill")
USAGE = Asset("hourly usage", uri="x-akubill://warehouse/metering/usage", group="akubill")
BILLS = Asset("bills", uri="x-akubill://warehouse/billing/bills", group="akubill")
PUSHES = Asset("ledger of pushes", uri="x-akubill://warehouse/marketplace/push_records", group="akubill")
EXPORTS = Asset("exported bills", uri="x-akubill://warehouse/reporting/exports", group="akubill")
RECONCILIATIONS = Asset("reconciliations", uri="x-akubill://warehouse/reconciliation/verdicts", group="akubill")
