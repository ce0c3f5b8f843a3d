"""What an operator asks for when a buyer is onboarded, and what became of it.

A request is checked for its form here; whether the buyer may subscribe is for onboarding/prerequisites.py. Two requests
for the same account, region and environment name mean the same subscription and must agree.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from include.domain.billing_cycles import CYCLE_ZONE
from include.domain.errors import FatalError, InvalidInputError
from include.domain.form_fields import read_fields, read_instant
from include.domain.periods import parse_instant
from include.domain.text import LONGEST_NAME, check_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

ACCOUNT_ID = r"^[0-9]{5,20}$"
ENVIRONMENT_NAME = r"^[A-Za-z][A-Za-z0-9-]{1,47}$"
NETWORK = r"^vpc-[a-z0-9][a-z0-9-]{0,59}$"
#: AutoMQ's own rule for names of Kafka instances.
INSTANCE_NAME = r"^[\w\u4e00-\u9fff\-]{3,64}$"
ORDER_ID = r"^[0-9A-Za-z\-]{1,64}$"
#: A department is no longer than this.
LONGEST_DEPARTMENT = 64
#: AKU and months are no more than this.
_LARGEST_COUNT = 100_000
PAYMENTS = {"payg": "Pay as you go", "prepaid": "Prepaid licence"}
SITES = {"china": "China site (aliyun.com)", "international": "International site (alibabacloud.com)"}


class NotAdmittedError(FatalError):
    """A buyer does not meet the prerequisites; says all the reasons at once."""

    def __init__(self, reasons: Sequence[str]) -> None:
        count = "one reason" if len(reasons) == 1 else f"{len(reasons)} reasons"
        listed = " ".join(f"({number}) {reason}" for number, reason in enumerate(reasons, 1))
        super().__init__(f"The subscription is refused for {count}, and nothing was ordered. {listed}")
        self.reasons = tuple(reasons)


class CheckResult(NamedTuple):
    """The result of one check.

    Attributes:
        check: its name, as the DAG's task.
        holds: whether the prerequisite is met.
        sentence: what was found; where it does not hold, with the value, the rule and what to do.
    """

    check: str
    holds: bool
    sentence: str


class Admission(NamedTuple):
    """A subscription and which attempt to onboard it is under way; what the steps hand to one another."""

    subscription_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Licence:
    """The prepaid licence that is ordered: capacity in AKU, for a term of months."""

    aku: int
    term_months: int
    auto_renew: bool


@dataclass(frozen=True, slots=True)
class FirstInstance:
    """The Kafka instance that is created for a start."""

    name: str
    aku: int


@dataclass(frozen=True, slots=True)
class OnboardingRequest:
    """One buyer's wish for one environment.

    Attributes:
        account_id: cloud account of the buyer (aliUid).
        site: site of the cloud that the account belongs to.
        region: region of the environment.
        environment_name: unique per buyer and region.
        network: VPC of the environment.
        department: business department; empty when the buyer has only one.
        payment: payg or prepaid.
        licence: for prepaid.
        first_instance: None when the buyer makes its own.
        contact: whom to write to about this subscription.
        order_id: the Marketplace's order, when the buyer has ordered already.
        began_at: from when the subscription counts, when that was earlier than the request.
    """

    account_id: str
    site: str
    region: str
    environment_name: str
    network: str
    department: str
    payment: str
    licence: Licence | None
    first_instance: FirstInstance | None
    contact: str | None
    order_id: str | None
    began_at: datetime | None

    @classmethod
    def from_form(cls, form: Mapping[str, Any]) -> OnboardingRequest:
        """The request that a form, a REST call or the command line gave; empty fields may be missing or null.

        Raises:
            InvalidInputError: when fields break the rules of the form; it names all of them.
        """
        prepaid = form.get("payment") == "prepaid"
        return cls(
            **read_fields(
                {
                    "account_id": lambda: _matching(
                        form, "account_id", "Account id", ACCOUNT_ID, "must be 5 to 20 digits"
                    ),
                    "site": lambda: _needed(form, "site", "Site"),
                    "region": lambda: _needed(form, "region", "Region"),
                    "environment_name": lambda: _matching(
                        form,
                        "environment_name",
                        "Environment name",
                        ENVIRONMENT_NAME,
                        "must be 2 to 48 letters, digits or hyphens, starting with a letter",
                    ),
                    "network": lambda: _matching(
                        form, "network", "Network", NETWORK, "must be the id of a VPC, like vpc-bp1a2b3c"
                    ),
                    "department": lambda: _text(form, "department", "Department", LONGEST_DEPARTMENT) or "",
                    "payment": lambda: _payment(form),
                    "licence": lambda: _licence(form) if prepaid else None,
                    "first_instance": lambda: _first_instance(form),
                    "contact": lambda: _text(form, "contact", "Contact"),
                    "order_id": lambda: (
                        _matching(form, "order_id", "Order id", ORDER_ID, "must be an order id")
                        if form.get("order_id")
                        else None
                    ),
                    "began_at": lambda: read_instant(
                        _text(form, "began_on", "Subscription began on"), "Subscription began on", CYCLE_ZONE
                    ),
                }
            )
        )

    def to_json(self) -> dict[str, Any]:
        """The request as the warehouse keeps it."""
        return {**asdict(self), "began_at": self.began_at.isoformat() if self.began_at else None}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> OnboardingRequest:
        """The request that `to_json` kept."""
        licence, first, began = kept["licence"], kept["first_instance"], kept["began_at"]
        return cls(
            **{
                **kept,
                "licence": Licence(**licence) if licence else None,
                "first_instance": FirstInstance(**first) if first else None,
                "began_at": parse_instant(began) if began else None,
            }
        )

    def differences_from(self, earlier: OnboardingRequest) -> list[str]:
        """What this request asks for differently, as clauses; whom to write to may always change.

        An order id that is left out is no difference: it becomes known by ordering.
        """
        now, then = self.to_json(), earlier.to_json()
        ignored = {"contact"} | ({"order_id"} if not (self.order_id and earlier.order_id) else set())
        return [
            f"{name.replace('_', ' ')} was {_said(then[name])} and is now {_said(now[name])}"
            for name in now
            if name not in ignored and now[name] != then[name]
        ]


def _said(value: object) -> str:
    """A field's value in words."""
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_said(part)}" for name, part in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not given" if value in {None, ""} else repr(value)


