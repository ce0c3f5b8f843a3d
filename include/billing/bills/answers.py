"""What a person says about a bill, checked: who, why, and about which draft of it."""

from __future__ import annotations

from dataclasses import dataclass

from include.domain.errors import InvalidInputError, NoUserError
from include.domain.form_fields import read_reason

#: So much of a fingerprint that it cannot match by accident.
_FINGERPRINT_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says about a bill, and why.

    Args:
        bill_id: the bill.
        by: the person.
        reason: 10 to 500 characters, for anyone who asks a year from now.
        fingerprint: of the draft that the person was shown, or its first 12 characters or more; "" for void, restore.

    Raises:
        InvalidInputError: when the reason, the person or the fingerprint is missing or too short.
    """

    bill_id: str
    by: str
    reason: str
    fingerprint: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", read_reason(self.reason, "why"))
        if not self.by.strip():
            raise NoUserError
        if self.fingerprint and len(self.fingerprint) < _FINGERPRINT_LENGTH:
            rule = f"is shorter than {_FINGERPRINT_LENGTH} characters"
            raise InvalidInputError("Fingerprint", self.fingerprint, rule, "Copy it from the bill that you looked at.")
