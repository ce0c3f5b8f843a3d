"""What a period costs by the rules alone: plain Python in fractions, hour by hour, with nothing of the statements.

Written from the rules of docs/concepts/billing.md. Usage is that of one subscription by hour (measures.py); versions
are the domain's own values. Slow, and meant to be read.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import pendulum

from include.domain.price_plans import Rounding
from tests.support.billing.measures import charged as charged_of
from tests.support.billing.measures import metered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from include.domain.periods import Window
    from include.domain.price_plans import PlanVersion, PricePlan, Tier
    from tests.support.billing.measures import Usage

HOUR = timedelta(hours=1)
KINDS = ("licence", "covered", "included", "usage", "overage", "flat_fee", "fee", "discount", "maximum", "minimum")


class Offer(NamedTuple):
    """Terms of the subscription's own; the list that they stand in is in order of entry."""

    start: datetime
    end: datetime | None
    plan: PricePlan | None
    discount: Fraction | None


class Licence(NamedTuple):
    start: datetime
    end: datetime
    months: int
    capacity: int
    renews: bool = False


class Line(NamedTuple):
    kind: str
    part: int
    tier: int | None
    name: str | None
    aku_seconds: int
    quantity: Fraction
    exact: Fraction
    amount: Fraction
    #: Of a licence's term; all other lines start with their part.
    start: datetime | None = None
    #: What was metered of its AKU-seconds.
    metered: int = 0


class Tax(NamedTuple):
    rate: Fraction
    is_inclusive: bool
    base: Fraction
    amount: Fraction


class Bill(NamedTuple):
    lines: list[Line]
    taxes: list[Tax]


@dataclass
class Segment:
    """A stretch of the period under one version and one discount, and what was used in it."""

    start: datetime
    end: datetime
    version: PlanVersion | None
    discount: Fraction
    covered: int = 0
    hours: list[int] = field(default_factory=list)
    covered_metered: int = 0
    rest_metered: int = 0

    @property
    def rest(self) -> int:
        return sum(self.hours)

    @property
    def rules(self) -> PlanVersion:
        assert self.version is not None
        return self.version


def rounded(amount: Fraction, rounding: Rounding | tuple[int, str]) -> Fraction:
    """Textbook rounding; down and up are towards and away from zero."""
    digits, mode = rounding if isinstance(rounding, tuple) else (rounding.digits, rounding.mode)
    scaled = abs(amount) * 10**digits
    whole = math.floor(scaled)
    rest = scaled - whole
    is_up = {
        "down": False,
        "up": rest > 0,
        "half_up": rest >= Fraction(1, 2),
        "half_even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1),
    }[mode]
    return Fraction(whole + is_up, 10**digits) * (-1 if amount < 0 else 1)


def shared(exacts: list[Fraction], rounding: Rounding) -> list[Fraction]:
    """One amount in parts, by largest remainder: their sum rounded once, cent by cent to the part that lacks most.

    Of parts that lack the same the later comes first. A negative sum is shared like the positive one.
    """
    total = sum(exacts, Fraction(0))
    if total < 0:
        return [-share for share in shared([-exact for exact in exacts], rounding)]
    cent = Fraction(1, 10**rounding.digits)
    shares = [math.floor(exact / cent) * cent for exact in exacts]
    while sum(shares) < rounded(total, rounding):
        waiting = [number for number, share in enumerate(shares) if share <= exacts[number]]
        most = max(waiting, key=lambda number: (exacts[number] - shares[number], number))
        shares[most] += cent
    assert sum(shares) == rounded(total, rounding)
    return shares


def share_out(lines: list[Line], groups: dict[Any, list[int]], parts: list[Segment]) -> list[Line]:
    """The lines with their shares as amounts; a group, lines by number, is rounded as its last part says."""
    for numbers in groups.values():
        last = parts[max(lines[number].part for number in numbers)]
        shares = shared([lines[number].exact for number in numbers], last.rules.rounding)
        for number, share in zip(numbers, shares, strict=True):
            lines[number] = lines[number]._replace(amount=share)
    return lines


