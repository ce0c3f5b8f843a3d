"""The form of subscription_onboarding: what an operator fills in, as Airflow Params."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import Param

from include.catalog.loader import load_product
from include.domain.onboarding import ACCOUNT_ID, INSTANCE_NAME, LONGEST_DEPARTMENT, ORDER_ID, PAYMENTS, SITES
from include.domain.text import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUYER, _ENVIRONMENT, _PAYMENT = "Buyer", "Environment", "Payment"
_START, _EARLIER = "First Kafka instance", "Subscribed already"


def onboarding_form() -> dict[str, Param]:
    """All fields, in order, by section."""
    product = load_product()
    sizes = f"{product.aku.minimum} to {product.aku.maximum}"
    terms = " or ".join(str(months) for months in product.licence_terms_months)
    return {
        "account_id": Param(
            type="string", minLength=1, maxLength=LONGEST_NAME, pattern=_spaced(ACCOUNT_ID), title="Account id",
            section=_BUYER,
            description="The buyer's cloud account (aliUid). Its delegated access is the connection "
            "alibaba_buyer_<account id>.",
        ),
        "site": Param(
            product.site, type="string", enum=list(SITES), values_display=SITES, title="Site", section=_BUYER,
            description=f"Site of the cloud the account belongs to; the product is sold on the {product.site} site.",
        ),
        "contact": Param(
            None, type=["null", "string"], maxLength=LONGEST_NAME, title="Contact", section=_BUYER,
            description="Whom to write to about this subscription; its bills print it.",
        ),
        "region": Param(
            schema=_offered(product.regions),
            description=f"Region of the environment. For any other, ask: {product.contact}.",
        ),
        "environment_name": Param(
            type="string", minLength=1, maxLength=LONGEST_NAME, title="Environment name", section=_ENVIRONMENT,
            description="Letters, digits and hyphens; unique per buyer and region. The same name again means the same "
            "subscription.",
        ),
        "network": Param(
            type="string", minLength=1, maxLength=LONGEST_NAME, title="Network", section=_ENVIRONMENT,
            description="Id of the environment's VPC, like vpc-bp1a2b3c.",
        ),
        "department": Param(
            "", type=["null", "string"], maxLength=LONGEST_DEPARTMENT, title="Department", section=_ENVIRONMENT,
            description="Empty when the buyer has only one. A further subscription is for another network or "
            "department.",
        ),
        "payment": Param(
            "payg", type="string", enum=list(PAYMENTS), values_display=PAYMENTS, title="Payment", section=_PAYMENT,
            description="Pay as you go, or a prepaid licence.",
        ),
        "licence_aku": Param(
            None, type=["null", "integer"], minimum=product.aku.minimum, title="Licence AKU", section=_PAYMENT,
            description="Prepaid: licensed capacity in AKU.",
        ),
        "licence_term_months": Param(
            product.licence_terms_months[0], type="integer", minimum=1, title="Licence term", section=_PAYMENT,
            description=f"Prepaid: months, {terms}.",
        ),
        "licence_auto_renew": Param(
            default=True, type="boolean", title="Licence renews itself", section=_PAYMENT,
            description="Prepaid: whether the next term follows by itself.",
        ),
        "first_instance_name": Param(
            None, type=["null", "string"], maxLength=64, pattern=f"^$|{_spaced(INSTANCE_NAME)}",
            title="First instance's name", section=_START,
            description="Empty: the buyer makes its own in the console.",
        ),
        "first_instance_aku": Param(
            None, type=["null", "integer"], minimum=product.aku.minimum, maximum=product.aku.maximum,
            title="First instance's AKU", section=_START,
            description=f"Its size, {sizes} AKU.",
        ),
        "order_id": Param(
            None, type=["null", "string"], maxLength=64, pattern=f"^$|{_spaced(ORDER_ID)}", title="Order id",
            section=_EARLIER,
            description="The Marketplace's order, when the buyer has ordered already. Empty: it is ordered now.",
        ),
        "began_on": Param(
            None, schema=_drawn_as({"type": ["null", "string"], "format": "date"}) | {
                "title": "Subscription began on", "section": _EARLIER,
            },
            description="For a buyer that moves over with its history: the day, in UTC+8, from which the subscription, "
            "and its licence, counts. Orders of the Marketplace give the instant.",
        ),
    }  # fmt: skip


def _spaced(pattern: str) -> str:
    """The pattern with the white space around it that is taken off. Names that the Marketplace gives are not judged."""
    return rf"^\s*{pattern.strip('^$')}\s*$"


def _offered(labels: Mapping[str, str]) -> dict[str, object]:
    """A list to choose from by name.

    A region that is not offered starts a run, whose check says what a schema cannot: why, and whom to ask.
    """
    shown = {
        "enum": list(labels),
        "values_display": {value: f"{label} · {value}" for value, label in labels.items()},
        "title": "Region",
        "section": _ENVIRONMENT,
    }
    return _drawn_as({"type": "string", "minLength": 1}) | shown


def _drawn_as(field: dict[str, object]) -> dict[str, object]:
    """A field that the form draws by its schema, while any value of its type and length is valid.

    The form draws a list from `enum`, and a calendar from `format`. Under draft 7 of JSON Schema a `$ref` overrules its
    neighbours, so these are drawn and do not judge.
    """
    valid = {name: rule for name, rule in field.items() if name != "format"}
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/valid"}
    return {**schema, "definitions": {"valid": valid}, **field}
