"""### Explains differences from the Marketplace's bill.

**What.** What the Marketplace's final bill does not confirm is a finding, and the report of *reconciliation* names it
until it is closed: by a correction of our bill, by another final bill, or by this explanation of a person. Who
explained it, when and why is kept in `reconciliation.findings`.

**When.** By hand: *Trigger*, fill in the form. The numbers are in the failed run of *reconciliation* and in `akubill
reconciliation findings`.

**What you do next.** Nothing. The findings of one form are all explained, or none. If the difference changes later, it
is a finding again.
"""

from __future__ import annotations

from airflow.sdk import dag

from include.domain.form_fields import NUMBERS
from include.orchestration.assets import RECONCILIATIONS
from include.orchestration.defaults import FINANCE, TAG, reason_field, task_defaults, text_field
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, FINANCE, "reconciliation"],
    default_args=task_defaults(FINANCE),
    params={
        "findings": text_field(
            "Findings", "Their numbers with commas or spaces, like 12, 13.", longest=4000, pattern=NUMBERS
        ),
        "reason": reason_field("What explains the difference, for someone who asks a year from now."),
    },
)
def difference_explanation() -> None:
    """Explain."""

    @task(has_page=True, inlets=[RECONCILIATIONS])
    def explain() -> str:
        """Close what the form names, or nothing; yields what was done."""
        from include.orchestration.outcomes import leave_sentence
        from include.orchestration.pages import RECONCILIATION
        from include.orchestration.reconciliation import explain_findings_of_run

        return leave_sentence(explain_findings_of_run(), page=RECONCILIATION)

    explain()


difference_explanation()
