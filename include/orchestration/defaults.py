"""What DAGs share: owner, tags, retries, and the fields that several forms have."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from airflow.sdk import Param

from include.domain.form_fields import PERCENT, REASON_LENGTH
from include.domain.periods import PERIOD
from include.orchestration.errors import RetryByError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.domain.price_plans import PricePlan

TAG = "akubill"
#: Who looks at a DAG: it is the owner of its tasks, and a tag.
OPERATIONS, BILLING, FINANCE, MARKETPLACE = AUDIENCES = ("operations", "billing", "finance", "marketplace")


def task_defaults(owner: str, **overrides: object) -> dict[str, object]:
    """default_args of every DAG: its audience, retries that outlast a restart of the API server, our errors."""
    return {
        "owner": owner,
        "retries": 4,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=15),
        "retry_policy": RetryByError(),
        **overrides,
    }


def text_field(
    title: str, description: str, *, longest: int = 200, pattern: str = "", examples: Sequence[str] = ()
) -> Param:
    """A form's field for text that has to be there, all of it like the pattern, if there is one."""
    schema = {"type": "string", "minLength": 1, "maxLength": longest, "title": title}
    return Param(schema=schema | _judged(f"^{pattern}$" if pattern else "", examples), description=description)


def optional_field(
    title: str, description: str, *, longest: int = 200, pattern: str = "", examples: Sequence[str] = ()
) -> Param:
    """The same for text that may stay empty."""
    schema = {"type": ["null", "string"], "maxLength": longest, "title": title}
    return Param(None, schema=schema | _judged(f"^({pattern})?$" if pattern else "", examples), description=description)


def _judged(pattern: str, examples: Sequence[str]) -> dict[str, object]:
    return ({"pattern": pattern} if pattern else {}) | ({"examples": list(examples)} if examples else {})


def period_field(description: str) -> Param:
    """The form's field for a billing period; it may stay empty."""
    return optional_field("Billing period", description, longest=40, pattern=PERIOD)


def subscription_field(description: str) -> Param:
    """The form's field for the id of a subscription."""
    return text_field("Subscription", description)


def price_plan_field(description: str) -> Param:
    """The form's field for the name of a price plan; it may stay empty. It proposes those of the catalogue."""
    return optional_field("Price plan", description, longest=63, examples=[plan.name for plan in _catalog_plans()])


def compared_plan_field(title: str, description: str) -> Param:
    """The form's field for a plan to compare; it refuses those of the catalogue that sell licences."""
    refused = "|".join(plan.name for plan in _catalog_plans() if plan.sells_licences)
    return text_field(
        title,
        f"{description} A prepaid plan cannot be compared: it has no price for usage.",
        longest=63,
        pattern=f"(?!({refused})$).*" if refused else "",
        examples=[plan.name for plan in _catalog_plans() if not plan.sells_licences],
    )


@cache
def _catalog_plans() -> list[PricePlan]:
    """The catalogue's price plans. Others may be published; the warehouse is not asked while DAGs are parsed."""
    from include.catalog.loader import catalog_price_plans

    return catalog_price_plans()


def discount_field(description: str) -> Param:
    """The form's field for a discount in per cent, as text so that no digit is lost; it may stay empty."""
    return optional_field("Discount in per cent", description, longest=40, pattern=PERCENT)


def reason_field(description: str) -> Param:
    """The form's field for a person's reason; it has no default."""
    shortest, longest = REASON_LENGTH
    return Param(type="string", minLength=shortest, maxLength=longest, title="Reason", description=description)
