"""The Alibaba Cloud Marketplace, as the vendor sees it: orders, instances, usage, notifications (API 2015-11-01)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from include.alibaba.answers import (
    amount,
    instant,
    integer,
    items,
    optional,
    required,
    required_instant,
)
from include.alibaba.errors import refusal_kind
from include.alibaba.gateway import CallLimits, Gateway
from include.alibaba.pages import NumberedPage, follow_numbers
from include.domain.errors import RefusedError, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from include.alibaba.access import CloudAccess
    from include.domain.money import Decimal

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class MarketOrder:
    """An order.

    Attributes:
        order_id: its id.
        account_id: the buyer.
        order_type: NEW, RENEW, TRIAL, UPGRADE, DOWNGRADE or PURCHASE.
        order_status: NORMAL, REFUND or DELETE.
        pay_status: PAID or UNPAID.
        product_code: the product.
        sku_code: what of it was bought.
        quantity: how much of it.
        period_type: of a prepaid order.
        payment_price: what the buyer pays, CNY.
        instance_ids: the Marketplace's instances that it made.
        created_at: instant.
        paid_at: instant.
    """

    order_id: str
    account_id: str
    order_type: str | None
    order_status: str
    pay_status: str | None
    product_code: str
    sku_code: str | None
    quantity: int | None
    period_type: str | None
    payment_price: Decimal | None
    instance_ids: tuple[str, ...]
    created_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class MarketInstance:
    """What an order activated.

    Attributes:
        marketplace_instance_id: its id.
        order_id: the order.
        product_code: the product.
        sku_code: what of it was bought.
        product_type: APP, SERVIC (so spelt), MIRROR, DOWNLOAD, API_SERVICE or DOCKER.
        status: of a meaning that depends on the product type: OPENED, USING, EXPIRED, CLOSED, ….
        is_trial: whether it is a trial.
        auto_renewal: as the Marketplace words it.
        began_at: instant.
        ends_at: end of the term.
    """

    marketplace_instance_id: str
    order_id: str
    product_code: str
    sku_code: str | None
    product_type: str | None
    status: str
    is_trial: bool
    auto_renewal: str | None
    began_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class FailedNotification:
    """A message that the Marketplace could not deliver to us, and gave up on.

    Attributes:
        request_id: its id, the same however often it is listed.
        action: what it says.
        message: its parameters, as JSON text, not read yet.
        created_at: instant.
    """

    request_id: str
    action: str
    message: str
    created_at: datetime | None


class PushAnswer(NamedTuple):
    """The answer to a metering push, as it came: `success` is True where the Marketplace took all of it."""

    success: object
    request_id: str | None


class Market:
    """The Marketplace for the vendor. Every method waits for its answer; see Gateway.call for what they raise."""

    def __init__(self, access: CloudAccess, limits: CallLimits | None = None) -> None:
        self._gateway = Gateway(access, "Marketplace", "alibabacloud_market20151101", limits)

    def describe_order(self, order_id: str) -> MarketOrder:
        """An order of one of our products (DescribeOrderForIsv)."""
        request = self._gateway.models.DescribeOrderForIsvRequest(order_id=order_id)
        answer = self._gateway.call("DescribeOrderForIsv", request, repeatable=True)
        call = "Marketplace DescribeOrderForIsv"
        return MarketOrder(
            order_id=required(answer, "order_id", call),
            account_id=required(answer, "ali_uid", call),
            order_type=optional(answer, "order_type"),
            order_status=required(answer, "order_status", call),
            pay_status=optional(answer, "pay_status"),
            product_code=required(answer, "product_code", call),
            sku_code=optional(answer, "product_sku_code"),
            quantity=integer(answer, "quantity", call),
            period_type=optional(answer, "period_type"),
            payment_price=amount(answer, "payment_price", call),
            instance_ids=tuple(str(instance_id) for instance_id in items(answer, "instance_ids")),
            created_at=required_instant(answer, "created_on", call),
            paid_at=instant(answer, "paid_on", call),
        )

    def describe_instance(self, marketplace_instance_id: str) -> MarketInstance:
        """An instance of one of our products (DescribeInstanceForIsv)."""
        request = self._gateway.models.DescribeInstanceForIsvRequest(instance_id=marketplace_instance_id)
        answer = self._gateway.call("DescribeInstanceForIsv", request, repeatable=True)
        call = "Marketplace DescribeInstanceForIsv"
        return MarketInstance(
            marketplace_instance_id=required(answer, "instance_id", call),
            order_id=required(answer, "order_id", call),
            product_code=required(answer, "product_code", call),
            sku_code=optional(answer, "product_sku_code"),
            product_type=optional(answer, "product_type"),
            status=required(answer, "status", call),
            is_trial=optional(answer, "is_trial") == "True",
            auto_renewal=optional(answer, "auto_renewal"),
            began_at=instant(answer, "began_on", call),
            ends_at=instant(answer, "end_on", call),
        )

    def failed_notifications(self) -> Iterator[FailedNotification]:
        """What the Marketplace could not deliver, until it is confirmed (DescribeFailedNotifications)."""
        models, call = self._gateway.models, "Marketplace DescribeFailedNotifications"

        def fetch(number: int) -> NumberedPage:
            request = models.DescribeFailedNotificationsRequest(page_number=number, page_size=MAX_PAGE)
            answer = self._gateway.call("DescribeFailedNotifications", request, repeatable=True)
            return NumberedPage(items(answer, "notification_list"), integer(answer, "total_count", call) or 0)

        return follow_numbers(call, fetch, lambda item: _notification(item, call))

    def push_metering_data(self, metering: str) -> PushAnswer:
        """Report usage (PushMeteringData); asked once, since what arrives twice is charged twice.

        Args:
            metering: the list of records, as JSON.
        """
        request = self._gateway.models.PushMeteringDataRequest(metering=metering)
        answer = self._gateway.call("PushMeteringData", request, repeatable=False)
        return PushAnswer(getattr(answer, "success", None), optional(answer, "request_id"))

    def check_reachable(self) -> None:
        """Make a call that changes nothing, once; it raises where the Marketplace does not answer."""
        request = self._gateway.models.DescribeFailedNotificationsRequest(page_number=1, page_size=1)
        self._gateway.call("DescribeFailedNotifications", request, repeatable=False)

    def confirm_notification(self, request_id: str) -> None:
        """Have a message taken off the list (ConfirmNotification); one that is off it already is no error.

        Raises:
            UnexpectedAnswerError: when the Marketplace did not confirm.
        """
        call = "Marketplace ConfirmNotification"
        request = self._gateway.models.ConfirmNotificationRequest(notification_request_id=request_id)
        try:
            answer = self._gateway.call("ConfirmNotification", request, repeatable=True)
        except RefusedError as error:
            if refusal_kind(error.code) != "not_found":
                raise
            return
        if optional(answer, "success") not in {"True", "true"}:
            raise UnexpectedAnswerError(f"{call} of {request_id} was answered without success.")


def _notification(answer: object, call: str) -> FailedNotification:
    return FailedNotification(
        request_id=required(answer, "notification_request_id", call),
        action=required(answer, "action", call),
        message=optional(answer, "message") or "",
        created_at=instant(answer, "create_time", call),
    )
