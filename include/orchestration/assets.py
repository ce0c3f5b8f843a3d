"""What our DAGs make, as Airflow assets, so that the asset graph shows the product.

Asset events carry no data: consumers query the warehouse.
"""

from __future__ import annotations

from airflow.sdk import Asset

READINGS = Asset("readings", uri="x-akubill://warehouse/metering/readings", group="akubill")
USAGE = Asset("hourly usage", uri="x-akubill://warehouse/metering/usage", group="akubill")
BILLS = Asset("bills", uri="x-akubill://warehouse/billing/bills", group="akubill")
RECONCILIATIONS = Asset("reconciliations", uri="x-akubill://warehouse/reconciliation/verdicts", group="akubill")
