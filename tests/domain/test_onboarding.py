from __future__ import annotations

from typing import Any

import pytest

from include.domain.errors import InvalidInputError
from include.domain.onboarding import OnboardingRequest

FORM = {
    "account_id": "1700000000000017",
    "site": "china",
    "region": "cn-hangzhou",
    "environment_name": "orders",
    "network": "vpc-orders",
}
FULL = FORM | {
    "department": "retail",
    "payment": "prepaid",
    "licence_aku": 6,
    "licence_term_months": 12,
    "licence_auto_renew": False,
    "first_instance_name": "订单-kafka",
    "first_instance_aku": 3,
    "contact": "ops@buyer.example",
    "order_id": "4711",
    "began_on": "2026-09-01T00:00:00+08:00",
}


@pytest.mark.parametrize("form", [FORM, FULL])
def test_a_request_comes_back_from_the_warehouse_as_it_was(form: dict[str, Any]) -> None:
    request = OnboardingRequest.from_form(form)
    assert OnboardingRequest.from_json(request.to_json()) == request


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"account_id": "17x"}, "Account id is '17x': it must be 5 to 20 digits"),
        ({"account_id": 1700000000000017}, "Account id is 1700000000000017: it is not text"),
        ({"region": ""}, "Region is missing. Fill it in."),
        ({"environment_name": "-orders"}, "Environment name is '-orders'"),
        ({"network": "10.0.0.0/8"}, "like vpc-bp1a2b3c"),
        ({"payment": "free"}, "must be payg or prepaid"),
        ({"payment": "prepaid"}, "Licence AKU is missing. Give a whole number from 1 to 100000."),
        ({"first_instance_name": "ab", "first_instance_aku": 6}, "must be 3 to 64"),
        ({"first_instance_name": "kafka", "first_instance_aku": 6.5}, "First instance's AKU is 6.5"),
        ({"began_on": "the 1st of September"}, "is not an ISO 8601 time"),
        ({"department": "x" * 65}, "Department is 'xxx"),
        ({"department": "Retail\u202e"}, "has characters that cannot be seen: U+202E at place 7"),
        ({"contact": "x" * 201}, "is longer than 200 characters"),
        ({"contact": "ops@buyer\nexample"}, "has characters that cannot be seen: U+000A at place 10"),
        ({"network": "vpc-\u202eorders"}, "has characters that cannot be seen: U+202E at place 5"),
        ({"first_instance_name": "kf\u200b-1", "first_instance_aku": 3}, "cannot be seen: U+200B at place 3"),
        ({"order_id": "a b"}, "Order id is 'a b': it must be an order id"),
    ],
)
def test_a_field_that_breaks_its_form_is_named_with_value_rule_and_remedy(changes: dict[str, Any], part: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        OnboardingRequest.from_form(FORM | changes)
    assert part in str(error.value)


def test_differences_are_named_and_the_contact_is_none() -> None:
    earlier = OnboardingRequest.from_form(FORM)
    later = OnboardingRequest.from_form(FORM | {"contact": "new@buyer.example", "network": "vpc-other"})
    assert later.differences_from(earlier) == ["network was 'vpc-orders' and is now 'vpc-other'"]


def test_an_order_id_that_became_known_is_no_difference() -> None:
    earlier = OnboardingRequest.from_form(FORM)
    assert OnboardingRequest.from_form(FORM | {"order_id": "4711"}).differences_from(earlier) == []


def test_a_difference_is_in_words_also_where_something_was_not_given() -> None:
    earlier = OnboardingRequest.from_form(FORM)
    later = OnboardingRequest.from_form(
        FORM | {"department": "Risk", "payment": "prepaid", "licence_aku": 10, "licence_term_months": 12}
    )
    assert later.differences_from(earlier) == [
        "department was not given and is now 'Risk'",
        "payment was 'payg' and is now 'prepaid'",
        "licence was not given and is now aku 10, term months 12, auto renew yes",
    ]
