"""No secret is seen in a log, an error or a row, whatever goes right or wrong, with every logger at its chattiest."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from include.alibaba.bss import Bss
from include.alibaba.computenest import ComputeNest
from include.alibaba.gateway import CallLimits
from include.domain.errors import AkubillError
from include.onboarding.environments import console_access
from include.reconciliation.charges import fetch_charges
from include.warehouse.tables import metadata
from tests.support.onboarding import access_of

if TYPE_CHECKING:
    from include.domain.periods import BillingPeriod
    from tests.support.office import Office

SHOP = "1650000000000001"


@pytest.fixture(autouse=True)
def chatty(caplog: pytest.LogCaptureFixture) -> None:
    """Everything is logged."""
    caplog.set_level(logging.DEBUG)


def secrets_of(office: Office) -> set[str]:
    """Every secret that the outside has given out."""
    found = {one["access_key_secret"] for one in office.sandbox.admin.get("/consoles").json()}
    return found | {one["access_key_secret"] for one in office.sandbox.admin.get("/accounts").json()}


def stored(office: Office) -> str:
    """Every row of the warehouse as text."""
    with office.warehouse.connect() as connection:
        return "\n".join(
            str(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(select(table))
        )


def test_an_onboarding_a_poll_and_a_reconciliation_show_none(
    office: Office, caplog: pytest.LogCaptureFixture, last_month: BillingPeriod
) -> None:
    report = office.onboard(SHOP, first_instance_name="orders-kafka", first_instance_aku=6)
    assert office.poll_now() == 1
    office.sandbox.fault("html", service="console", times=None)
    assert office.poll_now() == 0
    office.sandbox.clear_faults()
    fetch_charges(
        office.warehouse, last_month.name, office.clock.now(), lambda account_id: Bss(office.accesses[account_id])
    )
    secrets = secrets_of(office)
    assert len(secrets) == 3
    seen = caplog.text + stored(office) + str(report.to_json())
    assert report.subscription_id in seen
    assert [secret for secret in secrets if secret in seen] == []


def test_the_values_that_hold_secrets_do_not_show_them(office: Office) -> None:
    report = office.onboard(SHOP)
    with office.warehouse.connect() as connection:
        console = console_access(connection, office.vault, report.subscription_id)
    seen = "".join(f"{value!r} {value}" for value in (console, office.accesses[SHOP], office.vault, office.vendor))
    assert [secret for secret in secrets_of(office) if secret in seen] == []


@pytest.mark.parametrize("kind", ["throttle", "server_error", "html", "broken", "lost_answer", "refuse", "not_json"])
def test_an_error_of_the_cloud_shows_none(office: Office, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    office.sandbox.fault(kind, service="computenest", times=None)
    access = access_of(office.sandbox, office.sandbox.account("buyer", account_id=SHOP))
    with pytest.raises(AkubillError) as failed:
        ComputeNest(access, CallLimits(attempts=2, first_wait_seconds=0.01)).get_service_instance("si-1")
    errors: list[BaseException] = [failed.value]
    while errors[-1].__context__ is not None:
        errors.append(errors[-1].__context__)
    seen = caplog.text + "".join(f"{error!r} {error.args}" for error in errors)
    assert [secret for secret in secrets_of(office) if secret in seen] == []
