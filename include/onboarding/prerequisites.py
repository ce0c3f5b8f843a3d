"""What must hold before a buyer may subscribe: one rule, one function, one finding.

A rule that does not hold is a value, not an exception, so that a buyer hears all the reasons at once. The rules
of site, region and real name are AutoMQ's page "Pay-As-You-Go from Alibaba Cloud Marketplace".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from include.alibaba.errors import refusal_kind
from include.domain.errors import AkubillError, InvalidInputError, RefusedError
from include.domain.onboarding import SITES, CheckResult, NotAdmittedError
from include.domain.regions import CLOUD_REGIONS, similar_region
from include.domain.subscriptions import client_token
from include.onboarding.orders import order_request
from include.onboarding.subscriptions import find_conflict, id_of
from include.onboarding.terms import price_plan_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Engine

    from include.alibaba.access import CloudAccess
    from include.alibaba.computenest import ComputeNest
    from include.domain.onboarding import OnboardingRequest
    from include.domain.products import Product

#: Compute Nest's code for an account of the wrong site.
_SITE = "Forbidden.SiteNotSupported"
#: One refusal hides what would come after it. It refuses the buyer, so that nothing is admitted on what is not known.
_UNKNOWN = "Not found out: Compute Nest objected to something else first."


class DryRun(NamedTuple):
    """What Compute Nest said to a dry run of the order.

    Attributes:
        kind: None when it would take the order, else the refusal's kind (alibaba/errors.py), or "site".
        sentence: its answer, with what to do.
    """

    kind: str | None
    sentence: str


def check_site(product: Product, request: OnboardingRequest) -> CheckResult:
    """Pay-as-you-go is sold on one site of the cloud only."""
    title = SITES.get(request.site, request.site)
    if request.site == product.site:
        return _held("site", f"The account belongs to the {title}.")
    return _broken(
        "site", "Site", request.site, f"must be {product.site}, where {product.title} is sold",
        f"Subscribe with an account of the {SITES[product.site]}, or ask for other ways: {product.contact}.",
    )  # fmt: skip


def check_region(product: Product, request: OnboardingRequest) -> CheckResult:
    """The product is offered in the regions of its catalogue file."""
    region = request.region
    if region in product.regions:
        return _held("region", f"{region} is {product.regions[region]}.")
    listed = ", ".join(product.regions)
    if region in CLOUD_REGIONS:
        return _broken(
            "region", "Region", region, f"is without support: the product is offered in {listed}",
            f"Choose one of these, or ask about {region}: {product.contact}.",
        )  # fmt: skip
    meant = similar_region(region)
    hint = f"Did you mean {meant}? " if meant else ""
    return _broken(
        "region", "Region", region, f"is no region of Alibaba Cloud that we know: the product is offered in {listed}",
        f"{hint}Choose one of these; for others ask: {product.contact}.",
    )  # fmt: skip


def check_size(product: Product, request: OnboardingRequest) -> CheckResult:
    """A Kafka instance has a smallest and a largest size, and fits the licence that pays for it."""
    low, high = product.aku.minimum, product.aku.maximum
    first, licence = request.first_instance, request.licence
    if licence and licence.aku < low:
        rule = f"is less than the smallest instance, {low} AKU"
        return _broken("size", "Licence AKU", licence.aku, rule, f"Take a licence of at least {low} AKU.")
    if first is None:
        return _held("size", "No first instance is asked for.")
    if not low <= first.aku <= high:
        rule = f"must be {low} to {high}"
        return _broken("size", "First instance's AKU", first.aku, rule, "Choose a size within these limits.")
    if licence and first.aku > licence.aku:
        rule = f"is more than the licence's {licence.aku} AKU"
        return _broken("size", "First instance's AKU", first.aku, rule, "Take a larger licence or a smaller instance.")
    return _held("size", f"{first.aku} AKU is within {low} to {high}.")


def check_terms(product: Product, request: OnboardingRequest, at: datetime) -> CheckResult:
    """What is paid is offered, and priced from the day the subscription counts."""
    licence, began_at = request.licence, request.began_at or at
    offered = product.licence_terms_months
    if licence and licence.term_months not in offered:
        rule = f"must be {' or '.join(map(str, offered))}"
        return _broken("terms", "Licence term in months", licence.term_months, rule, "Choose an offered term.")
    if began_at > at:
        return _broken(
            "terms", "Subscription began on", began_at.isoformat(), "lies in the future",
            "Leave it empty for a new subscription.",
        )  # fmt: skip
    try:
        version = price_plan_of(product, request.payment).version_at(began_at)
    except InvalidInputError as error:
        return _lacking("terms", str(error))
    if licence and version.licence is None:
        plan = product.price_plans[request.payment]  # type: ignore[index]  # the request was checked
        return _broken("terms", "Payment", request.payment, f"has no licence price in price plan {plan}", "Add it.")
    return _held("terms", "The payment is offered and priced.")


def check_unique(warehouse: Engine, product: Product, request: OnboardingRequest) -> CheckResult:
    """The subscription is new, or the same request again; see subscriptions.py for the rule."""
    with warehouse.connect() as connection:
        conflict = find_conflict(connection, product, request)
    return CheckResult("unique", conflict is None, conflict or "No other subscription conflicts with it.")


def check_access(request: OnboardingRequest, access: CloudAccess) -> CheckResult:
    """The buyer's delegated access is that of the buyer."""
    if access.account_id and access.account_id != request.account_id:
        return _broken(
            "access", "The connection's account id", access.account_id, f"is not the buyer's, {request.account_id}",
            "Correct it under Admin, Connections.",
        )  # fmt: skip
    return _held("access", f"Access key {access.access_key_id} belongs to the buyer.")