def _payment(form: Mapping[str, Any]) -> str:
    payment = _text(form, "payment", "Payment") or "payg"
    if payment not in PAYMENTS:
        raise InvalidInputError("Payment", payment, "must be payg or prepaid", "Choose one of them.")
    return payment


def _licence(form: Mapping[str, Any]) -> Licence:
    return Licence(
        aku=_count(form, "licence_aku", "Licence AKU"),
        term_months=_count(form, "licence_term_months", "Licence term in months"),
        auto_renew=bool(form.get("licence_auto_renew", True)),
    )


def _first_instance(form: Mapping[str, Any]) -> FirstInstance | None:
    if not form.get("first_instance_name"):
        return None
    rule = "must be 3 to 64 letters, digits, hyphens or underscores"
    return FirstInstance(
        name=_matching(form, "first_instance_name", "First instance's name", INSTANCE_NAME, rule),
        aku=_count(form, "first_instance_aku", "First instance's AKU"),
    )


def _text(form: Mapping[str, Any], field: str, what: str, longest: int = LONGEST_NAME) -> str | None:
    value = form.get(field)
    if value is not None and not isinstance(value, str):
        raise InvalidInputError(what, value, "is not text", "Put it in quotes.")
    return check_text((value or "").strip(), what, longest) or None


def _needed(form: Mapping[str, Any], field: str, what: str) -> str:
    value = _text(form, field, what)
    if value is None:
        raise InvalidInputError(what, None, "is missing", "Fill it in.")
    return value


def _matching(form: Mapping[str, Any], field: str, what: str, pattern: str, rule: str) -> str:
    value = _needed(form, field, what)
    if not re.fullmatch(pattern, value):
        raise InvalidInputError(what, value, rule, "Correct it.")
    return value


def _count(form: Mapping[str, Any], field: str, what: str) -> int:
    value = form.get(field)
    if value is None:
        raise InvalidInputError(what, None, "is missing", f"Give a whole number from 1 to {_LARGEST_COUNT}.")
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _LARGEST_COUNT:
        raise InvalidInputError(what, value, f"must be a whole number from 1 to {_LARGEST_COUNT}", "Correct it.")
    return value
