"""`akubill reconcile` on two files: a verdict on each hour, and what may explain it."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.domain.words.reconciliation import HOUR_VERDICTS, HYPOTHESES
from include.reconciliation.hours.compare_files import HourVerdict, compare_files
from include.warehouse import embedded

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

AT = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: What one writes of a row when nothing else matters.
Rows = list[tuple[str, int, str, str]]


def write(file: Path, rows: list[tuple], *columns: str) -> Path:
    """Rows of subscription, hours after AT, amount, currency, and more columns."""
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["subscription_id", "hour", "amount", "currency", *columns])
        writer.writerows([name, (AT + hour * HOUR).isoformat(), *rest] for name, hour, *rest in rows)
    return file


def compare(
    warehouse: Engine, folder: Path, ours: list[tuple], theirs: list[tuple], *columns: str
) -> list[HourVerdict]:
    files = write(folder / "ours.csv", ours, *columns), write(folder / "theirs.csv", theirs)
    verdicts, wrong = compare_files(warehouse, *files)
    assert wrong == []
    return verdicts


def said(verdicts: list[HourVerdict]) -> list[tuple[int, str, str | None]]:
    return [(int((each.hour_start - AT) / HOUR), each.verdict, each.hypothesis) for each in verdicts]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("1.20", "1.20", ("agrees", None)),
        ("1.20", "1.2", ("agrees", None)),
        ("0.30000000000000004", "0.3", ("agrees", None)),
        (None, "0", ("agrees", None)),
        ("1.239", "1.23", ("differs_by_rounding", "truncation")),
        ("1.24", "1.23", ("differs", None)),
        ("1.23", None, ("missing_there", "missed_window")),
        (None, "1.23", ("missing_here", None)),
        ("1.239", "2.47", ("differs", "doubled_window")),
        ("1.23", "9.99", ("differs", None)),
        (None, "-1.23", ("refund", None)),
        ("0", "-1.23", ("refund", None)),
    ],
)
def test_an_hour_has_a_verdict_and_the_first_hypothesis_that_fits(
    ours: str | None, theirs: str | None, expected: tuple, warehouse: Engine, tmp_path: Path
) -> None:
    ours_rows, their_rows = ([("s", 0, amount, "CNY")] if amount else [] for amount in (ours, theirs))
    assert said(compare(warehouse, tmp_path, ours_rows, their_rows)) == [(0, *expected)]


def test_other_measures_of_our_hour_explain_it(warehouse: Engine, tmp_path: Path) -> None:
    columns = ("peak_amount", "started_hour_amount", "uncovered_amount")
    ours = [
        ("s", 0, "3", "CNY", "6", "7", "8"), ("s", 3, "3", "CNY", "5", "7", "8"),
        ("s", 6, "3", "CNY", "5", "7.001", "8"), ("s", 9, "0", "CNY", "", "", "8"), ("s", 12, "3", "CNY", "9", "9", ""),
    ]  # fmt: skip
    theirs = [("s", hour, amount, "CNY") for hour, amount in ((0, "6"), (3, "7"), (6, "7"), (9, "8"), (12, "4"))]
    assert said(compare(warehouse, tmp_path, ours, theirs, *columns)) == [
        (0, "differs", "peak_of_hour"),
        (3, "differs", "started_hour"),
        (6, "differs", "started_hour"),
        (9, "differs", "licence_overage"),
        (12, "differs", None),
    ]


def test_usage_in_the_wrong_hour_is_found_by_the_hours_beside_it(warehouse: Engine, tmp_path: Path) -> None:
    ours = [("s", 0, "5", "CNY"), ("s", 1, "2", "CNY"), ("s", 5, "4", "CNY"), ("t", 6, "4", "CNY")]
    theirs = [("s", 1, "7", "CNY"), ("s", 6, "4", "CNY")]
    assert said(compare(warehouse, tmp_path, ours, theirs)) == [
        (0, "missing_there", "moved_window"),
        (1, "differs", "moved_window"),
        (5, "missing_there", "moved_window"),
        (6, "missing_here", "moved_window"),
        (6, "missing_there", "missed_window"),
    ]


def test_a_refund_beside_a_charge_is_named_where_the_rest_agrees(warehouse: Engine, tmp_path: Path) -> None:
    ours = [("s", 0, "5", "CNY"), ("s", 3, "5", "CNY"), ("s", 6, "2", "CNY"), ("s", 9, "5", "CNY")]
    theirs = [
        ("s", hour, amount, "CNY") for hour, amount in ((0, "5"), (0, "-2"), (3, "9"), (3, "-2"), (6, "5"), (6, "-3"))
    ]
    verdicts = compare(warehouse, tmp_path, ours, [*theirs, ("s", 9, "-5", "CNY")])
    assert [each.verdict for each in verdicts] == ["refund", "differs", "agrees", "differs"]
    assert verdicts[0].sentence == "The Marketplace gave back 2.00 CNY of the hour; the rest agrees."


def test_amounts_in_two_currencies_are_never_subtracted(warehouse: Engine, tmp_path: Path) -> None:
    (verdict,) = compare(warehouse, tmp_path, [("s", 0, "5", "CNY")], [("s", 0, "5", "USD")])
    assert (verdict.verdict, verdict.hypothesis, verdict.difference) == ("differs", "currency", None)
    assert verdict.sentence.startswith("The Marketplace charges 5.00 USD, and we 5.00 CNY.")


def test_every_verdict_and_hypothesis_has_words(warehouse: Engine) -> None:
    for verdict in HOUR_VERDICTS:
        for hypothesis in (None, *HYPOTHESES):
            assert HourVerdict("s", AT, None, None, None, None, "CNY", None, verdict, hypothesis).sentence.endswith(".")


CENTS = st.integers(-300, 300).map(lambda thousandths: f"{thousandths / 1000:.3f}")
SIDE = st.lists(st.tuples(st.sampled_from("st"), st.integers(0, 5), CENTS, st.just("CNY")), max_size=12)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(ours=SIDE, theirs=SIDE)
def test_verdicts_are_those_of_an_independent_calculation(
    ours: Rows, theirs: Rows, warehouse: Engine, tmp_path: Path
) -> None:
    sums: dict[tuple[str, int], list[list[Fraction]]] = defaultdict(lambda: [[], []])
    for place, side in enumerate((ours, theirs)):
        for name, hour, amount, _ in side:
            sums[name, hour][place].append(Fraction(amount))
    expected = {}
    for key, (mine, other) in sums.items():
        charged, refunded = [each for each in other if each >= 0], [each for each in other if each < 0]
        expected[key] = plain_verdict(mine, other)
        if refunded and expected[key] != "agrees" and plain_verdict(mine, charged) in {"agrees", "differs_by_rounding"}:
            expected[key] = "refund"
    found = compare(warehouse, tmp_path, list(ours), list(theirs))
    assert {(each.subscription_id, int((each.hour_start - AT) / HOUR)): each.verdict for each in found} == expected


def plain_verdict(mine: list[Fraction], other: list[Fraction]) -> str:
    apart = abs(sum(mine, Fraction(0)) - sum(other, Fraction(0)))
    if not apart:
        return "agrees"
    if not mine or not other:
        return "missing_there" if mine else "missing_here"
    return "differs_by_rounding" if apart < Fraction(1, 100) else "differs"


@pytest.fixture
def scratch_in_place(warehouse: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's scratch warehouse is that of the test: a server of its own takes seconds."""
    monkeypatch.setattr(embedded, "temporary_warehouse", lambda: nullcontext(warehouse))


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (("s", 0, "1e3", "CNY"), "amount is '1e3'"),
        (("s", 0, "nan", "CNY"), "amount is 'nan'"),
        (("s", 0, "", "CNY"), "amount is ''"),
        (("s", 0, "1", "XYZ"), "it must be a currency code of ISO 4217"),
        (("s", 0, "1", ""), "it must be a currency code of ISO 4217"),
        (("s", 0.5, "1", "CNY"), "it is not the start of a full hour"),
        (("", 0, "1", "CNY"), "subscription_id is ''"),
        (("s", 1, "1", "USD"), "currency is 'USD': it is not CNY, which line 2 has for the same hour"),
    ],
)
def test_a_row_that_breaks_a_rule_is_named_and_the_others_are_compared(
    row: tuple, rule: str, scratch_in_place: None, akubill, tmp_path: Path
) -> None:
    good = ("s", 1, "1.50", "CNY")
    files = [str(write(tmp_path / name, [good, row])) for name in ("ours.csv", "theirs.csv")]
    code, out, err = akubill("reconcile", "--ours", files[0], "--theirs", files[1], "--format", "json")
    assert code == 1
    assert [line.split(",")[0] for line in err.splitlines()] == ["ours.csv line 3", "theirs.csv line 3"]
    assert rule in err
    assert json.loads(out) == [
        {
            "subscription_id": "s",
            "hour": "2026-10-01T01:00:00Z",
            "our_amount": "1.50",
            "marketplace_amount": "1.50",
            "difference": "0.00",
            "currency": "CNY",
            "verdict": "agrees",
            "hypothesis": None,
            "sentence": "The Marketplace charges 1.50 CNY, as we do.",
        }
    ]