def try_order(cloud: ComputeNest, product: Product, request: OnboardingRequest) -> DryRun:
    """Have Compute Nest check the order without placing it.

    Raises:
        RetriableError: when it did not answer.
    """
    token = client_token(id_of(product, request), 0, f"try_order {json.dumps(request.to_json())}")
    try:
        cloud.create_service_instance(order_request(product, request, "dry_run"), token, dry_run=True)
    except RefusedError as error:
        kind = "site" if error.code.startswith(_SITE) else refusal_kind(error.code)
        return DryRun(kind, str(error))
    return DryRun(None, "Compute Nest would take the order.")


def check_real_name(product: Product, dry_run: DryRun) -> CheckResult:
    """The buyer's account passed real-name authentication."""
    if dry_run.kind == "real_name":
        return _lacking("real_name", f"{dry_run.sentence} Questions: {product.contact}.")
    if dry_run.kind:
        return _held("real_name", _UNKNOWN)
    return _held("real_name", "The account has passed real-name authentication.")


def check_permissions(dry_run: DryRun) -> CheckResult:
    """The access key may order: it is valid, and its user has the permissions."""
    if dry_run.kind in ("permission", "credentials", "clock"):
        return _lacking("permissions", dry_run.sentence)
    if dry_run.kind:
        return _held("permissions", _UNKNOWN)
    return _held("permissions", "The access key is valid, and its user has the permissions.")


def check_order(product: Product, request: OnboardingRequest, dry_run: DryRun) -> CheckResult:
    """Compute Nest objects to nothing else in the order: balance, quota, parameters, or a site that was misstated."""
    said_elsewhere = {"real_name", "permission", "credentials", "clock"}
    if not check_site(product, request).holds:
        said_elsewhere.add("site")
    if not check_region(product, request).holds:
        said_elsewhere.add("region")
    holds = dry_run.kind is None or dry_run.kind in said_elsewhere
    return CheckResult("order", holds, dry_run.sentence)


def require_all(findings: Iterable[CheckResult]) -> None:
    """Let pass what holds in full.

    Raises:
        NotAdmittedError: with every reason, when something does not hold.
    """
    reasons = [finding.sentence for finding in findings if not finding.holds]
    if reasons:
        raise NotAdmittedError(list(dict.fromkeys(reasons)))


def failed_check(check: str, error: AkubillError) -> CheckResult:
    """The finding of a check that could not be made because something it needs is missing or wrong."""
    return _lacking(check, str(error))


def _broken(check: str, what: str, value: object, rule: str, remedy: str) -> CheckResult:
    return _lacking(check, str(InvalidInputError(what, value, rule, remedy)))


def _held(check: str, sentence: str) -> CheckResult:
    return CheckResult(check, holds=True, sentence=sentence)


def _lacking(check: str, sentence: str) -> CheckResult:
    return CheckResult(check, holds=False, sentence=sentence)
