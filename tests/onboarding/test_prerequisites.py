from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from include.catalog.loader import load_product
from include.domain.errors import ConfigurationError
from include.domain.onboarding import NotAdmittedError
from include.onboarding.onboard import Services, examine
from include.onboarding.prerequisites import (
    check_region,
    check_site,
    check_size,
    check_terms,
    require_all,
)
from tests.support.onboarding import FakeClock, access_of, request_for, rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.onboarding.activation import Report
    from tests.support.sandbox import SandboxAccount, SandboxHandle

PRODUCT = load_product()


@pytest.mark.parametrize("region", list(PRODUCT.regions))
def test_each_of_the_eleven_regions_is_admitted_by_name(region: str) -> None:
    finding = check_region(PRODUCT, request_for(region=region))
    assert finding.holds
    assert PRODUCT.regions[region] in finding.sentence


def test_a_region_without_support_is_distinguished_from_one_that_does_not_exist() -> None:
    unsupported = check_region(PRODUCT, request_for(region="eu-central-1"))
    unknown = check_region(PRODUCT, request_for(region="cn-hangzou"))
    assert not unsupported.holds
    assert not unknown.holds
    assert "'eu-central-1': it is without support" in unsupported.sentence
    assert "no region of Alibaba Cloud" in unknown.sentence
    assert "Did you mean cn-hangzhou?" in unknown.sentence
    for finding in (unsupported, unknown):
        assert "Obtaining Services" in finding.sentence
        assert "ap-southeast-1" in finding.sentence


def test_the_international_site_is_pointed_at_the_contact() -> None:
    finding = check_site(PRODUCT, request_for(site="international"))
    assert not finding.holds
    assert "'international'" in finding.sentence
    assert "Obtaining Services" in finding.sentence


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ({"first_instance_name": "kafka", "first_instance_aku": 2}, "First instance's AKU is 2"),
        ({"first_instance_name": "kafka", "first_instance_aku": 501}, "must be 3 to 500"),
        ({"payment": "prepaid", "licence_aku": 2, "licence_term_months": 1}, "smallest instance, 3 AKU"),
        (
            {
                "payment": "prepaid",
                "licence_aku": 6,
                "licence_term_months": 1,
                "first_instance_name": "kafka",
                "first_instance_aku": 7,
            },
            "more than the licence's 6 AKU",
        ),
    ],
)
def test_sizes_outside_the_limits_are_refused(asked: dict[str, object], part: str) -> None:
    finding = check_size(PRODUCT, request_for(**asked))
    assert not finding.holds
    assert part in finding.sentence


@pytest.mark.parametrize("aku", [3, 500])
def test_the_limits_themselves_are_sizes(aku: int) -> None:
    assert check_size(PRODUCT, request_for(first_instance_name="kafka", first_instance_aku=aku)).holds


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ({"payment": "prepaid", "licence_aku": 6, "licence_term_months": 5}, "must be 1 or 12"),
        ({"began_on": "2099-01-01T00:00:00Z"}, "lies in the future"),
        ({"began_on": "2020-01-01T00:00:00Z"}, "before the plan's first version"),
    ],
)
def test_terms_that_are_not_offered_or_not_priced_are_refused(
    asked: dict[str, object], part: str, clock: FakeClock
) -> None:
    finding = check_terms(PRODUCT, request_for(**asked), clock.now())
    assert not finding.holds
    assert part in finding.sentence


def test_all_reasons_are_said_at_once_and_nothing_is_left_half_made(
    sandbox: SandboxHandle, services: Services, buyer: SandboxAccount, onboarded: Callable[..., Report]
) -> None:
    sandbox.account(
        "buyer",
        account_id=buyer.account_id,
        site="international",
        access_key_id=buyer.access_key_id,
        access_key_secret=buyer.access_key_secret,
    )
    with pytest.raises(NotAdmittedError) as refusal:
        onboarded(site="international", region="eu-central-1", first_instance_name="kafka", first_instance_aku=1)
    assert "refused for 3 reasons" in str(refusal.value)
    assert [reason.split(" is ")[0] for reason in refusal.value.reasons] == ["Site", "Region", "First instance's AKU"]
    assert rows(services.warehouse, "SELECT FROM core.buyers") == []
    assert rows(services.warehouse, "SELECT FROM core.subscriptions") == []
    assert list(services.cloud.find_service_instances()) == []


def test_a_buyer_without_real_name_authentication_is_refused(
    sandbox: SandboxHandle, buyer: SandboxAccount, onboarded: Callable[..., Report]
) -> None:
    _change(sandbox, buyer, real_name_verified=False)
    with pytest.raises(NotAdmittedError, match="Complete real-name authentication") as refusal:
        onboarded()
    assert len(refusal.value.reasons) == 1


@pytest.mark.parametrize("action", ["computenest:CreateServiceInstance", "ram:CreateRole"])
def test_a_missing_permission_is_named(
    action: str, sandbox: SandboxHandle, buyer: SandboxAccount, onboarded: Callable[..., Report]
) -> None:
    _change(sandbox, buyer, denied_actions=[action])
    with pytest.raises(NotAdmittedError, match=f"The missing permission is {action}"):
        onboarded()


def test_an_account_of_another_site_than_was_said_is_found_out(
    sandbox: SandboxHandle, buyer: SandboxAccount, onboarded: Callable[..., Report]
) -> None:
    _change(sandbox, buyer, site="international")
    with pytest.raises(NotAdmittedError, match="another site") as refusal:
        onboarded()
    assert len(refusal.value.reasons) == 1


def test_a_wrong_secret_names_the_key_and_not_the_secret(
    sandbox: SandboxHandle, buyer: SandboxAccount, onboarded: Callable[..., Report]
) -> None:
    right = buyer.access_key_secret
    wrong = right[:-1] + ("x" if right[-1] != "x" else "y")
    object.__setattr__(buyer, "access_key_secret", wrong)
    with pytest.raises(NotAdmittedError, match=buyer.access_key_id) as refusal:
        onboarded()
    assert wrong not in str(refusal.value)
    assert right not in str(refusal.value)
    assert sandbox.requests()["verified"] == 0


def test_a_buyer_without_a_connection_is_one_more_reason(
    services: Services, sandbox: SandboxHandle, clock: FakeClock
) -> None:
    def no_connection() -> NoReturn:
        raise ConfigurationError("The Airflow connection is missing.")

    lacking = Services(services.product, services.warehouse, services.vault, no_connection, services.open_vendor)
    findings = examine(lacking, request_for(region="eu-central-1"), clock.now())
    with pytest.raises(NotAdmittedError, match="2 reasons"):
        require_all(findings)


def test_an_access_of_another_account_is_refused(services: Services, sandbox: SandboxHandle, clock: FakeClock) -> None:
    other = sandbox.account("buyer", account_id="1800000000000018")
    mistaken = Services(
        services.product, services.warehouse, services.vault, lambda: access_of(sandbox, other), services.open_vendor
    )
    broken = [finding for finding in examine(mistaken, request_for(), clock.now()) if not finding.holds]
    assert [finding.check for finding in broken] == ["access"]


def _change(sandbox: SandboxHandle, account: SandboxAccount, **traits: object) -> None:
    sandbox.account(
        "buyer",
        **{
            "account_id": account.account_id,
            "access_key_id": account.access_key_id,
            "access_key_secret": account.access_key_secret,
            **traits,
        },
    )
