"""The vendor's office: what its people do day by day, on a warehouse, the real SDKs and the sandbox.

The office's clock goes only when one says so; the sandbox lives by the real one. So a story plays in months that have
ended, which the sandbox knows whole: what it would have answered at some past clock is taken from its timelines.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text

from include.alibaba.bss import Bss
from include.billing.bills.close import ClosedPeriod, close_period
from include.billing.prices.plans import publish_price_plans
from include.catalog.loader import catalog_price_plans, load_product
from include.domain.billing_cycles import CYCLE_ZONE, final_at
from include.domain.money import Decimal
from include.domain.periods import HOUR, BillingPeriod, floor_to_hour
from include.domain.sharding import SHARDS
from include.local.demo_files import write_usage
from include.metering.hours.close import ClosedHours, close_hour
from include.metering.imports.load import UsageImport, import_usage
from include.metering.polling.collect import collect_shard
from include.metering.polling.readings import Poll, read_listing
from include.metering.polling.record import record_polls
from include.onboarding.onboard import Clock, Services, onboard
from include.reconciliation.charges import fetch_charges
from include.reconciliation.compare import Verdict, list_verdicts, reconcile_period
from include.warehouse.vault import Vault
from tests.support.onboarding import FakeClock, access_of, request_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sqlalchemy import Engine, Row

    from include.alibaba.access import CloudAccess
    from include.onboarding.activation import Report
    from tests.support.sandbox import SandboxHandle


class Office:
    """The vendor's people, and the warehouse, consoles and Marketplace that they work with."""

    def __init__(self, warehouse: Engine, sandbox: SandboxHandle, folder: Path) -> None:
        self.warehouse, self.sandbox, self.folder = warehouse, sandbox, folder
        self.vault_key = Fernet.generate_key().decode()
        self.vault = Vault(SecretStr(self.vault_key))
        self.clock = FakeClock()
        self.vendor = access_of(sandbox, sandbox.account("vendor"))
        self.accesses: dict[str, CloudAccess] = {}
        publish_price_plans(warehouse, catalog_price_plans())

    def onboard(self, account_id: str, **wish: Any) -> Report:
        """Onboard a buyer at the office's time."""
        if account_id not in self.accesses:
            self.accesses[account_id] = access_of(self.sandbox, self.sandbox.account("buyer", account_id=account_id))
        services = Services(
            product=load_product(),
            warehouse=self.warehouse,
            vault=self.vault,
            open_buyer=lambda: self.accesses[account_id],
            open_vendor=lambda: self.vendor,
        )
        request = request_for(account_id=account_id, **wish)
        return onboard(services, request, Clock(self.clock.now, self.clock.wait), lambda _line: None)

    def live(self, report: Report, since: datetime, **plan: Any) -> None:
        """Let Kafka instances live in the environment; the Marketplace charges for them since then."""
        assert report.service_instance_id is not None
        self.sandbox.life(report.service_instance_id, since=since.isoformat(), **plan)

    def truth(self, report: Report, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """What the environment's instances really used, by hour."""
        assert report.environment_id is not None
        return self.sandbox.usage(report.environment_id, start.isoformat(), end.isoformat())

    def import_history(self, report: Report, form: str = "csv") -> UsageImport:
        """Have the hours before metering began exported to a file, and import it."""
        assert report.metering_started_at is not None
        until = floor_to_hour(report.metering_started_at)
        file = self.folder / f"{report.environment_name}.{form}"
        write_usage(file, report.subscription_id, self.truth(report, report.started_at, until), until)
        return import_usage(self.warehouse, file, self.clock.now())

    def poll_now(self) -> int:
        """Ask all consoles over HTTP, as they are now; how many answered."""
        return sum(collect_shard(self.warehouse, self.vault, shard).answered for shard in range(SHARDS))

    def poll_then(self, report: Report, instants: Iterable[datetime]) -> None:
        """Enter the polls that the console would have answered at these past instants."""
        with self.warehouse.connect() as connection:
            query = text("SELECT environment_key FROM core.environments WHERE environment_id = :id")
            key = connection.execute(query, {"id": report.environment_id}).scalar_one()
        assert report.environment_id is not None
        lives = self.sandbox.timelines(report.environment_id)
        polls = [Poll(key, at, *read_listing(_listed(lives, at), at, load_product().aku)) for at in instants]
        record_polls(self.warehouse, polls)

    def close_hours(self) -> ClosedHours:
        """What aku_metering does at the office's time: the last hour, and all that wait."""
        return close_hour(self.warehouse, floor_to_hour(self.clock.now()) - HOUR, self.clock.now())

    def close(self, period: BillingPeriod) -> ClosedPeriod:
        """Close a period on the day its Marketplace bill is final."""
        return close_period(self.warehouse, period, final_at(period))

    def reconcile(self, period: BillingPeriod) -> list[Verdict]:
        """Hold the period's bills against the Marketplace's final ones; the verdicts."""
        at = final_at(period)
        done = fetch_charges(self.warehouse, period.name, at, lambda account_id: Bss(self.accesses[account_id]))
        assert done.failures == {}
        points = reconcile_period(self.warehouse, period.name, at).open_points
        assert [point for point in points if "belongs to no subscription" in point] == []
        return list_verdicts(self.warehouse, period.name)

    def marketplace_total(self, account_id: str, period: BillingPeriod) -> Decimal:
        """What the sandbox charges the buyer in that month, by its own computation."""
        answer = self.sandbox.admin.get(f"/accounts/{account_id}/charges", params={"cycle": period.name})
        return Decimal(answer.raise_for_status().json()["total"])

    def bills(self) -> Sequence[Row[Any]]:
        """All bills: subscription_id, period, state, total."""
        return self.rows("""
            SELECT subscription_id, period, bills.state, total
            FROM billing.bills INNER JOIN core.subscriptions USING (subscription_key) ORDER BY period, subscription_id
        """)

    def rows(self, query: str) -> Sequence[Row[Any]]:
        """What the warehouse contains."""
        with self.warehouse.connect() as connection:
            return connection.execute(text(query)).all()


def _listed(lives: list[dict[str, Any]], at: datetime) -> list[dict[str, Any]]:
    """The instances as the console would have listed them at that instant."""
    listed = []
    for life in lives:
        past = [clock for clock in life["timeline"] if datetime.fromisoformat(clock["at"]) <= at]
        if past and past[-1]["state"] != "Deleted":
            listed.append(
                {
                    "instanceId": life["instance_id"],
                    "name": life["name"],
                    "state": past[-1]["state"],
                    "spec": {"reservedAku": past[-1]["reserved_aku"], "currentAku": past[-1]["current_aku"]},
                    "gmtCreate": past[0]["at"],
                    "gmtModified": past[-1]["at"],
                }
            )
    return listed


def every_five_minutes(start: datetime, end: datetime) -> list[datetime]:
    """The instants from start on, before end."""
    return [start + n * timedelta(minutes=5) for n in range(int((end - start) / timedelta(minutes=5)))]


def middle_of(period: BillingPeriod) -> datetime:
    """Midnight of the 16th, in the period's own zone."""
    return BillingPeriod(period.name, CYCLE_ZONE).local_start + timedelta(days=15)
