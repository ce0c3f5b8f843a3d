"""Operators that look, and hand the waiting to a trigger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseSensorOperator

from include.orchestration.errors import operator_reporting_known_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow.sdk import Context


class _AwaitServiceInstance(BaseOperator):
    """Waits for a service instance to leave the busy statuses; holds no worker slot meanwhile."""

    def look_again(self, context: Context, event: dict[str, Any]) -> None:  # noqa: ARG002 (Airflow's signature)
        """Go on after the trigger has fired."""
        self.log.info("The wait ended: %s", event["status"])
        self._look()

    def _look(self) -> None:
        raise NotImplementedError

    def _wait_for(self, service_instance_id: str, busy: Iterable[str]) -> None:
        from include.onboarding.deployments import DEPLOYMENT_LIMIT
        from include.orchestration.onboarding import request
        from include.orchestration.triggers import ServiceInstanceTrigger

        self.defer(
            trigger=ServiceInstanceTrigger(
                request().account_id, service_instance_id, sorted(busy), DEPLOYMENT_LIMIT.total_seconds()
            ),
            method_name="look_again",
        )


@operator_reporting_known_errors
class AwaitDeployment(_AwaitServiceInstance):
    """Waits until the deployment of an attempt is decided, and records how.

    Args:
        admission: the attempt, as handed on by the task that admitted it.
    """

    template_fields: Sequence[str] = ("admission",)

    def __init__(self, *, admission: Any, **kwargs: Any) -> None:  # noqa: ANN401 (Airflow's XComArg)
        super().__init__(**kwargs)
        self.admission = admission

    def execute(self, context: Context) -> None:  # noqa: ARG002 (Airflow's signature)
        """Look, and wait unless it is decided."""
        self._look()

    def _look(self) -> None:
        from include.onboarding import deployments
        from include.orchestration import onboarding

        services, admission = onboarding.services(), onboarding.admission(self.admission)
        if not deployments.is_decided(services.warehouse, services.cloud, admission, datetime.now(UTC)):
            waited_for = deployments.service_instance_of(services.warehouse, admission)
            self._wait_for(waited_for, deployments.DEPLOYING)


@operator_reporting_known_errors
class AwaitRemoval(_AwaitServiceInstance):
    """Waits until a service instance that is being deleted is gone, or cannot go.

    Args:
        service_instance_id: None when nothing is deleted.
    """

    template_fields: Sequence[str] = ("service_instance_id",)

    def __init__(self, *, service_instance_id: Any, **kwargs: Any) -> None:  # noqa: ANN401 (Airflow's XComArg)
        super().__init__(**kwargs)
        self.service_instance_id = service_instance_id

    def execute(self, context: Context) -> None:  # noqa: ARG002 (Airflow's signature)
        """Look, and wait unless it is gone."""
        self._look()

    def _look(self) -> None:
        from include.onboarding import deployments
        from include.orchestration import onboarding

        going: str | None = self.service_instance_id
        if going and not deployments.is_removed(onboarding.services().cloud, going):
            self._wait_for(going, deployments.DELETING)


@operator_reporting_known_errors
class AwaitConsole(BaseSensorOperator):
    """Looks every 15 seconds whether the console answers, and holds no worker slot between looks.

    Onboarding's own limit ends the wait with a sentence; the sensor's is behind it, in case that one is never checked.

    Args:
        admission: the attempt, as handed on by the task that admitted it.
    """

    template_fields: Sequence[str] = ("admission",)

    def __init__(self, *, admission: Any, **kwargs: Any) -> None:  # noqa: ANN401 (Airflow's XComArg)
        super().__init__(mode="reschedule", poke_interval=15, timeout=7200, **kwargs)
        self.admission = admission

    def poke(self, context: Context) -> bool:  # noqa: ARG002 (Airflow's signature)
        """Whether it answers."""
        from include.onboarding.environments import console_answers
        from include.orchestration import onboarding

        services, admission = onboarding.services(), onboarding.admission(self.admission)
        return console_answers(services.warehouse, services.vault, admission, datetime.now(UTC))


@operator_reporting_known_errors
class StartRun(BaseOperator):
    """Starts a run of another DAG, once: of a run that exists already, nothing is started, and the task is skipped.

    Airflow's own operator does it. Its module takes a third of a second to import, so only the task imports it.

    Args:
        dag_to_run: id of the DAG.
        run_id: of the run.
        form: what its form is given.
    """

    template_fields: Sequence[str] = ("run_id", "form")

    def __init__(self, *, dag_to_run: str, run_id: Any, form: Any, **kwargs: Any) -> None:  # noqa: ANN401 (Airflow's XComArg)
        super().__init__(**kwargs)
        self.dag_to_run, self.run_id, self.form = dag_to_run, run_id, form

    def execute(self, context: Context) -> None:
        """Ask for the run; Airflow's task runner starts it."""
        from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

        TriggerDagRunOperator(
            task_id=f"{self.task_id}_now",
            trigger_dag_id=self.dag_to_run,
            trigger_run_id=self.run_id,
            conf=self.form,
            skip_when_already_exists=True,
        ).execute(context)
