"""### Takes a buyer from a request to one metered environment.

**What.** Checks the prerequisites, each as its own task; orders the service in the Marketplace through Compute Nest;
waits for the environment console without occupying a worker; registers the environment, checks that its console
answers, creates the first Kafka instance if one was requested, and starts metering.

**When.** By hand: *Trigger*, fill in the form. The same request again returns the same subscription and creates
nothing, so after an interruption simply trigger it again, or clear the failed task.

**If the buyer is refused.** The run's note lists all reasons at once; nothing was ordered. Each rule that is not met is
pink, and so is everything after. The run is green, as you have your answer: fix what it names and trigger again, or
give the buyer the contact in it. If no person asked, as for an order of the Marketplace, `admit` fails: a buyer waits.

**If the deployment fails**, or its console never answers, `clean_up` removes it and the subscription is *failed*,
with the reason. Trigger the same request again: that is the next attempt.

**What you do next.** `report` shows the ids, the console's URL and the next steps.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import TriggerRule, dag, result, task_group

from include.orchestration.defaults import OPERATIONS, TAG, task_defaults
from include.orchestration.errors import task
from include.orchestration.onboarding_form import onboarding_form
from include.orchestration.operators import AwaitConsole, AwaitDeployment, AwaitRemoval

CHECKS = ("site", "region", "size", "terms", "unique", "access", "real_name", "permissions", "order")


@task_group
def prerequisites() -> None:  # noqa: C901 (a task for each rule)
    """The prerequisites; each task checks one rule, and is skipped if it is not met."""

    @task
    def site() -> str:
        from include.onboarding.prerequisites import check_site
        from include.orchestration.onboarding import conclude, product, request

        return conclude(check_site(product(), request()))

    @task
    def region() -> str:
        from include.onboarding.prerequisites import check_region
        from include.orchestration.onboarding import conclude, product, request

        return conclude(check_region(product(), request()))

    @task
    def size() -> str:
        from include.onboarding.prerequisites import check_size
        from include.orchestration.onboarding import conclude, product, request

        return conclude(check_size(product(), request()))

    @task
    def terms() -> str:
        from include.onboarding.prerequisites import check_terms
        from include.orchestration.onboarding import conclude, product, request
        from include.orchestration.work import run_instant

        return conclude(check_terms(product(), request(), run_instant()))

    @task
    def unique() -> str:
        from include.onboarding.prerequisites import check_unique
        from include.orchestration.connections import warehouse
        from include.orchestration.onboarding import conclude, product, request

        return conclude(check_unique(warehouse(), product(), request()))

    @task
    def access() -> str:
        from include.orchestration.onboarding import check_access, conclude

        return conclude(check_access())

    @task
    def try_order() -> dict[str, Any]:
        """Have Compute Nest check the order without placing it."""
        from include.onboarding.prerequisites import try_order
        from include.orchestration.onboarding import compute_nest, product, request

        return try_order(compute_nest(request().account_id), product(), request())._asdict()

    @task
    def real_name(dry_run: dict[str, Any]) -> str:
        from include.onboarding.prerequisites import DryRun, check_real_name
        from include.orchestration.onboarding import conclude, product

        return conclude(check_real_name(product(), DryRun(**dry_run)))

    @task
    def permissions(dry_run: dict[str, Any]) -> str:
        from include.onboarding.prerequisites import DryRun, check_permissions
        from include.orchestration.onboarding import conclude

        return conclude(check_permissions(DryRun(**dry_run)))

    @task
    def order(dry_run: dict[str, Any]) -> str:
        from include.onboarding.prerequisites import DryRun, check_order
        from include.orchestration.onboarding import conclude, product, request

        return conclude(check_order(product(), request(), DryRun(**dry_run)))

    site(), region(), size(), terms(), unique()
    tried = try_order()
    access() >> tried
    real_name(tried), permissions(tried), order(tried)


@task_group
def clean_up(admission: Any) -> None:  # noqa: ANN401 (Airflow's XComArg)
    """Remove an attempt that failed for good; after an outage there is nothing to remove."""

    @task(trigger_rule=TriggerRule.ONE_FAILED)
    def remove_deployment(admission: dict[str, Any] | None) -> str | None:
        from include.onboarding.deployments import remove_failed
        from include.orchestration import onboarding

        admitted, services = onboarding.admission(admission), onboarding.services()
        return remove_failed(services.warehouse, services.cloud, admitted)

    @task
    def close_attempt(admission: dict[str, Any]) -> str | None:
        from include.onboarding.deployments import close_failed
        from include.orchestration import onboarding

        services = onboarding.services()
        return close_failed(services.warehouse, services.cloud, onboarding.admission(admission))

    removed = remove_deployment(admission)
    AwaitRemoval(task_id="await_removal", service_instance_id=removed) >> close_attempt(admission)


@dag(
    schedule=None,
    catchup=False,
    doc_md=__doc__,
    tags=[TAG, OPERATIONS, "onboarding"],
    default_args=task_defaults(OPERATIONS),
    params=onboarding_form(),
)
def subscription_onboarding() -> None:
    """Prerequisites, order, deployment, registration, activation, report."""

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def admit() -> dict[str, Any]:
        """Enter the subscription, or refuse it with all reasons."""
        from include.onboarding import subscriptions
        from include.orchestration import onboarding
        from include.orchestration.work import run_instant

        asked, services = onboarding.request(), onboarding.services()
        onboarding.require_all(CHECKS)
        return subscriptions.admit(services.warehouse, services.product, asked, run_instant())._asdict()

    @task
    def place_order(admission: dict[str, Any]) -> dict[str, Any]:
        """Order, or take over the buyer's own order."""
        from include.onboarding.onboard import place_or_adopt
        from include.orchestration import onboarding
        from include.orchestration.work import run_instant

        services, admitted = onboarding.services(), onboarding.admission(admission)
        return place_or_adopt(services, onboarding.request(), admitted, run_instant())._asdict()

    @task
    def register_environment(admission: dict[str, Any]) -> str:
        from include.onboarding.environments import register_environment
        from include.orchestration import onboarding
        from include.orchestration.work import run_instant

        services, admitted = onboarding.services(), onboarding.admission(admission)
        return register_environment(services.warehouse, services.cloud, services.vault, admitted, run_instant())

    @task
    def create_first_instance(admission: dict[str, Any]) -> str | None:
        from include.onboarding.activation import create_first_instance
        from include.orchestration import onboarding
        from include.orchestration.work import run_instant

        services = onboarding.services()
        return create_first_instance(services.warehouse, services.vault, onboarding.admission(admission), run_instant())

    @task
    def start_metering(admission: dict[str, Any]) -> None:
        from include.onboarding.activation import start_metering
        from include.orchestration import connections, onboarding
        from include.orchestration.work import run_instant

        start_metering(connections.warehouse(), onboarding.admission(admission), run_instant())

    @result
    @task(has_page=True)
    def report(admission: dict[str, Any]) -> dict[str, Any]:
        """Ids, the console's URL, and what comes next."""
        from include.onboarding.activation import report
        from include.orchestration import connections, pages
        from include.orchestration.outcomes import leave_sentence

        done = report(connections.warehouse(), admission["subscription_id"])
        leave_sentence(
            f"Subscription {done.subscription_id} is {done.state}. {done.next_steps}",
            page=pages.subscription(done.subscription_id),
        )
        return done.to_json()

    admission = admit()
    prerequisites() >> admission
    ordered = place_order(admission)
    deployed = AwaitDeployment(task_id="await_deployment", admission=admission)
    registered = register_environment(admission)
    verified = AwaitConsole(task_id="verify_console", admission=admission)
    started = create_first_instance(admission)
    ordered >> deployed >> registered >> verified >> started >> start_metering(admission) >> report(admission)
    [ordered, deployed, verified] >> clean_up(admission)


subscription_onboarding()
