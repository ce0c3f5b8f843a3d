"""How the amount of a line follows from its part of the period, step by step in words.

A step names what goes in, the rule, and what comes out before and after rounding. The numbers are those of rating, read
from its tables of this transaction; whether they lead to the line is said by `Rated.disagreements`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from include.domain.money import Decimal, plain
from include.domain.usage import aku_hours
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection, Row

#: Where the last tier ends, in AKU-seconds.
_ENDLESS = 2**63 - 1
_COMPARED = (
    *("kind", "tier", "name", "line_start", "aku_seconds", "metered_aku_seconds", "quantity", "exact_amount"),
    "amount",
)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a period: between two instants one version and one discount hold.

    Attributes:
        row: columns of billing.price_plan_versions, of the private offer (offer_…; null without one), and of rating:
            AKU-seconds covered by licences and counted, positions in the period's count after included usage, seconds
            of activity, and what its charges and discount come to.
        tiers: tiers of its version, with their bounds in AKU-seconds.
    """

    row: Row[Any]
    tiers: list[Row[Any]]

    @property
    def segment_no(self) -> int:
        """Number of the part in the period, from 1."""
        return int(self.row.segment_no)

    def tier(self, number: int) -> Row[Any]:
        """A tier of its version."""
        return next(tier for tier in self.tiers if tier.tier == number)


@dataclass(frozen=True, slots=True)
class Rated:
    """A period as rating gives it today."""

    parts: list[Segment]
    lines: dict[int, Row[Any]]

    def segment_from(self, start: datetime) -> Segment | None:
        """The part that starts then."""
        return next((part for part in self.parts if part.row.segment_start == start), None)

    def measures(self) -> dict[str, list[Any]]:
        """From when to when which hour measure holds, as statements name it."""
        rows = [part.row for part in self.parts if part.row.hour_measure is not None]
        return {
            "segment_starts": [row.segment_start for row in rows],
            "segment_ends": [row.segment_end for row in rows],
            "hour_measures": [row.hour_measure for row in rows],
        }

    def disagreements(self, line: Row[Any]) -> list[str]:
        """How today's rating differs from a line of the bill."""
        again = self.lines.get(line.line_no)
        if again is None or (again.kind, again.tier, again.name) != (line.kind, line.tier, line.name):
            return ["Rated again, this line does not come out any more."]
        return [
            f"Rated again, its {name} is {getattr(again, name)} instead of {getattr(line, name)}."
            for name in _COMPARED
            if getattr(again, name) != getattr(line, name)
        ]


def read_rated(connection: Connection, subscription_key: int, known_at: datetime) -> Rated:
    """What `rate` left in this transaction for one subscription."""
    key = {"subscription_key": subscription_key}
    rows = connection.execute(statement("billing/evidence/list_segments"), {**key, "known_at": known_at}).all()
    versions = {"version_keys": sorted({row.version_key for row in rows if row.version_key is not None})}
    tiers = {
        version_key: list(group)
        for version_key, group in groupby(
            connection.execute(statement("billing/evidence/list_tiers"), versions), key=lambda tier: tier.version_key
        )
    }
    lines = {row.line_no: row for row in connection.execute(statement("billing/evidence/list_rated_lines"), key)}
    return Rated([Segment(row, tiers.get(row.version_key, [])) for row in rows], lines)


def rules_of(connection: Connection, line: Row[Any], rated: Rated) -> list[str]:
    """The steps of a line that is not a correction; none where its part is not found any more."""
    if line.kind == "licence":
        return [
            f"{plain(line.quantity)} AKU × months at {line.unit_price:f} are {plain(line.exact_amount)}.",
            _rounding(line),
        ]
    if line.kind in {"maximum", "minimum"}:
        return _limit(line, rated)
    part = rated.segment_from(line.line_start)
    if part is None:
        return []
    if line.kind == "fee":
        return [*_fee(connection, line, part), _share(line, rated)]
    steps = [*_offer(part), *_measure(line, part), *_BY_KIND[line.kind](line, part)]
    if line.kind == "discount" or (line.kind in {"usage", "overage"} and line.charge_every == "period"):
        return [*steps, _share(line, rated)]
    return steps


