"""What a person decides about a bill, and what of it is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import bindparam, text

from include.billing.bills.answers import Answer
from include.billing.bills.close import PeriodIssuedError, close_period
from include.billing.bills.four_eyes import FourEyesError
from include.billing.bills.review import (
    DraftChangedError,
    approve,
    list_holds,
    list_makers,
    reject,
    restore,
    show_bill,
    void,
    waive,
)
from include.billing.evidence.events import list_events
from include.domain.errors import ConflictError, InvalidInputError
from include.domain.money import Decimal
from include.domain.people import by_hand
from include.metering.gaps.gaps import read_waiver, waive_gaps
from include.metering.imports.load import import_usage
from tests.support.billing.documents import bills_of
from tests.support.billing.october import BILL, DUE, OCTOBER, open_gap
from tests.support.builders import insert, make_usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

LATER = DUE + timedelta(hours=1)
REASON = "The buyer confirmed the usage."


@pytest.fixture
def held(prices: Engine, subscribe: Callable[..., int]) -> int:
    """A bill of two AKU-hours that is held for a gap; its subscription's key."""
    key = subscribe(usage=(3600, 3600))
    open_gap(prices, key)
    close_period(prices, OCTOBER, DUE, by="run of October")
    return key


def answer(warehouse: Engine, **fields: Any) -> Answer:
    """An answer about the current draft, from Li."""
    row = show_bill(warehouse, BILL).row
    return Answer(**{"bill_id": BILL, "by": "li", "reason": REASON, "fingerprint": row.fingerprint} | fields)


def story(warehouse: Engine) -> list[tuple[str | None, str, str]]:
    return [(event.from_state, event.to_state, event.who) for event in list_events(warehouse, BILL)]


def more_usage(warehouse: Engine, key: int) -> None:
    """An hour that was unknown when the draft was made."""
    with warehouse.begin() as connection:
        instance = connection.scalar(
            text("SELECT instance_key FROM metering.instances WHERE subscription_key = :key"), {"key": key}
        )
        make_usage(connection, instance, OCTOBER.window.start + timedelta(hours=5), [3600])


def waivers(warehouse: Engine) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        query = text("SELECT period, finding, facts, reason, waived_by, waived_at FROM billing.waivers")
        return [tuple(row) for row in connection.execute(query)]


def test_a_bill_that_nothing_holds_is_drafted_and_issued_by_the_run(
    prices: Engine, subscribe: Callable[..., int]
) -> None:
    subscribe(usage=(3600,))
    close_period(prices, OCTOBER, DUE, by="run of October")
    assert story(prices) == [(None, "draft", "run of October"), ("draft", "issued", "run of October")]
    assert list_holds(prices) == []


def test_a_held_bill_waits_as_one_hold_until_what_holds_it_changes(prices: Engine, held: int) -> None:
    (hold,) = list_holds(prices, period="2026-10")
    assert (hold.bill_id, hold.fingerprint) == (BILL, show_bill(prices, BILL).row.fingerprint)

    close_period(prices, OCTOBER, LATER)
    assert list_holds(prices) == [hold]

    more_usage(prices, held)
    close_period(prices, OCTOBER, LATER)
    (another,) = list_holds(prices)
    assert another.hold_key > hold.hold_key
    assert another.fingerprint != hold.fingerprint


def test_approving_issues_the_draft_that_was_shown_and_keeps_the_answer(prices: Engine, held: int) -> None:
    shown = show_bill(prices, BILL)

    answered = approve(prices, answer(prices), LATER)

    assert (answered.state, answered.sentence) == ("issued", f"Bill {BILL} is issued as it was shown.")
    (bill,) = bills_of(prices)
    assert (bill.state, bill.fingerprint, bill.issued_at) == ("issued", shown.row.fingerprint, LATER)
    assert waivers(prices) == [("2026-10", *shown.findings[0][:2], REASON, "li", LATER)]
    assert story(prices)[-1] == ("held", "issued", "li")
    assert list_events(prices, BILL)[-1].reason == REASON
    assert list_holds(prices) == []


def test_a_draft_that_was_made_again_meanwhile_is_not_approved_by_the_old_fingerprint(
    prices: Engine, held: int
) -> None:
    old = answer(prices)
    more_usage(prices, held)
    close_period(prices, OCTOBER, LATER)
    with pytest.raises(DraftChangedError, match="was made again since it was shown"):
        approve(prices, old, LATER)
    assert waivers(prices) == []
    assert [bill.state for bill in bills_of(prices)] == ["held"]


