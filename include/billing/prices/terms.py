"""The terms that private offers give a subscription over a window of time, and how a correction changes them.

An offer counts whole, so a correction that changes only the plan, or only the discount, has to say the other again as
it was. Where that differs over the window, one offer is needed for each stretch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from include.domain.money import Decimal
    from include.domain.periods import Window


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan and a discount in place of the subscription's own; None keeps its own."""

    price_plan: str | None = None
    discount_percent: Decimal | None = None

    @property
    def has_any(self) -> bool:
        """Whether it says anything in place of the subscription's own."""
        return self.price_plan is not None or self.discount_percent is not None

    def changed_by(self, other: Terms) -> Terms:
        """These terms with what the other ones say in its place."""
        return Terms(
            self.price_plan if other.price_plan is None else other.price_plan,
            self.discount_percent if other.discount_percent is None else other.discount_percent,
        )


#: What holds without any offer.
NO_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class OfferInForce:
    """An offer as it was entered; `end` is exclusive, None is without end."""

    start: datetime
    end: datetime | None
    terms: Terms

    def in_force_at(self, instant: datetime) -> bool:
        """Whether it is in force."""
        return self.start <= instant and (self.end is None or instant < self.end)


@dataclass(frozen=True, slots=True)
class TermsSpan:
    """Terms that hold from start (inclusive) to end (exclusive)."""

    start: datetime
    end: datetime
    terms: Terms


def spans_of_terms(offers: Sequence[OfferInForce], window: Window) -> list[TermsSpan]:
    """The window cut where terms change.

    Args:
        offers: in the order in which they were entered; the last one that holds counts.
        window: what is cut.
    """
    bounds = {instant for offer in offers for instant in (offer.start, offer.end) if instant and instant in window}
    starts = sorted(bounds | {window.start})
    cut: list[TermsSpan] = []
    for start, end in zip(starts, [*starts[1:], window.end], strict=True):
        terms = next((offer.terms for offer in reversed(offers) if offer.in_force_at(start)), NO_TERMS)
        if cut and cut[-1].terms == terms:
            cut[-1] = TermsSpan(cut[-1].start, end, terms)
        else:
            cut.append(TermsSpan(start, end, terms))
    return cut
