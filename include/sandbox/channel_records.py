"""What the sandbox's other marketplaces remember: AWS, and the international site. Each has a book of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(slots=True)
class AwsAgreement:
    """What a buyer agreed to at AWS Marketplace.

    Attributes:
        account_id: the buyer's AWS account.
        license_arn: the licence; empty for a product that was integrated before there were licences.
        product_code: the product.
        ended_at: when it ended; None while it goes on.
        started_at: when it began; None: before everything that is metered.
    """

    account_id: str
    license_arn: str
    product_code: str
    ended_at: int | None = None
    started_at: int | None = None

    kind: ClassVar[str] = "aws_agreement"

    @property
    def key(self) -> str:
        """Account, and licence or product."""
        return f"{self.account_id}/{self.license_arn or self.product_code}"


@dataclass(slots=True)
class AwsUsage:
    """One usage record that AWS Marketplace honoured.

    Attributes:
        agreement: account, and licence or product.
        hour: start of the hour.
    """

    agreement: str
    dimension: str
    hour: int
    quantity: int
    metering_record_id: str
    metered_at: int

    kind: ClassVar[str] = "aws_usage"

    @property
    def key(self) -> str:
        """The first record of an agreement, dimension and hour wins."""
        return f"{self.agreement} {self.dimension} {self.hour}"


@dataclass(slots=True)
class IntlInstance:
    """An instance of the vendor's product at the international site."""

    instance_id: str
    account_id: str
    product_code: str
    created_at: int

    kind: ClassVar[str] = "intl_instance"

    @property
    def key(self) -> str:
        """Its id."""
        return self.instance_id


@dataclass(slots=True)
class IntlPush:
    """One metering record that the international site took.

    Attributes:
        push_order_biz_id: the vendor's id of it.
        start, end: milliseconds since 1970, as they were sent.
    """

    push_id: str
    push_order_biz_id: str
    instance_id: str
    start: int
    end: int
    assist: str
    entity: str
    value: int
    pushed_at: int

    kind: ClassVar[str] = "intl_push"

    @property
    def key(self) -> str:
        """Its own id. Whether the Marketplace knows a repeated PushOrderBizId is not documented: here it charges it."""
        return self.push_id


ChannelRecord = AwsAgreement | AwsUsage | IntlInstance | IntlPush
