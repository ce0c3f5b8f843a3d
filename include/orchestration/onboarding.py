"""What the tasks of subscription_onboarding share: the request, what to work with, and how a finding shows."""

from __future__ import annotations

import logging
import textwrap
from typing import TYPE_CHECKING, Any

from include.domain.errors import ConfigurationError, ConflictError
from include.domain.onboarding import Admission, CheckResult, NotAdmittedError, OnboardingRequest
from include.orchestration import connections, pages, work
from include.orchestration.log_fields import name_subscription
from include.orchestration.outcomes import leave_sentence, skip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.alibaba.access import CloudAccess
    from include.alibaba.computenest import ComputeNest
    from include.alibaba.market import Market
    from include.domain.products import Product
    from include.onboarding.onboard import Services

log = logging.getLogger(__name__)
LOG_WIDTH = 110
_FINDING = "finding"


def request() -> OnboardingRequest:
    """What the run's form asks for.

    Raises:
        InvalidInputError: a field breaks the rule of its form.
    """
    return OnboardingRequest.from_form(work.form())


def product() -> Product:
    """What is sold."""
    from include.catalog.loader import load_product

    return load_product()


def services() -> Services:
    """What onboarding works with, for the buyer of this run's form."""
    return services_for(request().account_id)


def market() -> Market:
    """The Marketplace, for the vendor."""
    from include.alibaba.market import Market

    return Market(connections.vendor_access())


def services_for(account_id: str) -> Services:
    """What onboarding works with, for a buyer."""
    from include.onboarding.onboard import Services

    return Services(
        product=product(),
        warehouse=connections.warehouse(),
        vault=connections.vault(),
        open_buyer=lambda: connections.buyer_access(account_id),
        open_vendor=connections.vendor_access,
    )


def compute_nest(account_id: str) -> ComputeNest:
    """Compute Nest for a buyer."""
    from include.onboarding.onboard import buyer_cloud

    return buyer_cloud(product(), connections.buyer_access(account_id))


def check_access() -> CheckResult:
    """The buyer's access connection is there, complete, and the buyer's."""
    from include.onboarding import prerequisites

    asked = request()
    try:
        access: CloudAccess = connections.buyer_access(asked.account_id)
    except ConfigurationError as error:
        return prerequisites.failed_check("access", error)
    return prerequisites.check_access(asked, access)


def conclude(finding: CheckResult) -> str:
    """Show a finding as its task's own result: green with the sentence, or skipped with it.

    It is handed on either way, so that a refusal can say all the reasons. Red are checks that could not be made.

    Raises:
        AirflowSkipException: when it does not hold.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    _task_instance().xcom_push(key=_FINDING, value=finding._asdict())
    if not finding.holds:
        log.warning("%s", finding.sentence)
        raise AirflowSkipException(finding.sentence)
    log.info("%s", finding.sentence)
    return finding.sentence


def require_all(checks: Iterable[str]) -> None:
    """Pass when every check holds; log each one that does not with its reason, folded to fit a screen.

    A refusal is an answer to the person who asked. Where no person asked, as for an order of the Marketplace, the buyer
    waits and somebody has to act.

    Raises:
        AirflowSkipException: with every reason, when something does not hold and a person asked.
        NotAdmittedError: the same when no person asked.
        ConflictError: when a check gave no result although it could have been made.
    """
    from include.onboarding import prerequisites

    found = {check: _finding_of(check) for check in checks}
    made = [finding for finding in found.values() if finding]
    for finding in made:
        if not finding.holds:
            log.warning("Refused, %s:\n%s", finding.check, _folded(finding.sentence))
    try:
        prerequisites.require_all(made)
    except NotAdmittedError as refusal:
        if work.triggering_user() is None:
            raise
        skip(str(refusal))
    if missing := [check for check, finding in found.items() if finding is None]:
        raise ConflictError(
            f"Checks gave no result: {', '.join(missing)}. The log of each one's task says why; then clear it, or "
            "trigger the same request again."
        )


def admission(handed_on: dict[str, Any] | None) -> Admission:
    """The admission that an earlier task handed on.

    Raises:
        AirflowSkipException: when there is none, as nothing was admitted.
    """
    if handed_on is None:
        from airflow.sdk.exceptions import AirflowSkipException

        raise AirflowSkipException("Nothing was admitted, so nothing was ordered.")
    name_subscription(handed_on["subscription_id"])
    return Admission(**handed_on)


def _folded(sentence: str) -> str:
    return textwrap.fill(sentence, LOG_WIDTH, break_long_words=False, break_on_hyphens=False)


def _finding_of(check: str) -> CheckResult | None:
    kept = _task_instance().xcom_pull(task_ids=f"prerequisites.{check}", key=_FINDING)
    return CheckResult(**kept) if kept else None


def _task_instance() -> Any:  # noqa: ANN401 (the SDK types it as a protocol without these)
    from airflow.sdk import get_current_context

    return get_current_context()["ti"]


def renew_credential_of_run() -> str:
    """Store the next credential of the console of the form's subscription; says what became of it.

    Raises:
        ConfigurationError: when the connection that holds it is missing.
        RefusedError: when the console refuses it.
    """
    from include.onboarding.credentials import renew_credential

    subscription = work.form()["subscription"].strip()
    said = renew_credential(
        connections.warehouse(),
        connections.vault(),
        subscription,
        connections.next_console_credential,
        work.run_instant(),
    )
    return leave_sentence(said, page=pages.subscription(subscription))


def release_of_run() -> str:
    """End the subscription of the run's form in the name of the Airflow user who triggered it; says what became of it.

    Raises:
        InvalidInputError: when the form is wrong, or the run has no triggering user.
        ConflictError: when the subscription's onboarding is not done.
    """
    from include.billing.prices.offers import time_zone_of
    from include.onboarding.release import read_end, release_subscription

    form, warehouse = work.form(), connections.warehouse()
    subscription = form["subscription"].strip()
    zone = time_zone_of(warehouse, subscription)
    released = release_subscription(
        warehouse,
        subscription,
        read_end(form["ended_at"], zone),
        work.triggering_user(),
        form["reason"],
        work.run_instant(),
    )
    return leave_sentence(released.describe(zone), page=pages.subscription(released.subscription_id))