def _share(line: Row[Any], rated: Rated) -> str:
    """How a line is rounded that may be one part's share of an amount (see billing.share_of)."""
    shares = [each for each in rated.lines.values() if _is_of(each, rated) == _is_of(line, rated)]
    if len(shares) <= 1:
        return _rounding(line)
    whole = sum((each.amount for each in shares), Decimal(0))
    return (
        f"Its {len(shares)} parts in the period are rounded once, in all {whole:f}; they get their shares by largest "
        f"remainder, this one {line.amount:f}."
    )


def _is_of(line: Row[Any], rated: Rated) -> tuple[object, ...]:
    """What the lines of one amount have in common."""
    part = rated.segment_from(line.line_start)
    if line.kind == "fee" or part is None:
        return line.kind, line.name
    row = part.row
    if line.kind == "discount":
        return line.kind, row.discount_percent
    if line.kind not in {"usage", "overage"}:
        return line.kind, line.line_start
    price = part.tier(line.tier).unit_price
    rounding = row.charge_every, row.rounding_digits, row.rounding_mode
    return line.kind, line.tier, row.model == "package", price, *rounding


#: What is charged of an hour, where it is not what was metered: see billing.charged_aku_seconds.
_MEASURES = {
    "peak": "Of each instance and hour, the largest AKU is charged for the whole hour",
    "started_hour": "Of each instance, an hour that it was used in is charged whole, at its mean AKU while in use",
}


def _measure(line: Row[Any], part: Segment) -> list[str]:
    said = _MEASURES.get(part.row.hour_measure)
    if said is None or line.kind not in {"covered", "included", "usage", "overage"}:
        return []
    metered, charged = _hours(line.metered_aku_seconds), _hours(line.aku_seconds)
    return [f"{said} (hour measure {part.row.hour_measure}): {metered} were metered, {charged} are charged."]


def _usage(line: Row[Any], part: Segment) -> list[str]:
    row = part.row
    hours = f"The segment counts from {_hours(row.cumulative_start)} to {_hours(row.cumulative_end)}" + (
        f", after {_hours(row.included_aku_seconds)} that are included." if row.included_aku_seconds else "."
    )
    which = _choice(line, part)
    price = f"{plain(line.quantity)} {line.unit} × {line.unit_price:f} = {plain(line.exact_amount)}."
    if line.charge_every == "hour":
        return [hours, which, price, f"Each hour is charged and {_how(line)} on its own; the line is their sum."]
    return [hours, which, price]


def _choice(line: Row[Any], part: Segment) -> str:
    """Which of the part's usage the line charges, by the plan's model."""
    row, bounds = part.row, _bounds(part.tier(line.tier))
    match row.model:
        case "volume":
            position = _hours(row.final_quantity)
            return f"All of it is charged by the tier of the period's last position, {position}: {line.tier}, {bounds}."
        case "graduated":
            return f"Tier {line.tier} is {bounds}; {_hours(line.aku_seconds)} of the part lie in it."
        case "package":
            size = _hours(row.package_aku_seconds)
            return f"Packages of {size} started by its end, less those started by its start: {plain(line.quantity)}."
        case _:
            return f"{_hours(line.aku_seconds)} are charged."


def _included(line: Row[Any], part: Segment) -> list[str]:
    row = part.row
    return [
        (
            f"{_hours(row.included_aku_seconds)} are free in each period, taken before all tiers; "
            f"{_hours(line.aku_seconds)} of this part's usage are within them."
        )
    ]


def _covered(line: Row[Any], _part: Segment) -> list[str]:
    return [
        "Of each hour, usage up to the licences' capacity × its seconds within their terms: "
        + _hours(line.aku_seconds)
        + "."
    ]


