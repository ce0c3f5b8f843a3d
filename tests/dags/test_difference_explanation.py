"""difference_explanation on a real Airflow: the form, the person, the refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from include.domain.billing_cycles import billing_cycle, final_at
from include.reconciliation.charges import fetch_charges
from include.reconciliation.compare import reconcile_period
from include.reconciliation.findings import list_findings
from tests.support.builders import make_bill, make_buyer, make_subscription
from tests.support.paper_bills import BillsOnPaper

pytestmark = pytest.mark.slow
PERIOD = "2026-10"
AT = final_at(billing_cycle(PERIOD)) + timedelta(hours=1)
REASON = "The buyer cancelled at the Marketplace and was not charged."


@pytest.fixture
def finding(warehouse, airflow_connections) -> int:
    """An open finding's number."""
    with warehouse.begin() as connection:
        make_bill(connection, make_subscription(connection, make_buyer(connection)), PERIOD, "12.34")
    fetch_charges(warehouse, PERIOD, AT, lambda _: BillsOnPaper([]))
    reconcile_period(warehouse, PERIOD, AT)
    [found] = list_findings(warehouse)
    return found.finding_key


def run(dagbag, **conf: Any) -> str:
    return str(dagbag.dags["difference_explanation"].test(run_conf={"reason": REASON} | conf).state)


def test_the_user_who_triggered_explains_a_finding(dagbag, finding, warehouse):
    assert run(dagbag, findings=str(finding)) == "success"
    [found] = list_findings(warehouse, with_closed=True)
    assert (found.closed_as, found.closed_by, found.reason) == ("explanation", "dag_test", REASON)
    assert run(dagbag, findings=str(finding)) == "success", "the same again changes nothing"
    assert run(dagbag, findings=str(finding), reason="Something else entirely.") == "failed"


def test_a_number_that_no_finding_has_is_refused_in_a_sentence(dagbag, finding, warehouse, caplog):
    assert run(dagbag, findings=f"{finding}, 4711") == "failed"
    assert "Findings is 4711: it is the number of no finding" in caplog.text
    assert len(list_findings(warehouse)) == 1
