"""Scenarios with faults, by seed: they heal, they repeat, and the judges see what does not heal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from include.faults.run import open_scenarios
from include.faults.tasks import Tasks
from include.marketplace.push.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from include.faults.run import Result, Scenarios

pytestmark = pytest.mark.slow

BOOKED = "commit in marketplace/push/ledger.Ledger.book"
REGRESSIONS = sorted((Path(__file__).parent / "regressions").glob("*.json"))


@pytest.fixture(scope="module")
def scenarios(postgres_server: URL) -> Iterator[Scenarios]:
    with open_scenarios(postgres_server) as played:
        yield played


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_scenario_with_faults_heals(seed: int, scenarios: Scenarios) -> None:
    result = scenarios.seed(seed)
    assert result.problems == []
    assert len(result.faults) + result.repeated > 0


def test_the_same_seed_gives_the_same_bytes(scenarios: Scenarios) -> None:
    first, again = (json.dumps(scenarios.seed(6).to_json(), sort_keys=True) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("file", REGRESSIONS, ids=lambda file: file.stem)
def test_what_once_went_wrong_heals(file: Path, scenarios: Scenarios) -> None:
    case = json.loads(file.read_text(encoding="utf-8"))
    if "seed" in case:
        result = scenarios.seed(case["seed"])
    else:
        outcomes = {(point, visit): outcome for point, visit, outcome in case["faults"]}
        result = scenarios.script(outcomes, case.get("repeated", ()))
        assert len(result.faults) == len(outcomes)
    assert result.problems == [], case["why"]


def died_before_booking(scenarios: Scenarios) -> Result:
    return scenarios.script({(BOOKED, 1): "died before"})


def test_a_push_that_is_sent_again_without_knowing_is_found(
    scenarios: Scenarios, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send_again(ledger: Ledger, now: object) -> list[int]:
        with ledger._connection.begin():
            ledger._connection.execute(
                text("UPDATE marketplace.push_records SET outcome = 'pending' WHERE outcome = 'sending'")
            )
        return []

    monkeypatch.setattr(Ledger, "settle_interrupted", send_again)
    assert any("is duplicated" in problem for problem in died_before_booking(scenarios).problems)


def test_a_push_whose_outcome_is_never_resolved_is_found(scenarios: Scenarios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tasks, "resolve", lambda *_: None)
    assert "1 push: unknown, when all is over" in died_before_booking(scenarios).problems


def test_an_hour_that_is_lost_is_found(scenarios: Scenarios, monkeypatch: pytest.MonkeyPatch) -> None:
    push = Tasks.push

    def lose(tasks: Tasks, process: str) -> None:
        push(tasks, process)
        with tasks.warehouse.begin() as connection:
            connection.execute(text("DELETE FROM metering.usage WHERE hour_start = '2026-10-31T14:00:00Z'"))

    monkeypatch.setattr(Tasks, "push", lose)
    problems = scenarios.script({}).problems
    assert any("AKU-seconds at 2026-10-31T14:00:00Z, and 0 are metered" in problem for problem in problems)
    assert any("differs from the undisturbed one" in problem or "are metered" in problem for problem in problems)
