"""`akubill onboard` and `akubill release`: the start and the end of a subscription."""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime
from getpass import getuser
from typing import Annotated

import typer

from include.cli.output import print_error

_BUYER, _PAYMENT, _START, _EARLIER = "Buyer and environment", "Payment", "First Kafka instance", "Subscribed already"


def onboard(  # noqa: PLR0917 (Typer passes them by name)
    account: Annotated[str, typer.Option(help="The buyer's cloud account (aliUid).", rich_help_panel=_BUYER)],
    region: Annotated[str, typer.Option(help="Region of the environment.", rich_help_panel=_BUYER)],
    environment: Annotated[str, typer.Option(help="Name of the environment.", rich_help_panel=_BUYER)],
    network: Annotated[str, typer.Option(help="VPC, like vpc-bp1a2b3c.", rich_help_panel=_BUYER)],
    site: Annotated[str, typer.Option(help="china or international.", rich_help_panel=_BUYER)] = "china",
    department: Annotated[str, typer.Option(help="Business department.", rich_help_panel=_BUYER)] = "",
    contact: Annotated[str | None, typer.Option(help="Whom to write to.", rich_help_panel=_BUYER)] = None,
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
        str | None, typer.Option(help="From when it counts, like 2026-09-01T00:00:00+08:00.", rich_help_panel=_EARLIER)
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
    ended_at: Annotated[str, typer.Option("--ended-at", help="First instant that does not count, with an offset.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it ended: 10 to 500 characters.")],
) -> None:
    """End a subscription, in the name of the user of this computer; repeating the command changes nothing."""
    from include.domain.periods import parse_instant
    from include.onboarding.release import release_subscription
    from include.orchestration.connections import warehouse

    released = release_subscription(
        warehouse(),
        subscription,
        parse_instant(ended_at, "End"),
        f"{getuser()} (command line)",
        reason,
        datetime.now(UTC),
    )
    typer.echo(released.describe())