def rate_by_the_rules(
    period: Window,
    plan: PricePlan,
    usage: Usage,
    *,
    offers: Iterable[Offer] = (),
    licences: Iterable[Licence] = (),
    active: tuple[datetime, datetime | None] | None = None,
) -> Bill:
    """The bill of a subscription; of one that was not active in the period, only where it used something in it."""
    used_in = sum(metered(used) for hour, used in usage.items() if hour in period)
    if active and not used_in and not (active[0] < period.end and (active[1] is None or period.start < active[1])):
        return Bill([], [])
    parts = cut(period, plan, list(offers))
    place_hours(parts, {hour: used for hour, used in usage.items() if hour in period}, list(licences))
    weigh = Weights(period, parts, active)
    lines = [
        *licence_lines(parts, [one for one in licences if not (active and active[1] and active[1] <= one.start)]),
        *usage_lines(parts),
        *flat_fee_lines(parts),
        *fee_lines(parts, weigh),
    ]
    lines += discount_lines(parts, lines)
    lines += limit_lines("maximum", parts, lines, weigh)
    lines += limit_lines("minimum", parts, lines, weigh)
    if not any(line.aku_seconds for line in lines):
        last = max(number for number, part in enumerate(parts) if part.version)
        lines.append(Line("usage", last, 1, None, 0, Fraction(0), Fraction(0), Fraction(0)))
    lines.sort(key=lambda line: KINDS.index("usage" if line.kind == "overage" else line.kind))
    return Bill(lines, taxes_of(parts, lines))


class Term(NamedTuple):
    """A licence's term in its chain: when the chain began, and how many terms came before."""

    licence: Licence
    chain_start: datetime
    number: int


def in_months(start: datetime, months: int, zone: str) -> datetime:
    """The same day and time so many calendar months later, or the last day of a month that is too short."""
    return pendulum.instance(start).in_timezone(zone).add(months=months)


def chained(licences: list[Licence], renewed: dict[int, int]) -> tuple[list[Term], set[int]]:
    """Each term in its chain, and the terms that another one follows; `renewed` is which term each renewal renews.

    A term that was sold from the end of another of the same length continues it, the smallest the smallest.
    """
    before = dict(renewed)
    for at, months in {(one.start, one.months) for one in licences}:
        free = [n for n, one in enumerate(licences) if (one.end, one.months) == (at, months)]
        ended = [n for n in free if n not in renewed.values()]
        sold = [n for n, one in enumerate(licences) if (one.start, one.months) == (at, months) and n not in renewed]
        size = lambda n: (licences[n].capacity, n)  # noqa: E731
        before |= dict(zip(sorted(sold, key=size), sorted(ended, key=size), strict=False))
    terms = []
    for n, one in enumerate(licences):
        first, number = n, 0
        while first in before:
            first, number = before[first], number + 1
        terms.append(Term(one, licences[first].start, number))
    return terms, set(before.values())


def with_renewals(
    period: Window, plan: PricePlan, licences: Iterable[Licence], *, offers: Iterable[Offer] = (), end: datetime | None
) -> list[Licence]:
    """The licences with every term that follows by itself and starts before the period's end and the subscription's."""
    all_terms, renewed = list(licences), dict[int, int]()
    while True:
        terms, followed = chained(all_terms, renewed)
        due = [
            (n, term)
            for n, term in enumerate(terms)
            if n not in followed
            and term.licence.renews
            and term.licence.end < (min(period.end, end) if end else period.end)
            and sells_licences(plan, list(offers), term.licence.end)
        ]
        if not due:
            return all_terms
        for n, (one, chain_start, number) in due:
            until = in_months(chain_start, one.months * (number + 2), plan.time_zone)
            if until <= one.end:
                until = in_months(one.end, one.months, plan.time_zone)
            renewed[len(all_terms)] = n
            all_terms.append(one._replace(start=one.end, end=until))


def sells_licences(plan: PricePlan, offers: list[Offer], at: datetime) -> bool:
    """Whether the version in force then has a price for licences; an offer without a plan leaves the own one."""
    holding = [one for one in offers if one.start <= at and (one.end is None or at < one.end)]
    own = (holding[-1].plan if holding else None) or plan
    effective = [one for one in own.versions if one.effective_from <= at]
    return bool(effective) and effective[-1].licence is not None


