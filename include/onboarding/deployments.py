"""Follows a deployment to its end, and takes away one that failed.

Nothing waits in here: the caller looks again later, until the answer is final.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.alibaba.errors import refusal_kind
from include.domain.errors import ConflictError, RefusedError, RetriableError
from include.domain.subscriptions import client_token
from include.onboarding.ledger import current, take_step
from include.onboarding.orders import find_ordered
from include.onboarding.subscriptions import find
from include.warehouse.engine import locked, statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from include.alibaba.computenest import ComputeNest, ServiceInstance
    from include.domain.onboarding import Admission
    from include.onboarding.subscriptions import Subscription

STEP = "await_deployment"
#: Compute Nest deploys a console in minutes; after this a person must look.
DEPLOYMENT_LIMIT = timedelta(hours=2)
DEPLOYING = frozenset({"Created", "Deploying"})
DELETING = frozenset({"Created", "Deploying", "DeployedFailed", "Deployed", "Upgrading", "Deleting"})


def progress_of(instance: ServiceInstance) -> str:
    """How far a deployment is, as a line for the log."""
    detail = f", {instance.status_detail}" if instance.status_detail else ""
    return f"Service instance {instance.service_instance_id}: {instance.status}, {instance.progress} %{detail}"


def look(cloud: ComputeNest, service_instance_id: str) -> tuple[str, str]:
    """The status of a service instance, Deleted when it is gone, and its progress as a line for the log.

    Raises:
        RetriableError: Compute Nest did not answer.
    """
    try:
        instance = cloud.get_service_instance(service_instance_id)
    except RefusedError as error:
        if refusal_kind(error.code) != "not_found":
            raise
        return "Deleted", f"Service instance {service_instance_id} is gone."
    return instance.status, progress_of(instance)


def is_decided(warehouse: Engine, cloud: ComputeNest, admission: Admission, now: datetime) -> bool:
    """Whether the deployment has come to an end; if it has, it is recorded.

    Raises:
        AttemptFailedError: it failed, or took longer than DEPLOYMENT_LIMIT.
        RetriableError: Compute Nest did not answer.
    """
    with take_step(warehouse, admission, STEP, now) as step:
        if step.result is not None:
            return True
        service_instance_id = _ordered(step.subscription)
        instance = cloud.get_service_instance(service_instance_id)
        if instance.status in DEPLOYING:
            if now - step.begun_at < DEPLOYMENT_LIMIT:
                return False
            hours = DEPLOYMENT_LIMIT // timedelta(hours=1)
            step.fail(
                f"{progress_of(instance)}: it is not deployed after {hours} hours, which is the limit. "
                "It is removed; start a new run for the same request to try again."
            )
        if instance.status != "Deployed":
            step.fail(
                f"Compute Nest could not deploy service instance {service_instance_id} ({instance.status}): "
                f"{(instance.status_detail or 'it gave no reason').rstrip('. ')}. "
                "It is removed; when the reason is fixed, start a new run for the same request."
            )
        with step.done(f"Service instance {service_instance_id} is deployed.") as connection:
            connection.execute(
                statement("onboarding/steps/record_deployment"),
                {"subscription_key": step.subscription.subscription_key},
            )
        return True


def service_instance_of(warehouse: Engine, admission: Admission) -> str:
    """The service instance that an attempt has ordered.

    Raises:
        ConflictError: when nothing is ordered yet, or the attempt is over.
    """
    with warehouse.connect() as connection:
        return _ordered(current(connection, admission))


def remove_failed(warehouse: Engine, cloud: ComputeNest, admission: Admission) -> str | None:
    """Start deleting what an attempt that failed for good has left at Compute Nest.

    Returns:
        the service instance that goes; None when no step failed for good (whatever broke may go on) or nothing is left.

    Raises:
        RetriableError: Compute Nest did not answer.
    """
    with warehouse.begin() as guard, locked(guard, "onboarding", admission.subscription_id):
        subscription, reason = _failed_attempt(guard, admission)
        if subscription is None or reason is None:
            return None
        service_instance_id = find_ordered(cloud, subscription)
        if service_instance_id is None or look(cloud, service_instance_id)[0] == "Deleted":
            return None
        token = client_token(subscription.subscription_id, admission.attempt, "remove_deployment")
        cloud.delete_service_instance(service_instance_id, token)
        return service_instance_id


def close_failed(warehouse: Engine, cloud: ComputeNest, admission: Admission) -> str | None:
    """End an attempt that failed for good, once nothing of it is left: the subscription is failed, with the reason.

    Returns:
        the reason; None when no step failed for good.

    Raises:
        RetriableError: its service instance is still there, or Compute Nest did not answer.
    """
    with warehouse.begin() as connection, locked(connection, "onboarding", admission.subscription_id):
        subscription, reason = _failed_attempt(connection, admission)
        if subscription is None or reason is None:
            return None
        service_instance_id = find_ordered(cloud, subscription)
        status = look(cloud, service_instance_id)[0] if service_instance_id else "Deleted"
        if status in DELETING:
            raise RetriableError(f"Service instance {service_instance_id} is still {status}.", retry_after=30)
        if status == "DeletedFailed":
            reason += (
                f" Service instance {service_instance_id} could not be deleted: delete it in Compute Nest by hand."
            )
        key = {"subscription_key": subscription.subscription_key}
        connection.execute(statement("onboarding/steps/delete_credential"), key)
        connection.execute(statement("onboarding/steps/delete_environment"), key)
        connection.execute(
            statement("onboarding/steps/fail_subscription"), {**key, "attempt": admission.attempt, "reason": reason}
        )
        return reason


def is_removed(cloud: ComputeNest, service_instance_id: str) -> bool:
    """Whether a service instance that is being deleted is gone, or cannot go."""
    return look(cloud, service_instance_id)[0] not in DELETING


def _ordered(subscription: Subscription) -> str:
    if subscription.service_instance_id is None:
        raise ConflictError(f"{subscription.subscription_id} has nothing ordered yet. Run the step place_order first.")
    return subscription.service_instance_id


def _failed_attempt(connection: Connection, admission: Admission) -> tuple[Subscription | None, str | None]:
    """The subscription and the reason, where that attempt failed for good and is still the one under way."""
    subscription = find(connection, admission.subscription_id)
    if subscription is None or subscription.attempt != admission.attempt:
        return None, None
    failed = connection.execute(statement("onboarding/steps/find_failed_step"), admission._asdict()).one_or_none()
    return subscription, failed.detail if failed else None
