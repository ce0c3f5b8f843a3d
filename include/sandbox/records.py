"""What the sandbox remembers. Every record has a key within its kind and is stored as JSON whenever it changes.

Instants are whole seconds since 1970 (UTC). What depends on time, a deployment's progress or the state of a Kafka
instance, is no state that something has to move on: it follows from the record and the instant asked about.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from include.sandbox.bill_records import BillEntry
from include.sandbox.channel_records import AwsAgreement, AwsUsage, ChannelRecord, IntlInstance, IntlPush


@dataclass(slots=True)
class Settings:
    """How this outside behaves and what it charges; PUT /admin/settings changes it."""

    deploy_seconds: int = 30
    delete_seconds: int = 10
    instance_create_seconds: int = 20
    instance_change_seconds: int = 60
    instance_delete_seconds: int = 20
    currency: str = "CNY"
    unit_price: str = "1.20"
    licence_price_per_aku_month: str = "620.00"
    licence_aku: int = 6
    bill_delay_seconds: int = 3600
    metering_source: str = "image"
    push_clock_ahead_seconds: int = 0
    service_id: str = "service-automq-byoc"
    service_name: str = "AutoMQ for Kafka (BYOC Pay-As-You-Go)"
    supplier_name: str = "AutoMQ HK Limited"
    product_code: str = "cmgj-automq-byoc"
    sku_payg: str = "cmgj-automq-byoc-postpay"
    sku_prepaid: str = "cmgj-automq-byoc-prepay"
    image_product_code: str = "cmjj-automq-be"
    image_id: str = "m-automqbusiness01"
    metering_entity: str = "cmgj-automq-byoc-Period-1"
    intl_metering_assist: str = "sgcmgj-automq-byoc-Period-1"
    aws_dimensions: list[str] = field(default_factory=lambda: ["aku_seconds", "aku_hours"])
    spi_url: str = ""
    spi_key: str = "isv-key-of-the-sandbox"
    spi_minute_seconds: float = 60.0
    regions: list[str] = field(
        default_factory=lambda: [
            "cn-qingdao",
            "cn-beijing",
            "cn-zhangjiakou",
            "cn-hangzhou",
            "cn-shanghai",
            "cn-shenzhen",
            "cn-guangzhou",
            "cn-hongkong",
            "ap-southeast-1",
            "us-west-1",
            "us-east-1",
        ]
    )

    kind: ClassVar[str] = "settings"

    @property
    def key(self) -> str:
        """There is one."""
        return "settings"


@dataclass(slots=True)
class Account:
    """A cloud account and its access key."""

    account_id: str
    access_key_id: str
    access_key_secret: str
    role: str = "buyer"
    site: str = "china"
    real_name_verified: bool = True
    denied_actions: list[str] = field(default_factory=list)

    kind: ClassVar[str] = "account"

    @property
    def key(self) -> str:
        """Its account id (aliUid)."""
        return self.account_id


@dataclass(slots=True)
class ServiceInstance:
    """A Compute Nest service instance with its Marketplace order.

    Attributes:
        created_at, deploy_seconds, failure: decide together what its deployment looks like at an instant.
        booked_since: from when the Marketplace charges it; earlier than created_at for a life played in the past.
        licence_aku: licensed AKU of a prepaid one, 0 for pay as you go.
        order_biz_id: what createInstance calls it.
        vendor_instance_id: what the vendor answered to createInstance; empty before.
        market_status: EXPIRED or CLOSED at the Marketplace; empty while it runs.
        ends_at: until when it was paid, as its last renewal said.
        released_at: when the Marketplace released it.
    """

    service_instance_id: str
    account_id: str
    name: str
    region_id: str
    parameters: dict[str, Any]
    marketplace_instance_id: str
    order_id: str
    sku: str
    specification: str
    pay_type: str
    environment_id: str
    created_at: int
    deploy_seconds: int
    booked_since: int
    failure: str = ""
    licence_aku: int = 0
    term_months: int = 1
    auto_renew: bool = False
    tags: list[dict[str, str]] = field(default_factory=list)
    deleted_at: int | None = None
    delete_seconds: int = 0
    order_biz_id: str = ""
    vendor_instance_id: str = ""
    market_status: str = ""
    ends_at: int | None = None
    released_at: int | None = None

    kind: ClassVar[str] = "service_instance"

    @property
    def key(self) -> str:
        """Its id."""
        return self.service_instance_id

    @property
    def is_prepaid(self) -> bool:
        """Whether a licence was bought instead of paying as one goes."""
        return self.pay_type == "Subscription"


@dataclass(slots=True)
class Console:
    """An environment console. It answers from `up_at` (never, if None) until `down_at`, to either access key."""

    environment_id: str
    access_key_id: str
    access_key_secret: str
    up_at: int | None
    service_instance_id: str = ""
    down_at: int | None = None
    next_key_id: str = ""
    next_key_secret: str = ""

    kind: ClassVar[str] = "console"

    @property
    def key(self) -> str:
        """Its environment's id."""
        return self.environment_id