def test_usage_that_came_since_the_draft_is_not_issued_but_shown_again(prices: Engine, held: int) -> None:
    (hold,) = list_holds(prices)
    old = answer(prices)
    more_usage(prices, held)

    answered = approve(prices, old, LATER)

    assert answered.state == "held"
    assert "its total was 2.40 CNY and is 3.60 CNY now" in answered.sentence
    assert waivers(prices) == []
    (another,) = list_holds(prices)
    assert another.hold_key > hold.hold_key
    assert approve(prices, answer(prices), LATER).state == "issued"
    assert [str(bill.total) for bill in bills_of(prices)] == ["3.60"]
    assert [finding for _, finding, *_ in waivers(prices)] == ["no_gap_is_open"]


def test_a_draft_that_changed_in_nothing_that_is_shown_is_said_to_have_changed_in_its_inputs(
    prices: Engine, held: int
) -> None:
    old = answer(prices)
    with prices.begin() as connection:
        for table in ("metering.usage", "metering.subscription_hours"):
            later = "SET hour_start = hour_start + interval '5 hours' WHERE hour_start = :hour"
            connection.execute(text(f"UPDATE {table} {later}"), {"hour": OCTOBER.window.start})

    answered = approve(prices, old, LATER)

    assert answered.state == "held"
    assert "its total is still 2.40 CNY and its lines read the same" in answered.sentence


def test_usage_that_came_since_is_not_issued_even_where_nothing_holds_the_bill_any_more(
    prices: Engine, held: int
) -> None:
    old = answer(prices)
    more_usage(prices, held)
    close_gaps(prices)
    assert approve(prices, old, LATER).state == "held"
    assert close_period(prices, OCTOBER, LATER).issued_count == 1


