"""What an event of the Marketplace changes, by the state that its subscription is in.

Several callbacks carry no id of their own and repeat with identical parameters, a year apart too, so it is the state
that decides whether one is news:

    event (identity)                    none     active            frozen                released
    createInstance (orderBizId)         active   repeated          repeated              repeated
    renewInstance (orderId)             parked   expiry            active, with expiry   parked
    expiredInstance (state)             parked   frozen or parked  repeated              parked
    resumeInstance (state)              parked   repeated          active                parked
    upgradeInstance (orderId)           parked   sku               sku                   parked
    refundRenewInstance (expiredOn)     parked   expiry            expiry                parked
    releaseInstance (state)             parked   released          released              repeated
    any other                           parked   parked            parked                parked

An order that had its effect is repeated in every state, and so is the refund of a renewal to the expiry that is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from include.domain.errors import InvalidInputError
from include.domain.lifecycles import MARKETPLACE_INSTANCE
from include.domain.marketplace.callbacks import read_time
from include.domain.text import LONGEST_ID, check_text, storable
from include.domain.words.marketplace import PARKED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

#: accepted: it had an effect. repeated: it had it before. parked: a person has to look.
Outcome = Literal["accepted", "repeated", "parked"]
ACTIVE, FROZEN, RELEASED = MARKETPLACE_INSTANCE.states
NONE = "none"
CREATE, RENEW, UPGRADE = "createInstance", "renewInstance", "upgradeInstance"
#: Actions whose repetition is known by their order.
_WITH_ORDER = (RENEW, UPGRADE)
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class MarketplaceInstance:
    """A subscription as the Marketplace's events left it.

    Attributes:
        marketplace_instance_id: the orderBizId of its createInstance.
        order_id: the order that created it.
        sku_id: what was bought, or upgraded to.
        state: of `lifecycles.MARKETPLACE_INSTANCE`.
        expires_at: None for one that runs until it is released.
        applied: action and orderId of the renewals and upgrades that had their effect.
    """

    marketplace_instance_id: str
    order_id: str
    sku_id: str
    state: str = MARKETPLACE_INSTANCE.begins
    expires_at: datetime | None = None
    applied: frozenset[tuple[str, str]] = field(default=frozenset())


class Decision(NamedTuple):
    """What becomes of an event.

    Attributes:
        outcome: see `Outcome`.
        instance: as it is afterwards; None where there is none.
        reason: why it is parked, a key of `words.marketplace.PARKED`.
        facts: of the reason.
    """

    outcome: Outcome
    instance: MarketplaceInstance | None
    reason: str | None = None
    facts: Mapping[str, Any] = {}

    @property
    def sentence(self) -> str | None:
        """Why it is parked, in words."""
        return PARKED[self.reason].say(self.facts) if self.reason else None


class _ParkedError(Exception):
    def __init__(self, reason: str, **facts: object) -> None:
        super().__init__(reason)
        self.reason, self.facts = reason, facts


def named_instance(parameters: Mapping[str, str]) -> str:
    """The instance that a callback speaks of; empty where it names none.

    createInstance gives the Marketplace's own id; later callbacks give the id that we answered to it.
    """
    return parameters.get("orderBizId" if parameters.get("action") == CREATE else "instanceId", "")


def decide(instance: MarketplaceInstance | None, parameters: Mapping[str, str], received_at: datetime) -> Decision:
    """What the event changes.

    Args:
        instance: the one that `named_instance` names, as it is; None where it is not known.
        parameters: of the callback, decoded; its token is known to be right.
        received_at: when it arrived.
    """
    action = parameters.get("action", "")
    event = _Event(action, parameters, received_at)
    try:
        if not action:
            raise _ParkedError("missing_field", action="An event", field="action")  # noqa: TRY301 (as the others)
        if action not in _EFFECTS:
            raise _ParkedError("unknown_action", action=storable(action, _SHOWN))  # noqa: TRY301
        if instance is None:
            event.text("orderBizId" if action == CREATE else "instanceId")
        elif _had_effect(instance, event):
            return Decision("repeated", instance)
        changed = _EFFECTS[action][NONE if instance is None else instance.state](instance, event)
    except _ParkedError as parked:
        return Decision("parked", instance, parked.reason, {"action": action, **parked.facts})
    return Decision("repeated" if changed is None else "accepted", changed or instance)


@dataclass(frozen=True, slots=True)
class _Event:
    action: str
    parameters: Mapping[str, str]
    received_at: datetime

    def text(self, name: str) -> str:
        """An id among its parameters; without it, or with one that cannot be an id, the event is parked."""
        value = self.parameters.get(name, "")
        if not value.strip():
            raise _ParkedError("missing_field", field=name)
        try:
            return check_text(value, name, LONGEST_ID)
        except InvalidInputError as error:
            raise _ParkedError("unreadable_field", field=name, value=repr(value[:_SHOWN]), rule=error.rule) from None

    def expiry(self) -> datetime:
        text = self.text("expiredOn")
        try:
            return read_time(text, "expiredOn")
        except InvalidInputError as error:
            raise _ParkedError("unreadable_field", field="expiredOn", value=repr(text), rule=error.rule) from None


def _had_effect(instance: MarketplaceInstance, event: _Event) -> bool:
    """Whether it is the repetition of an order, or of a refund, that changed the instance already."""
    if event.action in _WITH_ORDER:
        return (event.action, event.parameters.get("orderId", "")) in instance.applied
    if event.action == "refundRenewInstance" and event.parameters.get("expiredOn"):
        return event.expiry() == instance.expires_at
    return False


def _create(_: None, event: _Event) -> MarketplaceInstance:
    expires_at = event.expiry() if event.parameters.get("expiredOn") else None
    return MarketplaceInstance(
        event.text("orderBizId"), event.text("orderId"), event.text("skuId"), expires_at=expires_at
    )


def _renew(instance: MarketplaceInstance, event: _Event) -> MarketplaceInstance:
    return _ordered(replace(instance, state=ACTIVE, expires_at=event.expiry()), event)


def _expire(instance: MarketplaceInstance, event: _Event) -> MarketplaceInstance:
    if instance.expires_at is not None and instance.expires_at > event.received_at:
        until = instance.expires_at.isoformat()
        raise _ParkedError("expires_later", instance_id=instance.marketplace_instance_id, expires_at=until)
    return replace(instance, state=FROZEN)


def _resume(instance: MarketplaceInstance, _: _Event) -> MarketplaceInstance:
    return replace(instance, state=ACTIVE)


def _upgrade(instance: MarketplaceInstance, event: _Event) -> MarketplaceInstance:
    return _ordered(replace(instance, sku_id=event.text("skuId")), event)


def _refund_renewal(instance: MarketplaceInstance, event: _Event) -> MarketplaceInstance:
    return replace(instance, expires_at=event.expiry())


def _release(instance: MarketplaceInstance, _: _Event) -> MarketplaceInstance:
    return replace(instance, state=RELEASED)


def _repeated(_: MarketplaceInstance, __: _Event) -> None:
    return None


def _unknown(_: None, event: _Event) -> None:
    raise _ParkedError("unknown_instance", instance_id=event.parameters["instanceId"])


def _ended(instance: MarketplaceInstance, _: _Event) -> None:
    raise _ParkedError("has_ended", instance_id=instance.marketplace_instance_id)


def _ordered(instance: MarketplaceInstance, event: _Event) -> MarketplaceInstance:
    return replace(instance, applied=instance.applied | {(event.action, event.text("orderId"))})


#: Action → state → what it makes of the instance; nothing where it is repeated. The table of this module's docstring.
_EFFECTS: dict[str, dict[str, Callable[[Any, _Event], MarketplaceInstance | None]]] = {
    CREATE: {NONE: _create, ACTIVE: _repeated, FROZEN: _repeated, RELEASED: _repeated},
    RENEW: {NONE: _unknown, ACTIVE: _renew, FROZEN: _renew, RELEASED: _ended},
    "expiredInstance": {NONE: _unknown, ACTIVE: _expire, FROZEN: _repeated, RELEASED: _ended},
    "resumeInstance": {NONE: _unknown, ACTIVE: _repeated, FROZEN: _resume, RELEASED: _ended},
    UPGRADE: {NONE: _unknown, ACTIVE: _upgrade, FROZEN: _upgrade, RELEASED: _ended},
    "refundRenewInstance": {NONE: _unknown, ACTIVE: _refund_renewal, FROZEN: _refund_renewal, RELEASED: _ended},
    "releaseInstance": {NONE: _unknown, ACTIVE: _release, FROZEN: _release, RELEASED: _repeated},
}
#: What the Marketplace may ask of a subscription; other actions are parked.
ACTIONS = tuple(_EFFECTS)
