"""Whom to write to belongs to a subscription: a department's contact is printed on its own bills only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from include.catalog.loader import load_product
from include.domain.onboarding import OnboardingRequest
from include.onboarding.subscriptions import admit
from tests.support.builders import LONG_AGO

if TYPE_CHECKING:
    from sqlalchemy import Engine

FORM = {"account_id": "1700000000000017", "site": "china", "region": "cn-hangzhou"}


def ask(warehouse: Engine, name: str, contact: str | None) -> None:
    form = FORM | {"environment_name": name, "network": f"vpc-{name}", "department": name, "contact": contact}
    admit(warehouse, load_product(), OnboardingRequest.from_form(form), LONG_AGO)


def contacts(warehouse: Engine) -> list[tuple[str, str | None, str | None]]:
    """Of each department: as stored, and as its documents print it."""
    query = text("""
        SELECT department, contact, billing.printed_facts(subscription_key, '{}') ->> 'contact'
        FROM core.subscriptions ORDER BY subscription_key
    """)
    with warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_each_department_of_a_buyer_has_its_own_contact(warehouse: Engine) -> None:
    ask(warehouse, "retail", "retail@buyer.example")
    ask(warehouse, "risk", "risk@buyer.example")
    ask(warehouse, "audit", None)
    assert contacts(warehouse) == [
        ("retail", "retail@buyer.example", "retail@buyer.example"),
        ("risk", "risk@buyer.example", "risk@buyer.example"),
        ("audit", None, None),
    ]


def test_the_same_request_again_may_name_another_contact_and_keeps_it_where_it_names_none(warehouse: Engine) -> None:
    ask(warehouse, "retail", "retail@buyer.example")
    ask(warehouse, "risk", "risk@buyer.example")
    ask(warehouse, "retail", "new@buyer.example")
    ask(warehouse, "retail", None)
    assert [contact for _, contact, _ in contacts(warehouse)] == ["new@buyer.example", "risk@buyer.example"]