def cut(period: Window, plan: PricePlan, offers: list[Offer]) -> list[Segment]:
    """Second by second it would be: at every instant the terms in force; a new part where they become others."""
    instants = {period.start}
    for offer in offers:
        instants |= {offer.start, offer.end or period.end}
    for one in [plan, *(offer.plan for offer in offers if offer.plan)]:
        instants |= {version.effective_from for version in one.versions}
    parts: list[Segment] = []
    for instant in sorted(instant for instant in instants if instant in period):
        holding = [one for one in offers if one.start <= instant and (one.end is None or instant < one.end)]
        offer = holding[-1] if holding else Offer(instant, None, None, None)
        effective = [one for one in (offer.plan or plan).versions if one.effective_from <= instant]
        version = effective[-1] if effective else None
        discount = Fraction(version.discount_percent) if version else Fraction(0)
        if offer.discount is not None:
            discount = offer.discount
        if parts:
            parts[-1].end = instant
        if not parts or parts[-1].version is not version or parts[-1].discount != discount:
            parts.append(Segment(instant, period.end, version, discount))
    parts[-1].end = period.end
    return parts


def part_at(parts: list[Segment], instant: datetime) -> Segment:
    return next((part for part in parts if part.start <= instant < part.end), parts[-1])


def place_hours(parts: list[Segment], usage: Usage, licences: list[Licence]) -> None:
    """Each hour's usage, as the version in force charges it, to its part, what licences cover of it aside."""
    for hour, found in sorted(usage.items()):
        version = part_at(parts, hour).version
        used = charged_of(found, version.hour_measure if version else "time_weighted")
        capacity, priced_at = 0, hour
        for one in licences:
            start, end = max(one.start, hour), min(one.end, hour + HOUR)
            if start < end:
                capacity += one.capacity * int((end - start).total_seconds())
                has_successor = any(other.start <= one.end < other.end for other in licences)
                if one.end < hour + HOUR and not has_successor:
                    priced_at = max(priced_at, one.end)
        covered = min(used, capacity)
        part_at(parts, hour).covered += covered
        part_at(parts, priced_at).hours.append(used - covered)
        covered_metered = math.floor(Fraction(metered(found) * covered, used)) if used else 0
        part_at(parts, hour).covered_metered += covered_metered
        part_at(parts, priced_at).rest_metered += metered(found) - covered_metered


class Weights:
    """What part of the period, or of the active time, each part is."""

    def __init__(self, period: Window, parts: list[Segment], active: tuple[datetime, datetime | None] | None) -> None:
        start, end = active or (period.start, None)
        start, end = max(start, period.start), min(end or period.end, period.end)
        if start >= end:
            start, end = period.start, period.end
        self.period = period.seconds
        self.active = [max(int((min(part.end, end) - max(part.start, start)).total_seconds()), 0) for part in parts]

    def of(self, number: int, *, is_prorated: bool) -> Fraction:
        return Fraction(self.active[number], self.period if is_prorated else sum(self.active))


def licence_lines(parts: list[Segment], licences: list[Licence]) -> list[Line]:
    lines = []
    for one in sorted(licences, key=lambda one: (one.start, one.end, one.capacity * one.months, one.capacity)):
        if parts[0].start <= one.start < parts[-1].end:
            number = parts.index(part_at(parts, one.start))
            rules = parts[number].rules
            price = rules.licence.price_per_aku_month if rules.licence else 0
            exact = Fraction(price) * one.capacity * one.months
            quantity = Fraction(one.capacity * one.months)
            amount = rounded(exact, rules.rounding)
            lines.append(Line("licence", number, None, None, 0, quantity, exact, amount, one.start))
    return lines


def free(count: Fraction | int, rules: PlanVersion) -> Fraction:
    """The position in tiers and packages that a count of AKU-hours leads to."""
    return max(Fraction(count) - Fraction(rules.included), Fraction(0))


def tier_of(rules: PlanVersion, position: Fraction) -> int:
    """The tier that a position lies in; ends are inclusive."""
    return next(n for n, tier in enumerate(rules.usage_tiers, start=1) if tier.up_to is None or position <= tier.up_to)


def floors(rules: PlanVersion) -> list[Fraction]:
    """Where each tier starts."""
    return [Fraction(0), *(Fraction(tier.up_to) for tier in rules.usage_tiers if tier.up_to is not None)]


