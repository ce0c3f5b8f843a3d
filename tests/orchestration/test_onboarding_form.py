"""The form of subscription_onboarding takes what people choose in it and what an order of the Marketplace means."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import ParamValidationError

from include.orchestration.onboarding_form import onboarding_form


@pytest.mark.parametrize("began", [None, "2026-11-27", "2026-11-27T08:00:00+00:00"])
def test_a_beginning_is_a_day_or_the_instant_of_an_order(began: str | None) -> None:
    assert onboarding_form()["began_on"].resolve(began) == began


def test_a_beginning_that_is_no_text_is_refused() -> None:
    with pytest.raises(ParamValidationError):
        onboarding_form()["began_on"].resolve(20261127)


@pytest.mark.parametrize("aku", [2, 501])
def test_a_size_that_the_check_would_refuse_is_refused_by_the_form(aku: int) -> None:
    with pytest.raises(ParamValidationError):
        onboarding_form()["first_instance_aku"].resolve(aku)
