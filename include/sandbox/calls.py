"""One call of a cloud operation, and how its parameters are read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeVar

from include.sandbox.errors import Refusal
from include.sandbox.records import Account

if TYPE_CHECKING:
    from include.sandbox.world import World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """An operation that an account calls at an instant (`clock`, seconds since 1970), with its parameters as sent."""

    world: World
    account: Account
    action: str
    parameters: Mapping[str, str]
    clock: float
    base_url: str

    @property
    def now(self) -> int:
        """The instant in whole seconds."""
        return int(self.clock)

    def need(self, *names: str) -> None:
        """Refuse if one of the parameters is missing or empty."""
        for name in names:
            if not self.parameters.get(name):
                raise Refusal(400, f"MissingParameter.{name}", f"The parameter {name} is required.")

    def text(self, name: str, default: str = "") -> str:
        """A parameter as it is."""
        return self.parameters.get(name) or default

    def flag(self, name: str) -> bool:
        """A boolean; SDKs send True and true."""
        return self.text(name).lower() == "true"

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within limits."""
        text = self.text(name, str(default))
        if not re.fullmatch(r"-?\d{1,9}", text) or not low <= int(text) <= high:
            raise invalid(name, text, f"it must be a whole number from {low} to {high}")
        return int(text)

    def json_object(self, name: str) -> dict[str, Any]:
        """A parameter that is a JSON object; empty if it was not sent."""
        text = self.text(name)
        if not text:
            return {}
        try:
            value = json.loads(text)
        except ValueError:
            raise invalid(name, text, "it is not JSON") from None
        if not isinstance(value, dict):
            raise invalid(name, text, "it is not a JSON object")
        return value

    def items(self, prefix: str) -> list[dict[str, Any]]:
        """A list of structures sent flat: Filter.1.Name, Filter.1.Value.1, Tag.1.Key, …; lists within become lists."""
        found: dict[int, dict[str, Any]] = {}
        pattern = re.compile(rf"{re.escape(prefix)}\.(\d+)\.(\w+)(?:\.(\d+))?")
        for name, value in self.parameters.items():
            match = pattern.fullmatch(name)
            if not match:
                continue
            item = found.setdefault(int(match[1]), {})
            if match[3]:
                item.setdefault(match[2], []).append(value)
            else:
                item[match[2]] = value
        return [found[n] for n in sorted(found)]

    def values(self, name: str) -> list[str]:
        """A list of texts sent flat (ServiceInstanceId.1, …) or as a JSON array."""
        text = self.text(name)
        if text.startswith("["):
            return [str(value) for value in json.loads(text)]
        flat = [value for key, value in sorted(self.parameters.items()) if re.fullmatch(rf"{name}\.\d+", key)]
        return flat or ([text] if text else [])

    def page_by_token(self, rows: Sequence[T], default: int, high: int) -> tuple[Sequence[T], int, str]:
        """One page by NextToken and MaxResults: its rows, its size and the next token (empty at the end)."""
        size = self.integer("MaxResults", default, 1, high)
        token = self.text("NextToken", "0")
        if not token.isdigit() or int(token) > len(rows):
            raise invalid("NextToken", token, "it is not a token that was given")
        start = int(token)
        return rows[start : start + size], size, str(start + size) if start + size < len(rows) else ""


Operation = Callable[[Call], dict[str, Any]]


def invalid(name: str, value: str, why: str) -> Refusal:
    """The refusal of a parameter's value."""
    return Refusal(400, f"InvalidParameter.{name}", f"The specified parameter {name} is not valid: {value!r}, {why}.")


def iso(at: int) -> str:
    """An instant as Compute Nest writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_denied(account: Account, action: str) -> bool:
    """Whether the account's policies deny an action (`computenest:Create*`, with or without the service)."""
    return any(
        fnmatchcase(action, denied) or fnmatchcase(action.partition(":")[2], denied)
        for denied in account.denied_actions
    )


def refuse_if_denied(account: Account, action: str) -> None:
    """Refuse what the account may not do, as RAM words it."""
    if not is_denied(account, action):
        return
    detail = {
        "AuthAction": action,
        "AuthPrincipalOwnerId": account.account_id,
        "AuthPrincipalType": "SubUser",
        "NoPermissionType": "ExplicitDeny",
        "PolicyType": "AccountLevelIdentityBasedPolicy",
    }
    message = f"User not authorized to operate on the specified resource. Action: {action}"
    raise Refusal(403, "Forbidden.RAM", message, extra={"AccessDeniedDetail": detail})