@dataclass(slots=True)
class KafkaInstance:
    """A Kafka cluster, as the timeline of what it was.

    Attributes:
        timeline: moments in order, each [at, state, current AKU, reserved AKU], which hold until the next one.
            The first is its creation; moments may lie in the future. `Deleted` ends it.
        spec: the rest of `spec` as it was asked for.
    """

    instance_id: str
    environment_id: str
    name: str
    timeline: list[tuple[int, str, int, int]]
    description: str = ""
    version: str = "5.0.0"
    spec: dict[str, Any] = field(default_factory=dict)

    kind: ClassVar[str] = "kafka_instance"

    @property
    def key(self) -> str:
        """Its id."""
        return self.instance_id


@dataclass(slots=True)
class Token:
    """A ClientToken that was used, with what was asked and answered."""

    token: str
    parameters: dict[str, str]
    answer: dict[str, Any]

    kind: ClassVar[str] = "token"

    @property
    def key(self) -> str:
        """Account, action and token."""
        return self.token


@dataclass(slots=True)
class Push:
    """One metering record that a vendor pushed and the Marketplace accepted."""

    push_id: str
    marketplace_instance_id: str
    start: int
    end: int
    entity: str
    value: int
    pushed_at: int

    kind: ClassVar[str] = "push"

    @property
    def key(self) -> str:
        """Its own id: the same record pushed twice is two records, there is no other key."""
        return self.push_id


@dataclass(slots=True)
class Notification:
    """A message to the vendor that could not be delivered and waits to be fetched."""

    notification_id: str
    action: str
    message: str
    created_at: int

    kind: ClassVar[str] = "notification"

    @property
    def key(self) -> str:
        """Its request id."""
        return self.notification_id


@dataclass(slots=True)
class Callback:
    """A call of the Marketplace to its vendor.

    Attributes:
        parameters: without the token.
        about: the service instance that it is about; empty where it is made by hand.
        due_at: when it is made next.
        state: waiting, taken or given_up.
        status, answer: of the last try; 0 where there was no answer.
    """

    callback_id: str
    action: str
    parameters: dict[str, str]
    about: str
    created_at: int
    due_at: float
    tries: int = 0
    state: str = "waiting"
    status: int = 0
    answer: str = ""

    kind: ClassVar[str] = "callback"

    @property
    def key(self) -> str:
        """Its id."""
        return self.callback_id


@dataclass(slots=True)
class Fault:
    """Something that shall go wrong.

    Attributes:
        fault: what (see faults.py).
        service, action, path, account_id, environment_id: which requests; an empty one matches all.
        times: for how many more requests; None is until it is taken away.
        share: for which share of the matching requests, 0 to 1.
    """

    fault_id: str
    fault: str
    service: str = ""
    action: str = ""
    path: str = ""
    account_id: str = ""
    environment_id: str = ""
    times: int | None = 1
    share: float = 1.0
    seconds: float = 0.0
    retry_after_ms: int = 1000
    status: int = 0
    code: str = ""
    message: str = ""

    kind: ClassVar[str] = "fault"

    @property
    def key(self) -> str:
        """Its id."""
        return self.fault_id


Record = (
    Settings
    | Account
    | ServiceInstance
    | Console
    | KafkaInstance
    | Token
    | Push
    | Notification
    | Callback
    | Fault
    | ChannelRecord
    | BillEntry
)
KINDS: dict[str, type[Record]] = {
    kind.kind: kind
    for kind in (
        *(Settings, Account, ServiceInstance, Console, KafkaInstance, Token, Push, Notification, Callback, Fault),
        *(AwsAgreement, AwsUsage, IntlInstance, IntlPush, BillEntry),
    )
}
