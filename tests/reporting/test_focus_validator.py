"""The FOCUS file before the FinOps Foundation's own validator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.reporting.focus import write_focus
from tests.support.focus_validator import NotRunError, validate

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

pytestmark = pytest.mark.slow

#: Reviewed: rules of the validator's model that contradict each other or the specification's own text.
CONTRADICTIONS = {
    # "MUST be null when the charge is not associated with an invoice", without that condition: null in every row, while
    # InvoiceId-C-005-C demands the opposite. Ours are all associated.
    "InvoiceId-C-004-C",
    # "MUST NOT be null when CommitmentDiscountId is not null and Charge Category is Usage" is asked where
    # CommitmentDiscountId is null, against CommitmentDiscountStatus-C-003-C. The other two only contain it.
    "CommitmentDiscountStatus-C-004-C",
    "CommitmentDiscountStatus-C-002-C",
    "CommitmentDiscountStatus-C-000-C",
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("period", ["2026-10", "2026-11", "2026-12"])
def test_the_validator_finds_nothing_but_its_own_contradictions(
    documents_warehouse: Engine, tmp_path: Path, period: str
) -> None:
    file = tmp_path / "focus.parquet"
    with documents_warehouse.connect() as connection:
        file.write_bytes(write_focus(connection, period).content)
    try:
        report = validate(file)
    except NotRunError as reason:
        pytest.skip(str(reason))
    print(f"{period}: {report.total} rules, {report.passed} pass, {report.failed} fail, {report.skipped} skipped")  # noqa: T201 (what `make focus` shows)
    assert report.failures == CONTRADICTIONS
    assert report.failed == len(CONTRADICTIONS)
    assert report.passed >= 325