def _flat_fee(line: Row[Any], part: Segment) -> list[str]:
    tier, row = part.tier(line.tier), part.row
    if row.model == "volume":
        reached = f"The period's last position, {_hours(row.final_quantity)}, lies in tier {line.tier}"
    elif row.cumulative_end > max(row.cumulative_start, tier.from_aku_seconds):
        reached = f"Usage reached tier {line.tier}, which begins at {_hours(tier.from_aku_seconds)}, in this part"
    else:
        reached = "The plan charges the first tier's fee also without usage"
    return [f"{reached}: its fee is {tier.flat_fee:f}, once in the period.", _rounding(line)]


def _discount(line: Row[Any], part: Segment) -> list[str]:
    row = part.row
    return [
        (
            f"{plain(row.discount_percent)} % of what this part charges, {row.charged:f} without licences, are "
            f"{plain(-line.exact_amount)}."
        ),
    ]


def _fee(connection: Connection, line: Row[Any], part: Segment) -> list[str]:
    row = part.row
    fees = connection.execute(statement("billing/evidence/list_fees"), {"version_key": row.version_key})
    fee = next((fee for fee in fees if fee.name == line.name), None)
    of = "of the period's seconds" if fee is not None and fee.is_prorated else "of all active seconds"
    return [
        *_offer(part),
        (
            f"{line.unit_price:f} × its share {of} ({row.active_seconds} active ones in this part of "
            f"{row.active_seconds_of_period} in the period: {plain(line.quantity)}) = {plain(line.exact_amount)}."
        ),
    ]


def _limit(line: Row[Any], rated: Rated) -> list[str]:
    name = f"{line.kind}_charge"
    parts = [part.row for part in rated.parts if getattr(part.row, name) is not None]
    charged = sum((row.charged + row.discounted for row in parts), Decimal(0))
    if line.kind == "minimum":
        charged += sum((each.amount for each in rated.lines.values() if each.kind == "maximum"), Decimal(0))
    shares = " + ".join(
        f"{getattr(row, name):f} × {row.active_seconds} s"
        + (" of the period's" if row.is_prorated else f" of {row.active_seconds_of_period} s")
        for row in parts
    )
    verb = "exceed" if line.kind == "maximum" else "stay below"
    difference = sum((each.amount for each in rated.lines.values() if each.kind == line.kind), Decimal(0))
    steps = [
        (
            f"Charges less discounts without licences, {charged:f}, {verb} the {line.kind} of "
            f"{charged + difference:f} ({shares})."
        )
    ]
    if difference == line.amount:
        return [*steps, f"The difference is {plain(line.exact_amount)}, {_how(line)}: {line.amount:f}."]
    return [*steps, f"What is taxed at each rate has its share of the difference, {difference:f}: {line.amount:f}."]


_BY_KIND: dict[str, Callable[[Row[Any], Segment], list[str]]] = {
    "usage": _usage,
    "overage": _usage,
    "included": _included,
    "covered": _covered,
    "flat_fee": _flat_fee,
    "discount": _discount,
    # A refund is always of an issued bill, so it is a correction.
    "refund": lambda _line, _part: [],
}


def _offer(part: Segment) -> list[str]:
    row = part.row
    if row.offer_entered_at is None:
        return []
    terms = [
        f"the plan {row.offer_plan}" if row.offer_plan else "",
        f"{plain(row.offer_discount_percent)} % discount" if row.offer_discount_percent is not None else "",
    ]
    return [
        (
            f"A private offer holds: {', '.join(filter(None, terms)) or 'the usual terms'} (entered by "
            f"{row.offer_entered_by} at {row.offer_entered_at:%Y-%m-%d %H:%M} UTC: {row.offer_reason})."
        )
    ]


def _rounding(line: Row[Any]) -> str:
    if line.rounding_mode is None:
        return f"Charged {line.amount:f}."
    return f"Once {_how(line)}: {line.amount:f}."


def _how(line: Row[Any]) -> str:
    return f"rounded {line.rounding_mode} to {line.rounding_digits} digits"


def _bounds(tier: Row[Any]) -> str:
    start = _hours(tier.from_aku_seconds)
    return f"above {start}" if tier.up_to_aku_seconds == _ENDLESS else f"{start} to {_hours(tier.up_to_aku_seconds)}"


def _hours(aku_seconds: int) -> str:
    return f"{aku_hours(aku_seconds)} AKU-hours"