def charge(rules: PlanVersion, start: Fraction, end: Fraction, final: Fraction) -> dict[int, tuple[Fraction, Fraction]]:
    """(units, exact amount) by tier of the way from one position to another."""
    tiers: list[Tier] = rules.usage_tiers
    if rules.model == "package":
        assert rules.package_size is not None
        size = Fraction(rules.package_size)
        packages = Fraction(math.ceil(end / size) - math.ceil(start / size))
        return {1: (packages, packages * Fraction(tiers[0].unit_price))}
    if rules.model == "volume":
        number = tier_of(rules, final)
        return {number: (end - start, (end - start) * Fraction(tiers[number - 1].unit_price))}
    charges = {}
    for number, (floor, tier) in enumerate(zip(floors(rules), tiers, strict=True), start=1):
        top = end if tier.up_to is None else min(end, Fraction(tier.up_to))
        if top > max(start, floor):
            way = top - max(start, floor)
            charges[number] = (way, way * Fraction(tier.unit_price))
    return charges


def usage_lines(parts: list[Segment]) -> list[Line]:
    lines: list[Line] = []
    same_price: dict[Any, list[int]] = defaultdict(list)
    total = Fraction(sum(part.rest for part in parts), 3600)
    count = Fraction(0)
    for number, part in enumerate(parts):
        zero = Fraction(0)
        if part.covered:
            line = Line("covered", number, None, None, part.covered, Fraction(part.covered, 3600), zero, zero)
            lines.append(line._replace(metered=part.covered_metered))
        if not part.rest:
            continue
        rules, before = part.rules, count
        hourly: dict[int, Fraction] = defaultdict(Fraction)
        for used in part.hours:
            start, count = free(count, rules), count + Fraction(used, 3600)
            for tier, (_, exact) in charge(rules, start, free(count, rules), free(total, rules)).items():
                hourly[tier] += rounded(exact, rules.rounding)
        start, end = free(before, rules), free(count, rules)
        included = count - before - (end - start)
        if included:
            lines.append(Line("included", number, None, None, int(included * 3600), included, zero, zero))
        for tier, (units, exact) in charge(rules, start, end, free(total, rules)).items():
            if end > start:
                seconds = int((end - start if rules.model == "package" else units) * 3600)
                kind = "overage" if rules.licence else "usage"
                if rules.charge_every == "period":
                    price = Fraction(rules.usage_tiers[tier - 1].unit_price)
                    terms = (kind, tier, rules.model == "package", price, rules.rounding.digits, rules.rounding.mode)
                    same_price[terms].append(len(lines))
                lines.append(Line(kind, number, tier, None, seconds, units, exact, hourly[tier]))
        divide_metered(lines, number, part)
    return share_out(lines, same_price, parts)


def divide_metered(lines: list[Line], number: int, part: Segment) -> None:
    """What was metered of a part, cut where what is charged of it is cut."""
    position = 0
    for n in (n for n, line in enumerate(lines) if line.part == number and line.kind != "covered"):
        cuts = [position, position + lines[n].aku_seconds]
        below, above = (math.floor(Fraction(part.rest_metered * cut_at, part.rest)) for cut_at in cuts)
        lines[n] = lines[n]._replace(metered=above - below)
        position = cuts[1]
    assert position == part.rest


def flat_fee_lines(parts: list[Segment]) -> list[Line]:
    """Each tier's fee once: in the part that reaches it, or for the first tier at zero usage in the first part."""
    priced = [number for number, part in enumerate(parts) if part.version]
    total = Fraction(sum(part.rest for part in parts), 3600)
    paid: dict[int, int] = {}
    count = Fraction(0)
    for number in priced:
        part = parts[number]
        rules = part.rules
        start, count = free(count, rules), count + Fraction(part.rest, 3600)
        end = free(count, rules)
        if rules.model == "volume":
            final = free(total, rules)
            if number == priced[-1] and (final > 0 or rules.flat_fee_at_zero):
                paid.setdefault(tier_of(rules, final), number)
            continue
        for tier, floor in enumerate(floors(rules), start=1):
            if end > start and end > floor:
                paid.setdefault(tier, number)
    first = parts[priced[0]].rules
    if first.flat_fee_at_zero and first.model != "volume":
        paid.setdefault(1, priced[0])
    lines = []
    for tier, number in sorted(paid.items()):
        rules = parts[number].rules
        fee = Fraction(rules.usage_tiers[tier - 1].flat_fee)
        if rounded(fee, rules.rounding):
            lines.append(Line("flat_fee", number, tier, None, 0, Fraction(1), fee, rounded(fee, rules.rounding)))
    return sorted(lines, key=lambda line: (line.part, line.tier))


