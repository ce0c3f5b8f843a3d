"""What identifies a subscription, and the tokens of calls made for it.

Both are derived, never random: asking for the same subscription again, or retrying a step, yields the same ids, so that
neither we nor the cloud can do it twice.
"""

from __future__ import annotations

from uuid import UUID, uuid5

_NAMESPACE = UUID("7b3a5c0e-5f0e-4d57-9a6e-0f6d1a3c2b11")


def subscription_id(product: str, account_id: str, region: str, environment_name: str) -> str:
    """The public id of the subscription that a buyer has for an environment of that name in that region."""
    digest = uuid5(_NAMESPACE, f"{product}\n{account_id}\n{region}\n{environment_name}")
    return f"sub-{digest.hex[:16]}"


def client_token(subscription: str, attempt: int, step: str) -> str:
    """The idempotency token of a call that a step makes (36 ASCII characters; Compute Nest allows 64)."""
    return str(uuid5(_NAMESPACE, f"{subscription}\n{attempt}\n{step}"))
