"""The whole of onboarding in one process, for the command line and tests; the DAG takes the same steps as tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from include.alibaba.computenest import ComputeNest
from include.alibaba.market import Market
from include.domain.errors import ConfigurationError, RetriableError
from include.onboarding import activation, deployments, environments, orders, prerequisites, subscriptions
from include.onboarding.ledger import AttemptFailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

    from include.alibaba.access import CloudAccess
    from include.domain.onboarding import Admission, CheckResult, OnboardingRequest
    from include.domain.products import Product
    from include.warehouse.vault import Vault

T = TypeVar("T")
STEP_ATTEMPTS = 5


class Clock(NamedTuple):
    """How the story sees time.

    Attributes:
        now: tells the instant, aware UTC.
        wait: returns after so many seconds.
    """

    now: Callable[[], datetime]
    wait: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Services:
    """What onboarding works with.

    Attributes:
        product: what is sold.
        warehouse: engine.
        vault: for the console's credential.
        open_buyer: the buyer's delegated access; raises ConfigurationError when there is none.
        open_vendor: the vendor's access, for orders that the buyer placed already.
    """

    product: Product
    warehouse: Engine
    vault: Vault
    open_buyer: Callable[[], CloudAccess]
    open_vendor: Callable[[], CloudAccess]

    @property
    def cloud(self) -> ComputeNest:
        """Compute Nest for the buyer, in the region whose API knows the product."""
        return buyer_cloud(self.product, self.open_buyer())


def buyer_cloud(product: Product, access: CloudAccess) -> ComputeNest:
    """Compute Nest for a buyer, in the region whose API knows the product."""
    return ComputeNest(replace(access, region_id=product.service_region))


def examine(services: Services, request: OnboardingRequest, at: datetime) -> list[CheckResult]:
    """All prerequisites of a request, each with its finding."""
    product = services.product
    findings = [
        prerequisites.check_site(product, request),
        prerequisites.check_region(product, request),
        prerequisites.check_size(product, request),
        prerequisites.check_terms(product, request, at),
        prerequisites.check_unique(services.warehouse, product, request),
    ]
    try:
        access = services.open_buyer()
    except ConfigurationError as error:
        return [*findings, prerequisites.failed_check("access", error)]
    findings.append(prerequisites.check_access(request, access))
    dry_run = prerequisites.try_order(buyer_cloud(product, access), product, request)
    return [
        *findings,
        prerequisites.check_real_name(product, dry_run),
        prerequisites.check_permissions(dry_run),
        prerequisites.check_order(product, request, dry_run),
    ]


def onboard(
    services: Services, request: OnboardingRequest, clock: Clock, progress: Callable[[str], None]
) -> activation.Report:
    """Take a buyer from its request to a metered environment; asked again, go on where it stopped.

    Args:
        services: what to work with.
        request: checked for its form.
        clock: how time passes.
        progress: receives a line for each step.

    Raises:
        NotAdmittedError: prerequisites that do not hold, all of them.
        AttemptFailedError: this attempt failed for good; it has been cleaned up.
        RetriableError: something outside did not answer, several times; asked again, it goes on.
    """
    at = clock.now()
    findings = _again(clock, lambda: examine(services, request, at))
    for finding in findings:
        progress(f"{finding.check}: {finding.sentence}")
    prerequisites.require_all(findings)
    admission = subscriptions.admit(services.warehouse, services.product, request, at)
    progress(f"Subscription {admission.subscription_id}, attempt {admission.attempt}.")
    try:
        _deploy(services, request, admission, clock, progress)
    except AttemptFailedError:
        _clean_up(services, admission, clock, progress)
        raise
    _again(clock, lambda: activation.create_first_instance(services.warehouse, services.vault, admission, at))
    activation.start_metering(services.warehouse, admission, at)
    progress("Metering has started.")
    return activation.report(services.warehouse, admission.subscription_id)


def place_or_adopt(services: Services, request: OnboardingRequest, admission: Admission, at: datetime) -> orders.Order:
    """Order the service, or take over the order that the request names."""
    if request.order_id is None:
        return orders.place_order(services.warehouse, services.cloud, services.product, admission, at)
    market = Market(services.open_vendor())
    return orders.adopt_order(services.warehouse, services.cloud, market, services.product, admission, at=at)


def _deploy(
    services: Services, request: OnboardingRequest, admission: Admission, clock: Clock, progress: Callable[[str], None]
) -> None:
    at = clock.now()
    order = _again(clock, lambda: place_or_adopt(services, request, admission, at))
    progress(f"Ordered: service instance {order.service_instance_id}, order {order.order_id}.")
    cloud = services.cloud
    while not _again(clock, lambda: deployments.is_decided(services.warehouse, cloud, admission, clock.now())):
        progress(deployments.progress_of(_again(clock, lambda: cloud.get_service_instance(order.service_instance_id))))
        clock.wait(5)
    environment_id = _again(
        clock,
        lambda: environments.register_environment(services.warehouse, cloud, services.vault, admission, at),
    )
    progress(f"Registered environment {environment_id}.")
    while not environments.console_answers(services.warehouse, services.vault, admission, clock.now()):
        progress("The console does not answer yet.")
        clock.wait(10)
    progress("The console answers.")


def _clean_up(services: Services, admission: Admission, clock: Clock, progress: Callable[[str], None]) -> None:
    cloud = services.cloud
    going = _again(clock, lambda: deployments.remove_failed(services.warehouse, cloud, admission))
    while going and not _again(clock, lambda: deployments.is_removed(cloud, going)):
        progress(f"Service instance {going} is being deleted.")
        clock.wait(5)
    _again(clock, lambda: deployments.close_failed(services.warehouse, cloud, admission))


def _again(clock: Clock, step: Callable[[], T]) -> T:
    """Take a step, and again while it fails for now."""
    retrying = Retrying(
        retry=retry_if_exception_type(RetriableError),
        wait=wait_exponential(min=2, max=60),
        stop=stop_after_attempt(STEP_ATTEMPTS),
        sleep=clock.wait,
        reraise=True,
    )
    return retrying(step)
