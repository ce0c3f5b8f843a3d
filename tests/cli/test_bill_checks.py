"""`akubill bills verify` as a person calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from include.billing.bills.close import close_period
from include.billing.prices.plans import publish_price_plans
from include.cli.main import app
from include.domain.errors import InvalidInputError
from tests.billing.conftest import DUE, OCTOBER, price_plan, subscribe
from tests.billing.test_verify import BILL, change

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

pytestmark = pytest.mark.slow

__all__ = ["subscribe"]


@pytest.mark.usefixtures("airflow_connections")
def test_verifying_says_what_differs_by_its_exit_code_too(warehouse: Engine, subscribe: Callable[..., int]) -> None:
    publish_price_plans(warehouse, [price_plan()])
    subscribe(usage=(3600,))
    close_period(warehouse, OCTOBER, DUE)
    for arguments in ([BILL], ["--all"], ["--period", "2026-10"]):
        done = CliRunner().invoke(app, ["bills", "verify", *arguments])
        assert (done.exit_code, done.output) == (0, "1 document(s) verified: 1 as issued, 0 not.\n")
    change(warehouse, "UPDATE billing.bill_lines SET amount = 9")
    done = CliRunner().invoke(app, ["bills", "verify", "--all"])
    assert done.exit_code == 1
    assert f"{BILL}: Since it was issued something changed in its lines (billing.bill_lines)." in done.output


def test_what_to_verify_has_to_be_said() -> None:
    done = CliRunner().invoke(app, ["bills", "verify"])
    assert isinstance(done.exception, InvalidInputError)
