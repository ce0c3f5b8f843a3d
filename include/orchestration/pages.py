"""The billing pages that runs and tasks lead to, and their addresses in the Airflow that serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    _Operator = TypeVar("_Operator", bound=type[BaseOperator])

#: Where plugins/billing_pages.py mounts them, and where it shows them within Airflow's own pages.
MOUNT, FRAME = "/billing", "/plugin/billing"


#: Id of a task instance → address of its page.
_LINKED: dict[object, str] = {}


class Page(NamedTuple):
    """A page: what a link to it says, and its path below the mount."""

    label: str
    path: str

    @property
    def address(self) -> str:
        """Its path in Airflow's UI, which shows what lies at another path; both may lie below a path of their own."""
        from airflow.sdk.configuration import conf

        root = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")
        return f"{root}{FRAME}{root}{MOUNT}{self.path}"

    def link_from(self, task_instance: Any) -> None:  # noqa: ANN401 (the SDK types it as a protocol without an id)
        """Have the link of the task that runs in this process lead here."""
        _LINKED[task_instance.id] = self.address


SUBSCRIPTIONS = Page("Subscriptions", "/subscriptions")
DATA_QUALITY = Page("Data quality", "/data-quality")
PRICE_PLANS = Page("Price plans", "/price-plans")
RECONCILIATION = Page("Reconciliation", "/reconciliation")


def bills(period: str) -> Page:
    """The bills of a billing period."""
    return Page(f"Bills of {period}", f"/bills?{urlencode({'period': period})}")


def bill(bill_id: str) -> Page:
    """A bill or a note."""
    return Page(f"Bill {bill_id}", f"/bills/{quote(bill_id, safe='')}")


def subscription(subscription_id: str) -> Page:
    """A subscription."""
    return Page(f"Subscription {subscription_id}", f"/subscriptions/{quote(subscription_id, safe='')}")


class PageLink(BaseOperatorLink):
    """A task's link to the page that its work is shown on, which the task names while it runs."""

    @property
    def name(self) -> str:
        """What the button says; there is none where a task named no page."""
        return "Billing page"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ANN401, ARG002 (Airflow gives the task)
        """The address; Airflow asks for it in the task's process, and stores it."""
        return _LINKED.get(ti_key.id, "")


def leading_to_a_page(operator: _Operator) -> _Operator:
    """The operator, its tasks with a link to a billing page."""
    return type(operator.__name__, (operator,), {  # type: ignore[return-value]
        "operator_extra_links": (PageLink(),), "__module__": operator.__module__, "__doc__": operator.__doc__,
    })  # fmt: skip
