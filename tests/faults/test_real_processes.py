"""A scenario on a real stack whose processes are killed heals, and nothing is left of the stack.

Stack and scenario take two minutes on a quiet machine, so this is one seed: `make faults LEVEL=2` plays many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.faults.liveness import judge
from include.faults.real.plan import FAULTS, STEPS, plan
from include.faults.real.run import open_scenarios
from include.local import processes

if TYPE_CHECKING:
    from sqlalchemy import Engine


#: PostgreSQL is killed, the answer to a callback is lost, and a push is cut off.
SEED = 3


def test_a_seed_has_one_plan_and_seven_seeds_have_every_fault_once() -> None:
    assert plan(7) == plan(7) != plan(8)
    for first in (1, 8, 15):
        injected = [injection for seed in range(first, first + 7) for injection in plan(seed)]
        assert sorted(injection.fault for injection in injected) == sorted(FAULTS)
        assert {injection.step for injection in injected} == set(STEPS)


def test_who_did_nothing_is_found(owned_warehouse: Engine) -> None:
    with owned_warehouse.connect() as connection:
        session = connection.connection.dbapi_connection
        said = list(judge(session, [("bill", "issued")]))  # type: ignore[arg-type]
    assert said == ["no bill issued: nothing was done"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_scenario_in_real_processes_heals() -> None:
    said: list[str] = []
    with open_scenarios(said.append) as scenarios:
        assert scenarios.undisturbed.problems == []
        result = scenarios.play([SEED])
        running = scenarios.scene.running
    assert result.problems == [], result.to_json()
    assert any(took_effect for _, took_effect in result.injected)
    assert not running.state.folder.exists()
    assert list(processes.members(running.settings.stack_id)) == []
