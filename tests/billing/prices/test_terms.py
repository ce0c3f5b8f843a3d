"""Terms over time: which offer counts where, and what a correction has to say again."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from include.billing.prices.terms import OfferInForce, Terms, TermsSpan, spans_of_terms
from include.domain.money import Decimal
from include.domain.periods import Window

WINDOW = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC))
GOLD, TEN = Terms(price_plan="gold"), Terms(discount_percent=Decimal(10))


def day(number: int) -> datetime:
    return datetime(2026, 10, number, tzinfo=UTC)


def test_without_offers_the_window_is_one_stretch_of_no_terms():
    assert spans_of_terms([], WINDOW) == [TermsSpan(WINDOW.start, WINDOW.end, Terms())]


def test_the_offer_entered_last_counts_whole():
    assert spans_of_terms([OfferInForce(day(1), None, GOLD), OfferInForce(day(10), day(20), TEN)], WINDOW) == [
        TermsSpan(day(1), day(10), GOLD),
        TermsSpan(day(10), day(20), TEN),
        TermsSpan(day(20), WINDOW.end, GOLD),
    ]


def test_an_overridden_offer_cuts_nothing():
    assert spans_of_terms([OfferInForce(day(5), None, TEN), OfferInForce(day(1), None, GOLD)], WINDOW) == [
        TermsSpan(day(1), WINDOW.end, GOLD)
    ]


def test_a_changed_discount_keeps_the_plan_and_a_changed_plan_the_discount():
    both = Terms("gold", Decimal(10))
    assert GOLD.changed_by(TEN) == TEN.changed_by(GOLD) == both
    assert both.changed_by(Terms(discount_percent=Decimal(0))) == Terms("gold", Decimal(0))


_DAYS = st.integers(1, 30)
_OFFERS = st.builds(
    lambda start, length, terms: OfferInForce(day(start), day(start + length) if start + length < 31 else None, terms),
    _DAYS,
    st.integers(1, 40),
    st.sampled_from([GOLD, TEN, Terms()]),
)


@given(st.lists(_OFFERS, max_size=6), _DAYS)
def test_at_every_instant_the_stretch_says_what_the_last_offer_says(offers, number):
    cut = spans_of_terms(offers, WINDOW)
    assert [stretch.end for stretch in cut[:-1]] == [stretch.start for stretch in cut[1:]]
    assert (cut[0].start, cut[-1].end) == (WINDOW.start, WINDOW.end)
    holding = [offer.terms for offer in offers if offer.in_force_at(day(number))]
    [found] = [stretch.terms for stretch in cut if stretch.start <= day(number) < stretch.end]
    assert found == (holding[-1] if holding else Terms())
