"""BSS OpenAPI: the bill that the cloud makes for an account (API 2017-12-14).

Billing cycles are calendar months of UTC+8. A cycle is final after 12:00 (UTC+8) on the 3rd of the next month; only the
last 18 months can be asked for. BSS refuses under HTTP 200, with Success false. At most 10 calls a second and account.
https://help.aliyun.com/document_detail/209402.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from include.alibaba.answers import amount, integer, items, local_instant, optional, required, required_amount
from include.alibaba.errors import error_from_code
from include.alibaba.gateway import CallLimits, Gateway
from include.alibaba.pages import TokenPage, follow_tokens, follow_unchanged_tokens
from include.domain.billing_cycles import CYCLE_ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from include.alibaba.access import CloudAccess
    from include.domain.money import Decimal

MAX_PAGE = 300


@dataclass(frozen=True, slots=True)
class BillItem:
    """One item of a bill.

    Attributes:
        instance_id: what it is for; for a Marketplace product its marketplace instance.
        billing_date: YYYY-MM-DD, for daily bills.
        item: SubscriptionOrder, PayAsYouGoBill, Refund or Adjustment.
        subscription_type: Subscription or PayAsYouGo.
        product_code: the product.
        product_name: in words.
        billing_item_code: what of the product, where billing items were asked for.
        usage: how much of it, where billing items were asked for.
        usage_unit: of what.
        list_price: per unit.
        pretax_gross_amount: before discounts.
        invoice_discount: what was taken off.
        pretax_amount: what is to be paid.
        currency: CNY, USD or JPY.
    """

    instance_id: str
    billing_date: str | None
    item: str
    subscription_type: str | None
    product_code: str | None
    product_name: str | None
    billing_item_code: str | None
    usage: Decimal | None
    usage_unit: str | None
    list_price: Decimal | None
    pretax_gross_amount: Decimal
    invoice_discount: Decimal | None
    pretax_amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class SettledItem:
    """One item of a settlement bill: a charge for a time, most often an hour.

    Attributes:
        record_id: of the order or the bill that it is from.
        order_id: the order (SubOrderId); a settlement bill names no instance. None where it has none.
        item: SubscriptionOrder, PayAsYouGoBill, Refund or Adjustment.
        usage_start: start of what it charges, in UTC; None where it is for no time.
        usage_end: its end (exclusive).
        pretax_gross_amount: before discounts.
        round_down_discount: what cutting to two decimals took off.
        pretax_amount: what is to be paid.
        currency: CNY, USD or JPY.
    """

    record_id: str | None
    order_id: str | None
    item: str
    usage_start: datetime | None
    usage_end: datetime | None
    pretax_gross_amount: Decimal
    round_down_discount: Decimal | None
    pretax_amount: Decimal
    currency: str


class Bss:
    """Bills of one account. Every method waits for its answer; see Gateway.call for what they raise."""

    def __init__(self, access: CloudAccess, limits: CallLimits | None = None) -> None:
        self._access = access
        self._gateway = Gateway(access, "BSS", "alibabacloud_bssopenapi20171214", limits)

    def instance_bill(
        self,
        billing_cycle: str,
        *,
        billing_date: date | None = None,
        instance_id: str | None = None,
        product_code: str | None = None,
        subscription_type: Literal["Subscription", "PayAsYouGo"] | None = None,
        by_billing_item: bool = True,
    ) -> Iterator[BillItem]:
        """The account's bill per instance (DescribeInstanceBill).

        Args:
            billing_cycle: YYYY-MM, a month of UTC+8.
            billing_date: only this day of it.
            instance_id: only this instance.
            product_code: only this product.
            subscription_type: only what is paid for in this way.
            by_billing_item: one item per instance and billing item, with usage; otherwise one per instance.
        """
        call = "BSS DescribeInstanceBill"

        def fetch(token: str | None) -> TokenPage:
            request = self._gateway.models.DescribeInstanceBillRequest(
                billing_cycle=billing_cycle,
                billing_date=billing_date and billing_date.isoformat(),
                granularity="DAILY" if billing_date else "MONTHLY",
                instance_id=instance_id,
                product_code=product_code,
                subscription_type=subscription_type,
                is_billing_item=by_billing_item,
                max_results=MAX_PAGE,
                next_token=token,
            )
            answer = self._gateway.call("DescribeInstanceBill", request, repeatable=True, check=self._check)
            return TokenPage(items(answer.data, "items"), optional(answer.data, "next_token"))

        return follow_tokens(call, fetch, lambda item: _bill_item(item, call))

    def settle_bill(self, billing_cycle: str, *, product_code: str | None = None) -> Iterator[SettledItem]:
        """The account's settlement bill, by hour where usage is charged by the hour (QuerySettleBill).

        Args:
            billing_cycle: YYYY-MM, a month of UTC+8.
            product_code: only this product.

        Raises:
            RetriableError: the bill changed while it was read.
        """
        call = "BSS QuerySettleBill"

        def fetch(token: str | None) -> TokenPage:
            request = self._gateway.models.QuerySettleBillRequest(
                billing_cycle=billing_cycle, product_code=product_code, max_results=MAX_PAGE, next_token=token
            )
            answer = self._gateway.call("QuerySettleBill", request, repeatable=True, check=self._check)
            found, next_token = items(answer.data.items, "item"), optional(answer.data, "next_token")
            return TokenPage(found, next_token, integer(answer.data, "total_count", call))

        return follow_unchanged_tokens(call, fetch, lambda item: _settled_item(item, call))

    def _check(self, call: str, answer: Any) -> None:  # noqa: ANN401 (the SDKs are untyped)
        """Raise what BSS refused under HTTP 200."""
        if answer.success is True and answer.data is not None:
            return
        raise error_from_code(
            call,
            optional(answer, "code") or "NoCode",
            optional(answer, "message") or "it gave no reason",
            self._access,
            request_id=optional(answer, "request_id"),
        )


def _bill_item(answer: object, call: str) -> BillItem:
    return BillItem(
        instance_id=required(answer, "instance_id", call),
        billing_date=optional(answer, "billing_date"),
        item=required(answer, "item", call),
        subscription_type=optional(answer, "subscription_type"),
        product_code=optional(answer, "product_code"),
        product_name=optional(answer, "product_name"),
        billing_item_code=optional(answer, "billing_item_code"),
        usage=amount(answer, "usage", call),
        usage_unit=optional(answer, "usage_unit"),
        list_price=amount(answer, "list_price", call),
        pretax_gross_amount=required_amount(answer, "pretax_gross_amount", call),
        invoice_discount=amount(answer, "invoice_discount", call),
        pretax_amount=required_amount(answer, "pretax_amount", call),
        currency=required(answer, "currency", call),
    )


def _settled_item(answer: object, call: str) -> SettledItem:
    return SettledItem(
        record_id=optional(answer, "record_id"),
        order_id=optional(answer, "sub_order_id"),
        item=required(answer, "item", call),
        usage_start=local_instant(answer, "usage_start_time", call, CYCLE_ZONE),
        usage_end=local_instant(answer, "usage_end_time", call, CYCLE_ZONE),
        pretax_gross_amount=required_amount(answer, "pretax_gross_amount", call),
        round_down_discount=amount(answer, "round_down_discount", call),
        pretax_amount=required_amount(answer, "pretax_amount", call),
        currency=required(answer, "currency", call),
    )
