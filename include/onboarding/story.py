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
    from include.domain.onboarding import Admission, Finding, OnboardingRequest
    from include.domain.products import Product
    from include.warehouse.vault import Vault

T = TypeVar("T")
STEP_ATTEMPTS = 5


class Moment(NamedTuple):
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


def examine(desk: Services, request: OnboardingRequest, at: datetime) -> list[Finding]:
    """All prerequisites of a request, each with its finding."""
    product = desk.product
    findings = [
        prerequisites.check_site(product, request),
        prerequisites.check_region(product, request),
        prerequisites.check_size(product, request),
        prerequisites.check_terms(product, request, at),
        prerequisites.check_unique(desk.warehouse, product, request),
    ]
    try:
        access = desk.open_buyer()
    except ConfigurationError as error:
        return [*findings, prerequisites.failed_check("access", error)]
    findings.append(prerequisites.check_access(request, access))
    rehearsal = prerequisites.rehearse(buyer_cloud(product, access), product, request)
    return [
        *findings,
        prerequisites.check_real_name(product, rehearsal),
        prerequisites.check_permissions(rehearsal),
        prerequisites.check_order(product, request, rehearsal),
    ]


def onboard(
    desk: Services, request: OnboardingRequest, moment: Moment, tell: Callable[[str], None]
) -> activation.Report:
    """Take a buyer from its request to a metered environment; asked again, go on where it stopped.

    Args:
        desk: what to work with.
        request: checked for its form.
        moment: how time passes.
        tell: is told of each step, in a line.

    Raises:
        NotAdmittedError: prerequisites that do not hold, all of them.
        AttemptFailedError: this attempt failed for good; it has been cleaned up.
        RetriableError: something outside did not answer, several times; asked again, it goes on.
    """
    at = moment.now()
    findings = _again(moment, lambda: examine(desk, request, at))
    for finding in findings:
        tell(f"{finding.check}: {finding.sentence}")
    prerequisites.require_all(findings)
    admission = subscriptions.admit(desk.warehouse, desk.product, request, at)
    tell(f"Subscription {admission.subscription_id}, attempt {admission.attempt}.")
    try:
        _deploy(desk, request, admission, moment, tell)
    except AttemptFailedError:
        _clean_up(desk, admission, moment, tell)
        raise
    _again(moment, lambda: activation.create_first_instance(desk.warehouse, desk.vault, admission, at))
    activation.start_metering(desk.warehouse, admission, at)
    tell("Metering has started.")
    return activation.report(desk.warehouse, admission.subscription_id)


def place_or_adopt(desk: Services, request: OnboardingRequest, admission: Admission, at: datetime) -> orders.Order:
    """Order the service, or take over the order that the request names."""
    if request.order_id is None:
        return orders.place_order(desk.warehouse, desk.cloud, desk.product, admission, at)
    market = Market(desk.open_vendor())
    return orders.adopt_order(desk.warehouse, desk.cloud, market, desk.product, admission, at=at)


def _deploy(
    desk: Services, request: OnboardingRequest, admission: Admission, moment: Moment, tell: Callable[[str], None]
) -> None:
    at = moment.now()
    order = _again(moment, lambda: place_or_adopt(desk, request, admission, at))
    tell(f"Ordered: service instance {order.service_instance_id}, order {order.order_id}.")
    cloud = desk.cloud
    while not _again(moment, lambda: deployments.is_decided(desk.warehouse, cloud, admission, moment.now())):
        tell(deployments.progress_of(_again(moment, lambda: cloud.get_service_instance(order.service_instance_id))))
        moment.wait(5)
    environment_id = _again(
        moment,
        lambda: environments.register_environment(desk.warehouse, cloud, desk.vault, admission, at),
    )
    tell(f"Registered environment {environment_id}.")
    while not environments.console_answers(desk.warehouse, desk.vault, admission, moment.now()):
        tell("The console does not answer yet.")
        moment.wait(10)
    tell("The console answers.")


def _clean_up(desk: Services, admission: Admission, moment: Moment, tell: Callable[[str], None]) -> None:
    cloud = desk.cloud
    going = _again(moment, lambda: deployments.remove_failed(desk.warehouse, cloud, admission))
    while going and not _again(moment, lambda: deployments.is_removed(cloud, going)):
        tell(f"Service instance {going} is being deleted.")
        moment.wait(5)
    _again(moment, lambda: deployments.close_failed(desk.warehouse, cloud, admission))


def _again(moment: Moment, step: Callable[[], T]) -> T:
    """Take a step, and again while it fails for now."""
    retrying = Retrying(
        retry=retry_if_exception_type(RetriableError),
        wait=wait_exponential(min=2, max=60),
        stop=stop_after_attempt(STEP_ATTEMPTS),
        sleep=moment.wait,
        reraise=True,
    )
    return retrying(step)
