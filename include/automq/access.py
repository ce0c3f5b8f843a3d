"""Which environment console is asked, and how we sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class ConsoleAccess:
    """One environment console and a credential for it.

    Attributes:
        base_url: the console's URL, with a path only where a gateway needs one.
        environment_id: id that the console knows itself by.
        access_key_id: the access key's id.
        secret: its secret; never printed.
    """

    base_url: str
    environment_id: str
    access_key_id: str
    secret: SecretStr
