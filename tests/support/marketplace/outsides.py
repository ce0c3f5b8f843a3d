"""The marketplaces that usage is reported to, as tests see them: who is subscribed, how it is called, what it has.

A channel of the catalogue has one entry in `OUTSIDES`; tests/marketplace/push/test_channel_conformance.py asks for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from include.alibaba.computenest import ComputeNest, CreateRequest
from include.aws.access import AwsAccess
from include.marketplace.push.channels.alibaba_china.sender import AlibabaChina
from include.marketplace.push.channels.alibaba_international.sender import AlibabaInternational
from include.marketplace.push.channels.aws.sender import Aws
from include.marketplace.push.ledger import MeteredItem
from tests.support.cloud import QUICK
from tests.support.onboarding import access_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.alibaba.access import CloudAccess
    from include.marketplace.push.senders import Sender
    from tests.support.sandbox import SandboxHandle


class Booked(NamedTuple):
    """What a marketplace's own book has of an instance and hour (seconds since 1970)."""

    instance: str
    hour: int
    quantity: int


class Buyers(NamedTuple):
    """A buyer's account, and the instances that it was sold, with their order ids where there are any."""

    account_id: str
    instances: list[tuple[str, str | None]]


@dataclass(frozen=True)
class Outside:
    """One marketplace.

    Attributes:
        channel: of the catalogue.
        service, action: what faults are entered for.
        item: what it charges.
        unknown_instance: an instance that it does not know, in its own form.
    """

    channel: ClassVar[str]
    service: ClassVar[str]
    action: ClassVar[str]
    item: ClassVar[MeteredItem]
    unknown_instance: ClassVar[str]

    def access(self, sandbox: SandboxHandle) -> Any:
        """The vendor's access."""
        raise NotImplementedError

    def sender(self, access: Any) -> Sender:
        """The real sender, with the real SDK."""
        raise NotImplementedError

    def sell(self, sandbox: SandboxHandle, names: Sequence[str]) -> Buyers:
        """Let a buyer subscribe."""
        raise NotImplementedError

    def book(self, sandbox: SandboxHandle) -> list[Booked]:
        """Everything that the marketplace took."""
        raise NotImplementedError

    def size(self, request: str) -> int:
        """How many bytes the list of records has on the wire."""
        raise NotImplementedError


class China(Outside):
    """Alibaba Cloud's China site."""

    channel = "alibaba-china"
    service, action = "market", "PushMeteringData"
    item = MeteredItem("automq-byoc-payg", "cmgj-automq-byoc", "cmgj-automq-byoc-Period-1", "Period", is_pushed=True)
    unknown_instance = "1700000000000999"

    def access(self, sandbox: SandboxHandle) -> CloudAccess:
        return access_of(sandbox, sandbox.account("vendor"))

    def sender(self, access: CloudAccess) -> AlibabaChina:
        return AlibabaChina(access, QUICK)

    def sell(self, sandbox: SandboxHandle, names: Sequence[str]) -> Buyers:
        buyer = sandbox.account("buyer")
        nest = ComputeNest(access_of(sandbox, buyer), QUICK)
        sold: list[tuple[str, str | None]] = []
        for name in names:
            request = CreateRequest(
                "service-automq-byoc",
                name,
                {"RegionId": "cn-hangzhou", "EnvironmentName": name},
                specification_code="cmgj-automq-byoc-postpay",
            )
            made = nest.create_service_instance(request, name)
            instance = nest.get_service_instance(made.service_instance_id).marketplace_instance_id
            sold.append((str(instance), made.order_id))
        return Buyers(buyer.account_id, sold)

    def book(self, sandbox: SandboxHandle) -> list[Booked]:
        rows = sandbox.admin.get("/pushes").raise_for_status().json()
        return [Booked(row["marketplace_instance_id"], row["start"], row["value"]) for row in rows]

    def size(self, request: str) -> int:
        return len(quote(request, safe=""))


class International(Outside):
    """Alibaba Cloud's international site."""

    channel = "alibaba-international"
    service, action = "marketplaceintl", "PushMeteringData"
    item = MeteredItem("automq-byoc-payg", "cmgj-automq-byoc", "sgcmgj-automq-byoc-Period-1", "Period", is_pushed=True)
    unknown_instance = "5000000000999"

    def access(self, sandbox: SandboxHandle) -> CloudAccess:
        return access_of(sandbox, sandbox.account("vendor", site="international"))

    def sender(self, access: CloudAccess) -> AlibabaInternational:
        return AlibabaInternational(access, QUICK)

    def sell(self, sandbox: SandboxHandle, names: Sequence[str]) -> Buyers:
        buyer = sandbox.account("buyer", site="international")
        made = [
            sandbox.admin.post("/international/instances", json={"account_id": buyer.account_id}).json() for _ in names
        ]
        return Buyers(buyer.account_id, [(row["instance_id"], None) for row in made])

    def book(self, sandbox: SandboxHandle) -> list[Booked]:
        rows = sandbox.admin.get("/international/pushes").raise_for_status().json()
        return [Booked(row["instance_id"], row["start"] // 1000, row["value"]) for row in rows]

    def size(self, request: str) -> int:
        rows: list[dict[str, Any]] = json.loads(request)
        return len(urlencode({f"MeteringData.{n}.{k}": v for n, row in enumerate(rows, 1) for k, v in row.items()}))


class AwsMarketplace(Outside):
    """AWS Marketplace."""

    channel = "aws"
    service, action = "aws", "BatchMeterUsage"
    item = MeteredItem("automq-byoc-payg", "cmgj-automq-byoc", "aku_seconds", "", is_pushed=True)
    unknown_instance = "999999999999/arn:aws:license-manager::294406891311:license/l-99999999999999999999"

    def access(self, sandbox: SandboxHandle) -> AwsAccess:
        seller = sandbox.account("vendor", site="aws")
        secret = SecretStr(seller.access_key_secret)
        return AwsAccess(seller.access_key_id, secret, endpoint=sandbox.endpoint, protocol="http")

    def sender(self, access: AwsAccess) -> Aws:
        return Aws(access)

    def sell(self, sandbox: SandboxHandle, names: Sequence[str]) -> Buyers:
        made = [sandbox.admin.post("/aws/agreements", json={}).raise_for_status().json() for _ in names]
        return Buyers(made[0]["account_id"], [(f"{row['account_id']}/{row['license_arn']}", None) for row in made])

    def book(self, sandbox: SandboxHandle) -> list[Booked]:
        rows = sandbox.admin.get("/aws/usage").raise_for_status().json()
        return [Booked(row["agreement"], row["hour"], row["quantity"]) for row in rows]

    def size(self, request: str) -> int:
        return len(request.encode())


CHINA, INTERNATIONAL, AWS = China(), International(), AwsMarketplace()
OUTSIDES: dict[str, Outside] = {outside.channel: outside for outside in (CHINA, INTERNATIONAL, AWS)}
