"""What a console's listing says, judged instance by instance: readings, and rejections of what breaks a rule.

A rejection stops nothing: the other instances of the listing go on. An instance whose reading is rejected was still
listed, which is not the same as absent; so a rejection keeps the instance's id where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeGuard

from pydantic import BaseModel, PlainValidator, StrictInt, StrictStr, ValidationError, create_model

from include.domain.errors import InvalidInputError
from include.domain.periods import parse_instant
from include.domain.text import LONGEST_ID, LONGEST_NAME
from include.domain.usage import KNOWN_STATES
from include.domain.words.metering import Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

    from include.domain.products import AkuRules

#: How far a console's clock may be ahead of ours before its times count as lying in the future.
CLOCK_ALLOWANCE = timedelta(minutes=1)
_WRONG_ID = f"it cannot be printed, or is longer than {LONGEST_ID} characters"


class Reading(NamedTuple):
    """What a console said of one instance; state and the rest are None where it was rejected. Instants are UTC."""

    instance_id: str
    name: str | None = None
    state: str | None = None
    aku: int | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """One listing of an environment's instances, or the failure to get it.

    Attributes:
        environment_key: the environment asked.
        observed_at: UTC, whole seconds.
        readings: one for each instance listed.
        rejections: with the id of the instance (empty when it has none).
        cause: for failures: unreachable, timeout, refused, throttled, broken or misconfigured.
        error: for failures: what happened, as a sentence.
        clock_skew_ms: the console's clock minus ours.
        duration_ms: how long the listing took.
        payload: the listing as it came, compressed by zlib.
    """

    environment_key: int
    observed_at: datetime
    readings: list[Reading] = field(default_factory=list)
    rejections: list[tuple[str, Rejection]] = field(default_factory=list)
    cause: str | None = None
    error: str | None = None
    clock_skew_ms: int | None = None
    duration_ms: int | None = None
    payload: bytes | None = None


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("it is not text")  # noqa: TRY004 (pydantic wants ValueError)
    try:
        return parse_instant(value).replace(microsecond=0)
    except InvalidInputError as error:
        raise ValueError(f"it {error.rule}") from None


_Instant = Annotated[datetime, PlainValidator(_instant)]


class _Instance(BaseModel):
    instanceId: StrictStr  # noqa: N815
    name: Any = None  # for people only: whatever it is, the reading counts
    state: StrictStr
    spec: BaseModel  # with the product's fields, see _shape
    gmtCreate: _Instant  # noqa: N815
    gmtModified: _Instant  # noqa: N815

    @property
    def aku(self) -> int | None:
        """The first size that the listing gives; None where it gives none, which is not 0."""
        return next((size for size in dict(self.spec).values() if size is not None), None)


@cache
def _shape(fields: tuple[str, ...]) -> type[_Instance]:
    """An instance of a listing, with these fields for its size."""
    sizes: dict[str, Any] = dict.fromkeys(fields, (StrictInt | None, None))
    return create_model("_InstanceOfProduct", __base__=_Instance, spec=(create_model("_Spec", **sizes), ...))


def read_listing(
    instances: Iterable[Mapping[str, Any]], observed_at: datetime, aku: AkuRules
) -> tuple[list[Reading], list[tuple[str, Rejection]]]:
    """Judge the instances of a listing.

    Args:
        instances: as the console gave them.
        observed_at: when the listing was taken, UTC.
        aku: which field is the size, and how large an instance can be.

    Returns:
        The readings, each instance once, and the rejections with the instance's id.
    """
    readings: dict[str, Reading] = {}
    rejections: list[tuple[str, Rejection]] = []
    for raw in instances:
        reading, rejection = _judge(raw, observed_at, aku)
        if rejection is None and reading is not None and readings.get(reading.instance_id, reading) != reading:
            rejection = _rejection(raw, "listed_twice")
            reading = Reading(reading.instance_id)
        if rejection is not None:
            rejections.append((reading.instance_id if reading else "", rejection))
        if reading is not None:
            readings[reading.instance_id] = reading
    return list(readings.values()), rejections


def _judge(raw: Mapping[str, Any], observed_at: datetime, aku: AkuRules) -> tuple[Reading | None, Rejection | None]:
    """The reading, the rejection, or both: times in the future are rejected, and closing has a rule for them."""
    try:
        instance = _shape(tuple(aku.fields)).model_validate(raw)
    except ValidationError as error:
        return _unreadable(raw), _misshapen(raw, error.errors()[0])
    broken = _broken_rule(raw, instance, aku)
    if broken is not None:
        return _unreadable(raw), broken
    reading = Reading(
        instance.instanceId,
        instance.name if _is_printable(instance.name, LONGEST_NAME) else None,
        instance.state,
        instance.aku,
        instance.gmtCreate,
        instance.gmtModified,
    )
    latest = max(instance.gmtCreate, instance.gmtModified)
    if latest > observed_at + CLOCK_ALLOWANCE:
        times = {"changed_at": latest.isoformat(), "polled_at": observed_at.isoformat()}
        return reading, _rejection(raw, "time_in_future", **times)
    return reading, None


def _broken_rule(raw: Mapping[str, Any], instance: _Instance, aku: AkuRules) -> Rejection | None:
    if not _is_id(instance.instanceId):
        return _rejection(raw, "mistyped_field", field="instanceId", value=_name(raw), problem=_WRONG_ID)
    if instance.state not in KNOWN_STATES:
        known = ", ".join(sorted(KNOWN_STATES))
        return _rejection(raw, "unknown_state", state=_short(instance.state), known_states=known)
    if instance.aku is None:
        missing = "size" if len(aku.fields) > 1 else "field"
        names = " nor ".join(f"spec.{name}" for name in aku.fields)
        return _rejection(raw, "missing_field", missing=missing, **{"fields" if missing == "size" else "field": names})
    if instance.aku < 0:
        return _rejection(raw, "negative_aku", aku=instance.aku)
    if instance.aku > aku.maximum:
        return _rejection(raw, "aku_above_limit", aku=instance.aku, limit=aku.maximum)
    return None


def _misshapen(raw: Mapping[str, Any], error: ErrorDetails) -> Rejection:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return _rejection(raw, "missing_field", missing="field", field=where)
    return _rejection(raw, "mistyped_field", field=where, value=_short(error["input"]), problem=error["msg"])


def _rejection(raw: Mapping[str, Any], rule: str, **facts: str | int) -> Rejection:
    return Rejection(rule, {"instance": _name(raw), **facts}, dict(raw))


def _unreadable(raw: Mapping[str, Any]) -> Reading | None:
    instance_id = raw.get("instanceId")
    return Reading(instance_id) if _is_id(instance_id) else None


def _is_id(value: object) -> TypeGuard[str]:
    return _is_printable(value, LONGEST_ID)


def _is_printable(value: object, longest: int) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def _name(raw: Mapping[str, Any]) -> str:
    return _short(raw.get("instanceId", "without an id"))


def _short(value: object) -> str:
    return repr(value)[:LONGEST_NAME]
