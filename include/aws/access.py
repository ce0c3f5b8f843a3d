"""Who calls AWS, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """The seller's access to AWS.

    Attributes:
        access_key_id: the access key's id.
        access_key_secret: its secret; never printed.
        region_id: region whose metering service is called.
        endpoint: host[:port] that is called instead of AWS's own, for a gateway or the sandbox.
        protocol: https, or http where such an endpoint speaks nothing else.
    """

    access_key_id: str
    access_key_secret: SecretStr
    region_id: str = "us-east-1"
    endpoint: str | None = None
    protocol: Literal["https", "http"] = "https"

    @property
    def endpoint_url(self) -> str | None:
        """The endpoint as a URL; None for AWS's own."""
        return f"{self.protocol}://{self.endpoint}" if self.endpoint else None
