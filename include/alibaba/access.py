"""Who calls Alibaba Cloud, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class CloudAccess:
    """One account's access to Alibaba Cloud.

    Attributes:
        account_id: the account's id (aliUid).
        access_key_id: the access key's id.
        access_key_secret: its secret; never printed.
        region_id: region that regional services are called in.
        endpoint: host[:port] that all services are called at instead of their own, for a gateway or the sandbox.
        protocol: https, or http where such an endpoint speaks nothing else.
    """

    account_id: str
    access_key_id: str
    access_key_secret: SecretStr
    region_id: str = "cn-hangzhou"
    endpoint: str | None = None
    protocol: Literal["https", "http"] = "https"
