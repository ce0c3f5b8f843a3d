"""The Marketplace's own bill, computed from what really was and from its own prices.

Money is whole numbers of 10^-10 of the currency's unit (prices have ten decimals). An hour's charge is
AKU-seconds × price / 3600, cut (not rounded) at two decimals; hours are UTC hours, months those of UTC+8. A licence is
charged by the term when the term begins. By default the Marketplace meters the paid image itself; with
`metering_source: push` it charges what the vendor pushed.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from include.sandbox.records import ServiceInstance, Settings
from include.sandbox.truth import HOUR, environment_usage
from include.sandbox.world import World

SCALE = 10**10
CENT = SCALE // 100
UTC8 = timezone(timedelta(hours=8))


class Term(NamedTuple):
    """One term of a licence, half-open, in seconds since 1970."""

    start: int
    end: int


class Charge(NamedTuple):
    """One item of the Marketplace's bill.

    Attributes:
        item: PayAsYouGoBill, SubscriptionOrder, Refund or Adjustment.
        start, end: what it is for, half-open.
        quantity: AKU-seconds, or licensed AKU.
        gross: before cutting, in 10^-10.
        amount: after cutting, in 10^-10.
    """

    instance: ServiceInstance
    item: str
    start: int
    end: int
    quantity: int
    gross: int
    amount: int

    @property
    def cycle(self) -> str:
        """Its BillingCycle."""
        return datetime.fromtimestamp(self.start, UTC8).strftime("%Y-%m")

    @property
    def day(self) -> str:
        """Its BillingDate."""
        return datetime.fromtimestamp(self.start, UTC8).strftime("%Y-%m-%d")


def scaled(price: str) -> int:
    """A decimal text as a whole number of 10^-10."""
    if price.startswith("-"):
        return -scaled(price[1:])
    whole, _, fraction = price.partition(".")
    return int(whole) * SCALE + int(fraction.ljust(10, "0")[:10] or "0")


def format_number(amount: int) -> str:
    """A whole number of 10^-10 as a decimal text without needless zeros."""
    if amount < 0:
        return f"-{format_number(-amount)}"
    fraction = f"{amount % SCALE:010d}".rstrip("0")
    return f"{amount // SCALE}.{fraction or '0'}"


def charges(world: World, account_id: str, cycle: str, now: int) -> list[Charge]:
    """An account's charges of a BillingCycle (YYYY-MM, UTC+8) as known at an instant, in order of time."""
    found: list[Charge] = []
    for instance in world.service_instances.values():
        if instance.account_id == account_id and not instance.failure:
            found += _licence_charges(world, instance, now) if instance.is_prepaid else []
            found += [] if instance.is_prepaid else hourly_charges(world, instance, *cycle_window(cycle), now)
            found += _entered_charges(world, instance)
    return sorted((c for c in found if c.cycle == cycle), key=lambda c: (c.start, c.instance.order_id))


def cycle_window(cycle: str) -> tuple[int, int]:
    """First second of a BillingCycle and of the next one."""
    year, month = (int(part) for part in cycle.split("-"))
    start = datetime(year, month, 1, tzinfo=UTC8)
    return int(start.timestamp()), int(_plus_months(start, 1).timestamp())


def hourly_charges(world: World, instance: ServiceInstance, start: int, end: int, now: int) -> list[Charge]:
    """Charges of a pay-as-you-go instance per UTC hour with usage; an hour appears some time after its end."""
    last = (now - world.settings.bill_delay_seconds) // HOUR * HOUR
    if instance.released_at is not None:
        last = min(last, -(-instance.released_at // HOUR) * HOUR)  # the hour that contains the end is charged
    usage = _usage(world, instance, max(start, instance.booked_since), min(end, last))
    price = scaled(world.settings.unit_price)
    made = []
    for hour, aku_seconds in sorted(usage.items()):
        gross = aku_seconds * price // HOUR
        made.append(Charge(instance, "PayAsYouGoBill", hour, hour + HOUR, aku_seconds, gross, gross // CENT * CENT))
    return made


def _entered_charges(world: World, instance: ServiceInstance) -> list[Charge]:
    return [
        Charge(instance, entry.item, entry.start, entry.start + HOUR, 0, scaled(entry.amount), scaled(entry.amount))
        for entry in world.bill_entries.values()
        if entry.marketplace_instance_id == instance.marketplace_instance_id
    ]


def _usage(world: World, instance: ServiceInstance, start: int, end: int) -> dict[int, int]:
    if world.settings.metering_source != "push":
        return environment_usage(world.kafka_by_environment[instance.environment_id], start, end)
    usage: dict[int, int] = defaultdict(int)
    for push in world.pushes.values():
        if push.marketplace_instance_id == instance.marketplace_instance_id and start <= push.start < end:
            usage[push.start // HOUR * HOUR] += push.value
    return usage


def terms(instance: ServiceInstance, now: int) -> list[Term]:
    """The terms of a licence that have begun at an instant; one term if it does not renew itself."""
    begun = []
    start = datetime.fromtimestamp(instance.booked_since, UTC8)
    count = 0
    while True:
        at, until = (_plus_months(start, (count + n) * instance.term_months) for n in (0, 1))
        begun.append(Term(int(at.timestamp()), int(until.timestamp())))
        count += 1
        ended = instance.deleted_at is not None and begun[-1].end > instance.deleted_at
        if not instance.auto_renew or ended or begun[-1].end > now:
            return begun


def term_price(settings: Settings, instance: ServiceInstance) -> int:
    """The price of one term, in 10^-10."""
    return scaled(settings.licence_price_per_aku_month) * instance.licence_aku * instance.term_months


def _licence_charges(world: World, instance: ServiceInstance, now: int) -> list[Charge]:
    price = term_price(world.settings, instance)
    return [
        Charge(instance, "SubscriptionOrder", term.start, term.end, instance.licence_aku, price, price // CENT * CENT)
        for term in terms(instance, now)
        if term.start <= now
    ]


def _plus_months(start: datetime, months: int) -> datetime:
    """The same day and time some months later, or the last day of a shorter month."""
    index = start.month - 1 + months
    year, month = start.year + index // 12, index % 12 + 1
    next_month = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return start.replace(year=year, month=month, day=min(start.day, (next_month - timedelta(days=1)).day))
