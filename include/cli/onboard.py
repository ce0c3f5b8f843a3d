"""`akubill onboard` and `akubill release`: the start and the end of a subscription."""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import Annotated

import typer

from include.cli.output import person, print_error

_BUYER, _PAYMENT, _START, _EARLIER = "Buyer and environment", "Payment", "First Kafka instance", "Subscribed already"


def onboard(  # noqa: PLR0917 (Typer passes them by name)
    account: Annotated[str, typer.Option(help="The buyer's cloud account (aliUid).", rich_help_panel=_BUYER)],
    region: Annotated[str, typer.Option(help="Region of the environment.", rich_help_panel=_BUYER)],
    environment: Annotated[str, typer.Option(help="Name of the environment.", rich_help_panel=_BUYER)],
    network: Annotated[str, typer.Option(help="VPC, like vpc-bp1a2b3c.", rich_help_panel=_BUYER)],
    site: Annotated[str, typer.Option(help="china or international.", rich_help_panel=_BUYER)] = "china",
    department: Annotated[str, typer.Option(help="Business department.", rich_help_panel=_BUYER)] = "",
    contact: Annotated[str | None, typer.Option(help="Whom to write to about it.", rich_help_panel=_BUYER)] = None,
    payment: Annotated[str, typer.Option(help="payg or prepaid.", rich_help_panel=_PAYMENT)] = "payg",
    licence_aku: Annotated[int | None, typer.Option(help="Prepaid: capacity.", rich_help_panel=_PAYMENT)] = None,
    licence_term_months: Annotated[int, typer.Option(help="Prepaid: term.", rich_help_panel=_PAYMENT)] = 1,
    licence_auto_renew: Annotated[
        bool, typer.Option(help="Prepaid: whether the next term follows by itself.", rich_help_panel=_PAYMENT)
    ] = True,
    instance: Annotated[str | None, typer.Option(help="Its name; none without.", rich_help_panel=_START)] = None,
    instance_aku: Annotated[int | None, typer.Option(help="Its size in AKU.", rich_help_panel=_START)] = None,
    order: Annotated[str | None, typer.Option(help="The buyer's own order.", rich_help_panel=_EARLIER)] = None,
    began_on: Annotated[
        str | None,
        typer.Option(
            help="From when it counts: a day of UTC+8, like 2026-09-01, or an instant.", rich_help_panel=_EARLIER
        ),
    ] = None,
) -> None:
    """Onboard a buyer: prerequisites, order, deployment, registration, first instance, metering.

    The same command again continues where it stopped, or shows what exists; it creates nothing twice.
    """
    from include.domain.onboarding import OnboardingRequest
    from include.onboarding.onboard import Clock
    from include.onboarding.onboard import onboard as take_all_steps
    from include.orchestration.onboarding import services_for

    request = OnboardingRequest.from_form(
        {
            "account_id": account,
            "site": site,
            "region": region,
            "environment_name": environment,
            "network": network,
            "department": department,
            "contact": contact,
            "payment": payment,
            "licence_aku": licence_aku,
            "licence_term_months": licence_term_months,
            "licence_auto_renew": licence_auto_renew,
            "first_instance_name": instance,
            "first_instance_aku": instance_aku,
            "order_id": order,
            "began_on": began_on,
        }
    )
    clock = Clock(now=lambda: datetime.now(UTC), wait=time.sleep)
    with redirect_stdout(sys.stderr):  # Airflow logs to standard output, which is for the report
        report = take_all_steps(services_for(account), request, clock, print_error)
    typer.echo(json.dumps(report.to_json(), indent=2))


def release(
    subscription: Annotated[str, typer.Argument(help="Id of the subscription, like sub-….")],
    *,
    ended_at: Annotated[
        str,
        typer.Option(
            "--ended-at",
            help="First instant that does not count: a time of its price plan's zone, like 2026-10-20 15:30, or with "
            "an offset.",
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why it ended: 10 to 500 characters.")],
) -> None:
    """End a subscription, in the name of the user of this computer; repeating the command changes nothing."""
    from include.billing.prices.offers import time_zone_of
    from include.onboarding.release import read_end, release_subscription
    from include.orchestration.connections import warehouse

    zone = time_zone_of(warehouse(), subscription)
    released = release_subscription(
        warehouse(), subscription, read_end(ended_at, zone), person(), reason, datetime.now(UTC)
    )
    typer.echo(released.describe(zone))
