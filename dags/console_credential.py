"""### Changes the credential of a console while it is polled.

**What.** Takes the console's next access key from the Airflow connection `automq_console_<environment id>` (its id as
*Login*, its secret as *Password*), asks the console with it, and, once the console has answered, stores it encrypted
in place of the last one. If the console refuses it or does not answer, nothing is changed.

**When.** By hand, when a credential is old (*Today* lists it under *What ends soon*) or may be known to others. Make
the next access key at the console first, and leave the last one enabled.

**What you do next.** Read the note of the run. Ten minutes later, disable the last access key at the console and
delete the connection: the secret is in the warehouse now.
"""

from __future__ import annotations

from airflow.sdk import dag

from include.orchestration.defaults import OPERATIONS, TAG, subscription_field, task_defaults
from include.orchestration.errors import task


@dag(
    schedule=None,
    max_active_runs=4,
    doc_md=__doc__,
    tags=[TAG, OPERATIONS, "onboarding", "metering"],
    default_args=task_defaults(OPERATIONS),
    params={"subscription": subscription_field("Its id, like sub-….")},
)
def console_credential() -> None:
    """Renew."""

    @task(has_page=True)
    def renew_credential() -> str:
        """Ask with the next one, then store it; yields what became of it."""
        from include.orchestration.onboarding import renew_credential_of_run

        return renew_credential_of_run()

    renew_credential()


console_credential()
