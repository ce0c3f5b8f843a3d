"""Our errors decide what Airflow does next."""

from __future__ import annotations

import errno
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import yaml
from airflow.sdk.definitions.retry_policy import RetryAction
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from include.domain.errors import ConflictError, RetriableError
from include.orchestration.errors import KnownFailure, RetryByError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

pytestmark = pytest.mark.slow


def test_a_fatal_error_is_not_tried_again_and_says_why() -> None:
    decision = RetryByError().evaluate(ConflictError("It exists already."), 1, 4)
    assert (decision.action, decision.reason) == (RetryAction.FAIL, "It exists already.")


def test_a_retriable_error_waits_as_long_as_the_outside_asked() -> None:
    decision = RetryByError().evaluate(RetriableError("Throttled.", retry_after=7), 1, 4)
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, timedelta(seconds=7))


def test_a_retriable_error_without_a_wish_follows_the_tasks_own_retries() -> None:
    assert RetryByError().evaluate(RetriableError("Unreachable."), 1, 4).action is RetryAction.DEFAULT


def test_any_other_error_follows_the_tasks_own_retries() -> None:
    assert RetryByError().evaluate(ValueError("bug"), 1, 4).action is RetryAction.DEFAULT


PATHS = {
    "Not a directory": lambda folder: (folder / "file/inside").mkdir(),
    "Is a directory": lambda folder: folder.read_bytes(),
    "File name too long": lambda folder: (folder / ("x" * 300)).write_text("x"),
    "Too many levels": lambda folder: (folder / "loop").write_text("x"),
    "Permission denied": lambda _: fail(PermissionError(errno.EACCES, "Permission denied")),
}


def fail(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("said", PATHS)
def test_a_path_that_cannot_be_used_fails_at_once_in_words(tmp_path: Path, said: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OSError, match=said) as failed:
        PATHS[said](tmp_path)
    decision = RetryByError().evaluate(failed.value, 1, 4)
    assert decision.action is RetryAction.FAIL
    assert said in str(decision.reason)
    assert "Check the path and who may read" in str(decision.reason)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), ConnectionRefusedError(111, "Refused")])
def test_a_full_disk_and_a_refused_connection_are_tried_again(error: OSError) -> None:
    assert RetryByError().evaluate(error, 1, 4).action is RetryAction.DEFAULT


REFUSED = {
    "CAST('x' AS integer)": "refused a value: invalid input syntax for type integer",
    "CAST(10000000000 AS integer)": "refused a value: integer out of range",
    "1 / 0": "refused a value: division by zero",
    "CAST('2026-02-30' AS date)": "refused a value: date/time field value out of range",
    "(SELECT nothing FROM metering.imports)": 'column "nothing" does not exist. Run `akubill warehouse migrate`',
    "(SELECT 1 FROM metering.nothing)": "does not exist. Run `akubill warehouse migrate`",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_what_the_database_would_refuse_again_fails_at_once_in_words(warehouse: Engine, expression: str) -> None:
    with warehouse.connect() as connection, pytest.raises(DBAPIError) as failed:
        connection.execute(text(f"SELECT {expression}"))
    decision = RetryByError().evaluate(failed.value, 1, 4)
    assert decision.action is RetryAction.FAIL
    assert REFUSED[expression] in str(decision.reason)
    assert "\n" not in str(decision.reason)


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "57P01", "53300", "23505", "08006"])
def test_what_may_pass_in_the_database_is_tried_again(warehouse: Engine, state: str) -> None:
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = '{state}'; END $$"
    with warehouse.connect() as connection, pytest.raises(DBAPIError) as failed:
        connection.execute(text(raised))
    assert RetryByError().evaluate(failed.value, 1, 4).action is RetryAction.DEFAULT


def test_what_is_no_yaml_fails_at_once_in_words() -> None:
    with pytest.raises(yaml.YAMLError) as failed:
        yaml.safe_load("a: [")
    decision = RetryByError().evaluate(failed.value, 1, 4)
    assert decision.action is RetryAction.FAIL
    assert str(decision.reason).startswith("This is not YAML: while parsing a flow")


def test_what_was_said_in_words_is_decided_by_its_reason() -> None:
    decision = RetryByError().evaluate(KnownFailure(ConflictError("It exists already.")), 1, 4)
    assert (decision.action, decision.reason) == (RetryAction.FAIL, "It exists already.")
    assert str(KnownFailure(ConflictError("It exists already."))) == "It exists already."