def close_gaps(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE metering.gaps SET state = 'waived', closed_at = now()"))


def test_a_finding_that_the_person_did_not_see_holds_the_bill(prices: Engine, held: int) -> None:
    with prices.begin() as connection:
        connection.execute(
            text("UPDATE metering.environment_hours SET state = 'provisional' WHERE hour_start = :hour"),
            {"hour": OCTOBER.window.start},
        )
    assert approve(prices, answer(prices), LATER).state == "held"
    assert [found.finding for found in show_bill(prices, BILL).findings] == ["every_hour_is_closed", "no_gap_is_open"]
    assert waivers(prices) == []
    assert len(list_holds(prices)) == 1


def test_approving_leaves_the_other_drafts_of_the_period_alone(
    prices: Engine, held: int, subscribe: Callable[..., int]
) -> None:
    open_gap(prices, subscribe("second", usage=(3600,)))
    open_gap(prices, subscribe("third", usage=(3600,)))
    close_period(prices, OCTOBER, DUE)
    void(prices, answer(prices, bill_id="2026-10-sub-01-third"), LATER)
    restore(prices, answer(prices, bill_id="2026-10-sub-01-third"), LATER)
    approve(prices, answer(prices), LATER)
    assert [(bill.bill_id[-6:], bill.state) for bill in bills_of(prices)] == [
        ("orders", "issued"),
        ("second", "held"),
        ("-third", "draft"),
    ]


@pytest.mark.parametrize(
    ("closed_by", "approved_by", "is_refused"),
    [
        (by_hand("ben", "billing_period_close manual__1"), "ben", True),
        (by_hand("ben", "command line"), "ben", True),
        (by_hand("ben", "billing_period_close manual__1"), by_hand("ben", "command line"), True),
        (by_hand("ben", "billing_period_close manual__1"), "anna", False),
        ("billing_period_close scheduled__1", "ben", False),
    ],
)
def test_a_large_bill_is_not_approved_by_the_person_who_closed_its_period(
    prices: Engine, subscribe: Callable[..., int], closed_by: str, approved_by: str, *, is_refused: bool
) -> None:
    open_gap(prices, subscribe(usage=(3600, 3600)))
    close_period(prices, OCTOBER, DUE, closed_by)
    given = answer(prices, by=approved_by)
    if is_refused:
        for decide in (approve, partial(waive, finding="no_gap_is_open")):
            with pytest.raises(FourEyesError, match="closed its period"):
                decide(prices, given, at=LATER, four_eyes_above=Decimal(2))
    assert (
        approve(prices, given, LATER, four_eyes_above=Decimal("2.40") if is_refused else Decimal(2)).state == "issued"
    )


def test_who_asked_for_what_is_on_a_large_bill_does_not_approve_it(prices: Engine, held: int) -> None:
    with prices.begin() as connection:
        insert(connection, "billing.private_offers", subscription_key=held, effective_from=OCTOBER.window.start,
               discount_percent=10, reason="loyal", entered_by="mei", entered_at=LATER)  # fmt: skip
    shown = show_bill(prices, BILL)
    assert list_makers(prices, shown, Decimal(1)) == {"mei": "entered an offer that it is rated by"}
    assert list_makers(prices, shown, Decimal(1000)) == {}
    assert list_makers(prices, shown, None) == {}


@pytest.mark.parametrize(
    ("by", "makers"),
    [
        (by_hand("mei", "usage_import manual__1"), {"mei": "imported usage that is on it"}),
        ("usage_import scheduled__1", {}),
    ],
)
def test_who_imported_usage_of_a_large_bill_does_not_approve_it(
    prices: Engine, subscribe: Callable[..., int], tmp_path: Path, by: str, makers: dict[str, str]
) -> None:
    key = subscribe(usage=(3600,))
    file = tmp_path / "history.csv"
    row = f"sub-01-orders,kf-history,{(OCTOBER.window.start + timedelta(hours=9)).isoformat()},36000"
    file.write_text(f"subscription_id,instance_id,hour,aku_seconds\n{row}\n", encoding="utf-8")
    assert import_usage(prices, file, DUE, by=by).rows_loaded == 1
    open_gap(prices, key)
    close_period(prices, OCTOBER, DUE, by="run of October")
    assert list_makers(prices, show_bill(prices, BILL), Decimal(1)) == makers


def test_a_rejected_bill_stays_held_and_is_asked_about_again_once_it_changes(prices: Engine, held: int) -> None:
    assert reject(prices, answer(prices), LATER).state == "held"
    assert list_holds(prices) == []
    assert list_events(prices, BILL)[-1].reason == f"Rejected: {REASON}"
    close_period(prices, OCTOBER, LATER)
    assert list_holds(prices) == []
    more_usage(prices, held)
    close_period(prices, OCTOBER, LATER)
    assert len(list_holds(prices)) == 1


def test_a_rejected_bill_is_not_issued_as_it_is_when_its_gap_is_waived(prices: Engine, held: int) -> None:
    reject(prices, answer(prices), LATER)
    waive_gaps(prices, read_waiver(reason="The console was being moved.", by="bob", gap_keys=[1]), LATER)

    (hold,) = close_period(prices, OCTOBER, LATER).held

    assert hold.finding == "is_not_rejected"
    assert REASON in hold.sentence
    assert list_holds(prices) == []
    more_usage(prices, held)
    assert close_period(prices, OCTOBER, LATER).held_count == 0


@pytest.mark.parametrize("decide", [approve, partial(waive, finding="is_not_rejected")])
def test_who_approves_a_rejected_bill_or_waives_the_rejection_takes_it_back(
    prices: Engine, held: int, decide: Callable[..., Any]
) -> None:
    reject(prices, answer(prices), LATER)
    waive_gaps(prices, read_waiver(reason="The console was being moved.", by="bob", gap_keys=[1]), LATER)
    close_period(prices, OCTOBER, LATER)

    assert decide(prices, answer(prices), at=LATER).state == "issued"


def test_a_rejected_bill_that_was_void_in_between_is_held_again(prices: Engine, held: int) -> None:
    reject(prices, answer(prices), LATER)
    void(prices, answer(prices), LATER)
    restore(prices, answer(prices), LATER)
    assert "is_not_rejected" in {held.finding for held in close_period(prices, OCTOBER, LATER).held}


def test_a_waived_finding_does_not_hold_the_bill_and_other_words_do_again(
    prices: Engine, held: int, subscribe: Callable[..., int]
) -> None:
    with prices.begin() as connection:
        connection.execute(text("UPDATE metering.environment_hours SET state = 'provisional'"))
    close_period(prices, OCTOBER, DUE)
    hold = list_holds(prices)

    assert waive(prices, answer(prices), "no_gap_is_open", LATER).state == "held"

    assert [found.finding for found in show_bill(prices, BILL).findings] == ["every_hour_is_closed"]
    assert list_holds(prices) != hold
    with prices.begin() as connection:
        connection.execute(text("UPDATE metering.gaps SET cause = 'changed_in_silence'"))
    close_period(prices, OCTOBER, LATER)
    found = {found.finding: found.sentence for found in show_bill(prices, BILL).findings}
    assert "its size changed while the console was silent" in found["no_gap_is_open"]


def test_waiving_the_only_finding_issues_the_bill(prices: Engine, held: int) -> None:
    assert waive(prices, answer(prices), "no_gap_is_open", LATER).state == "issued"
    assert [event.reason for event in list_events(prices, BILL)][-2:] == [f'Waived "Open gaps": {REASON}', REASON]


def test_a_finding_that_does_not_hold_the_bill_is_not_waived(prices: Engine, held: int) -> None:
    with pytest.raises(InvalidInputError, match=r"is not what holds bill .*, which is no_gap_is_open"):
        waive(prices, answer(prices), "lines_add_up", LATER)


def test_a_void_bill_is_not_billed_until_it_is_restored(prices: Engine, held: int) -> None:
    void(prices, answer(prices), LATER)
    close_gaps(prices)
    with pytest.raises(PeriodIssuedError, match="all its 0 bills are issued, but for 1 void"):
        close_period(prices, OCTOBER, LATER)
    assert [bill.state for bill in bills_of(prices)] == ["void"]
    assert list_holds(prices) == []

    restore(prices, answer(prices), LATER)
    assert close_period(prices, OCTOBER, LATER).issued_count == 1
    assert story(prices)[1:] == [
        ("draft", "held", "run of October"),
        ("held", "void", "li"),
        ("void", "draft", "li"),
        ("draft", "issued", "akubill"),
    ]


@pytest.mark.parametrize("decide", [approve, reject, void, restore])
def test_nothing_is_decided_about_an_issued_bill(
    prices: Engine, subscribe: Callable[..., int], decide: Callable[..., Any]
) -> None:
    subscribe(usage=(3600,))
    close_period(prices, OCTOBER, DUE)
    with pytest.raises(ConflictError, match="is issued"):
        decide(prices, answer(prices), LATER)


@pytest.mark.parametrize("fields", [{"reason": "short"}, {"by": " "}, {"fingerprint": "abc"}, {"reason": "x" * 501}])
def test_an_answer_names_its_person_its_reason_and_its_draft(fields: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        Answer(**{"bill_id": BILL, "by": "li", "reason": REASON, "fingerprint": "0123456789ab"} | fields)


def test_an_answer_without_fingerprint_approves_nothing(prices: Engine, held: int) -> None:
    with pytest.raises(DraftChangedError, match="not none"):
        approve(prices, answer(prices, fingerprint=""), LATER)


def test_an_unknown_bill_is_named(prices: Engine) -> None:
    with pytest.raises(InvalidInputError, match="'2026-10-unknown'"):
        void(prices, Answer("2026-10-unknown", "li", REASON), LATER)


def test_two_people_at_once_decide_once(prices: Engine, held: int) -> None:
    given = answer(prices)

    def decide(how: Callable[..., Any]) -> str:
        try:
            return str(how(prices, given, LATER).state)
        except ConflictError as error:
            return type(error).__name__

    with ThreadPoolExecutor(3) as pool:
        outcomes = sorted(pool.map(decide, [approve, approve, approve]))
    assert outcomes == ["ConflictError", "ConflictError", "issued"]
    assert len(waivers(prices)) == 1


def test_a_waived_finding_holds_the_bill_again_once_what_was_found_grows(prices: Engine, held: int) -> None:
    with prices.begin() as connection:
        connection.execute(text("UPDATE metering.environment_hours SET state = 'stale' WHERE hour_start = :hour"),
                           {"hour": OCTOBER.window.start + timedelta(hours=9)})  # fmt: skip
    close_period(prices, OCTOBER, LATER)
    waive(prices, answer(prices), "no_gap_is_open", LATER)
    assert [found.finding for found in show_bill(prices, BILL).findings] == ["every_hour_is_closed"]

    with prices.begin() as connection:
        connection.execute(text("UPDATE metering.gaps SET gap_end = gap_end + interval '1 second'"))
    close_period(prices, OCTOBER, LATER)
    assert {found.finding for found in show_bill(prices, BILL).findings} == {"every_hour_is_closed", "no_gap_is_open"}


def test_a_waiver_of_an_hour_that_is_not_closed_is_not_one_of_another_hour(prices: Engine, held: int) -> None:
    swap = text(
        "UPDATE metering.environment_hours SET state = CASE WHEN hour_start IN :open THEN 'stale' ELSE 'closed' END"
    )
    hours = [OCTOBER.window.start + timedelta(hours=number) for number in (3, 9, 15)]
    for open_hours in (hours[:2], hours[::2]):
        with prices.begin() as connection:
            connection.execute(swap.bindparams(bindparam("open", expanding=True)), {"open": open_hours})
        close_period(prices, OCTOBER, LATER)
        found = {found.finding: found for found in show_bill(prices, BILL).findings}
        assert "2 of 744 hours" in found["every_hour_is_closed"].sentence
        waive(prices, answer(prices), "every_hour_is_closed", LATER)