def fee_lines(parts: list[Segment], weigh: Weights) -> list[Line]:
    lines = []
    same_name: dict[Any, list[int]] = defaultdict(list)
    for number, part in enumerate(parts):
        for fee in part.version.fees if part.version else []:
            weight = weigh.of(number, is_prorated=fee.prorate)
            if weight:
                same_name[fee.name].append(len(lines))
                exact = weight * Fraction(fee.amount)
                lines.append(Line("fee", number, None, fee.name, 0, weight, exact, Fraction(0)))
    return [line for line in share_out(lines, same_name, parts) if line.amount]


def charged(lines: list[Line], numbers: set[int]) -> Fraction:
    return sum((one.amount for one in lines if one.part in numbers and one.kind != "licence"), Fraction(0))


def discount_lines(parts: list[Segment], lines: list[Line]) -> list[Line]:
    discounts = []
    same_percent: dict[Any, list[int]] = defaultdict(list)
    for number, part in enumerate(parts):
        exact = -charged(lines, {number}) * part.discount / 100
        if part.version and exact:
            same_percent[part.discount].append(len(discounts))
            discounts.append(Line("discount", number, None, None, 0, Fraction(1), exact, Fraction(0)))
    return [line for line in share_out(discounts, same_percent, parts) if line.amount]


def limit_lines(kind: str, parts: list[Segment], lines: list[Line], weigh: Weights) -> list[Line]:
    limits = {
        number: Fraction(limit)
        for number, part in enumerate(parts)
        if part.version and (limit := getattr(part.version, f"{kind}_charge")) is not None
    }
    if not limits:
        return []
    exact = sum(
        (limit * weigh.of(number, is_prorated=parts[number].rules.prorate) for number, limit in limits.items()),
        Fraction(0),
    )
    last = max(limits)
    amount = rounded(exact, parts[last].rules.rounding)
    charges = charged(lines, set(limits))
    if not ((charges > amount) if kind == "maximum" else (charges < amount)):
        return []
    # What is taxed at several rates is reduced by what is charged at each, and added to by the limits at each.
    rates: dict[tuple[Fraction, bool], list[int]] = defaultdict(list)
    for number in sorted(limits):
        rates[Fraction(parts[number].rules.tax_rate), parts[number].rules.tax_inclusive].append(number)
    groups = sorted(rates.values(), key=max)
    weights = [
        charged(lines, set(numbers))
        if kind == "maximum"
        else sum((limits[n] * weigh.of(n, is_prorated=parts[n].rules.prorate) for n in numbers), Fraction(0))
        for numbers in groups
    ]
    if not any(weights):
        weights = [Fraction(1)] * len(groups)
    portions = [weight / sum(weights) for weight in weights]
    places = max(parts[number].rules.rounding.digits for number in limits)
    shares = shared([(amount - charges) * portion for portion in portions], Rounding(digits=places, mode="half_up"))
    return [
        Line(kind, max(numbers), None, None, 0, Fraction(1), (exact - charges) * portion, share)
        for numbers, portion, share in zip(groups, portions, shares, strict=True)
        if share
    ]


def taxes_of(parts: list[Segment], lines: list[Line]) -> list[Tax]:
    groups: dict[tuple[Fraction, bool], list[Line]] = defaultdict(list)
    for line in lines:
        rules = parts[line.part].rules
        if rules.tax_rate:
            groups[Fraction(rules.tax_rate), rules.tax_inclusive].append(line)
    taxes = []
    for (rate, is_inclusive), group in sorted(groups.items()):
        base = sum((line.amount for line in group), Fraction(0))
        last = max(group, key=lambda line: (line.kind != "licence", line.part))
        tax = base * rate / (1 + rate) if is_inclusive else base * rate
        taxes.append(Tax(rate, is_inclusive, base, rounded(tax, parts[last.part].rules.rounding)))
    return taxes
