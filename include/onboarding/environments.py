"""Registers the one environment of a subscription, and sees its console answer.

The console's credential comes in the deployment's outputs; it goes encrypted into the warehouse and nowhere else.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from include.automq.access import ConsoleAccess
from include.automq.console import Console
from include.domain.errors import ConflictError, RetriableError, UnexpectedAnswerError
from include.domain.sharding import shard_of
from include.onboarding.ledger import take_step
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from include.alibaba.computenest import ComputeNest
    from include.domain.onboarding import Admission
    from include.onboarding.ledger import Step
    from include.warehouse.vault import Vault

REGISTER = "register_environment"
VERIFY = "verify_console"
#: A console starts within minutes of its machine; after this a person must look.
CONSOLE_LIMIT = timedelta(minutes=30)


def register_environment(
    warehouse: Engine, cloud: ComputeNest, vault: Vault, admission: Admission, at: datetime
) -> str:
    """Enter the environment that the deployment made, with its credential; asked again, answer the same.

    Returns:
        the environment's id.

    Raises:
        UnexpectedAnswerError: the outputs lack what our template yields.
        ConflictError: the environment is another subscription's.
        RetriableError: Compute Nest did not answer.
    """
    with take_step(warehouse, admission, REGISTER, at) as step:
        if step.result is not None:
            return str(step.result["environment_id"])
        service_instance_id = step.subscription.service_instance_id
        if service_instance_id is None or step.subscription.state == "ordered":
            raise ConflictError(f"{admission.subscription_id} is not deployed yet. Run the earlier steps first.")
        access = _console_in(cloud.get_service_instance(service_instance_id).outputs, service_instance_id)
        with step.done(
            f"Registered environment {access.environment_id}.", {"environment_id": access.environment_id}
        ) as connection:
            _refuse_foreign(connection, step, access.environment_id)
            _enter(connection, step, access, vault)
        return access.environment_id


def console_answers(warehouse: Engine, vault: Vault, admission: Admission, now: datetime) -> bool:
    """Whether the environment's console answers our signed request; the first time that it does is recorded.

    Raises:
        AttemptFailedError: it has not answered within CONSOLE_LIMIT.
        RefusedError: it answers, but not to our credential.
    """
    with take_step(warehouse, admission, VERIFY, now) as step:
        if step.result is not None:
            return True
        with warehouse.connect() as connection:
            access = console_access(connection, vault, admission.subscription_id)
        try:
            Console(access, deadline_seconds=15).list_instances()
        except RetriableError as error:
            if now - step.begun_at < CONSOLE_LIMIT:
                return False
            minutes = CONSOLE_LIMIT // timedelta(minutes=1)
            step.fail(
                f"The console of environment {access.environment_id} at {access.base_url} did not come up within "
                f"{minutes} minutes of its deployment ({str(error).rstrip('. ')}). The deployment is removed; look at "
                "the buyer's network rules for the console's port, then start a new run for the same request."
            )
        with step.done(f"The console at {access.base_url} answers.") as connection:
            connection.execute(
                statement("onboarding/steps/verify_environment"),
                {"subscription_key": step.subscription.subscription_key, "at": now},
            )
        return True


def console_access(connection: Connection, vault: Vault, subscription_id: str) -> ConsoleAccess:
    """The access to a subscription's console.

    Raises:
        ConflictError: when none is registered.
    """
    row = connection.execute(
        statement("onboarding/steps/find_environment"), {"subscription_id": subscription_id}
    ).one_or_none()
    if row is None:
        raise ConflictError(f"{subscription_id} has no environment yet. Run the step register_environment first.")
    return ConsoleAccess(
        base_url=row.console_url,
        environment_id=row.environment_id,
        access_key_id=row.access_key_id,
        secret=vault.decrypt(row.secret_ciphertext),
    )


def _console_in(outputs: Mapping[str, object], service_instance_id: str) -> ConsoleAccess:
    """The console that our Compute Nest template hands over in its outputs."""
    missing = [
        name for name in ("EnvironmentId", "ConsoleUrl", "AccessKeyId", "AccessKeySecret") if not outputs.get(name)
    ]
    url = urlsplit(str(outputs.get("ConsoleUrl")))
    if missing or url.scheme not in ("http", "https") or not url.hostname:
        what = f"lack {', '.join(missing)}" if missing else "have a ConsoleUrl that is no http or https URL"
        raise UnexpectedAnswerError(
            f"The outputs of service instance {service_instance_id} {what}. Publish a version of the Compute Nest "
            "service whose template yields them, and upgrade the service instance."
        )
    return ConsoleAccess(
        base_url=str(outputs["ConsoleUrl"]).rstrip("/"),
        environment_id=str(outputs["EnvironmentId"]),
        access_key_id=str(outputs["AccessKeyId"]),
        secret=SecretStr(str(outputs["AccessKeySecret"])),
    )


def _refuse_foreign(connection: Connection, step: Step, environment_id: str) -> None:
    owner = connection.execute(
        statement("onboarding/steps/find_environment_owner"),
        {"environment_id": environment_id, "subscription_key": step.subscription.subscription_key},
    ).scalar_one_or_none()
    if owner:
        raise ConflictError(
            f"Environment {environment_id} belongs to subscription {owner} already, and the deployment of "
            f"{step.subscription.subscription_id} claims it too. Check the outputs of both service instances."
        )


def _enter(connection: Connection, step: Step, access: ConsoleAccess, vault: Vault) -> None:
    environment_key = connection.execute(
        statement("onboarding/steps/register_environment"),
        {
            "environment_id": access.environment_id,
            "subscription_key": step.subscription.subscription_key,
            "console_url": access.base_url,
            "shard": shard_of(access.environment_id),
            "at": step.at,
        },
    ).scalar_one()
    connection.execute(
        statement("onboarding/steps/store_credential"),
        {
            "environment_key": environment_key,
            "access_key_id": access.access_key_id,
            "secret_ciphertext": vault.encrypt(access.secret),
            "at": step.at,
        },
    )
