"""The last steps: the first Kafka instance, metering, and what there is to progress."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from include.automq.console import Console, NewInstance
from include.domain.errors import ConflictError
from include.onboarding.environments import console_access
from include.onboarding.ledger import take_step
from include.onboarding.terms import enter_licence
from include.warehouse.engine import USAGE, locked, statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.domain.onboarding import Admission, FirstInstance
    from include.warehouse.vault import Vault

INSTANCE = "create_first_instance"
METER = "start_metering"


class Report(NamedTuple):
    """What became of a request, for the operator: ids, where the console is, and what comes next; no secrets."""

    subscription_id: str
    account_id: str
    environment_name: str
    region: str
    payment: str
    state: str
    attempt: int
    order_id: str | None
    marketplace_instance_id: str | None
    service_instance_id: str | None
    environment_id: str | None
    console_url: str | None
    first_instance_id: str | None
    started_at: datetime
    metering_started_at: datetime | None

    def to_json(self) -> dict[str, str | int | None]:
        """All of it, with what comes next; instants in ISO 8601."""
        facts = {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in self._asdict().items()
        }
        return {**facts, "next_steps": self.next_steps}

    @property
    def next_steps(self) -> str:
        """What the operator does now."""
        instance = (
            f"Kafka instance {self.first_instance_id} is being created"
            if self.first_instance_id
            else "the buyer creates its Kafka instances there"
        )
        return (
            f"Tell the buyer that environment {self.environment_name} is ready at {self.console_url}; {instance}. "
            "Usage is read every 5 minutes from now on; the first hour is closed by the next aku_metering run."
        )


def create_first_instance(warehouse: Engine, vault: Vault, admission: Admission, at: datetime) -> str | None:
    """Create the Kafka instance that was asked for, once.

    A console has no idempotency token, so an instance of that name is looked for before one is made. Its name is the
    buyer's own choice in its own new environment: what bears it there is ours.

    Returns:
        its id; None when none was asked for.

    Raises:
        ConflictError: an instance of that name has another size.
        RefusedError: the console said no.
        RetriableError: it did not answer.
    """
    with take_step(warehouse, admission, INSTANCE, at) as step:
        if step.result is not None:
            earlier: str | None = step.result["instance_id"]
            return earlier
        wanted = step.subscription.asked.first_instance
        instance_id: str | None = None
        if wanted:
            with warehouse.connect() as connection:
                access = console_access(connection, vault, admission.subscription_id)
            instance_id = _find_or_create(Console(access), wanted)
        sentence = f"Created Kafka instance {instance_id}." if instance_id else "No first instance was asked for."
        with step.done(sentence, {"instance_id": instance_id}):
            return instance_id


def start_metering(warehouse: Engine, admission: Admission, at: datetime) -> None:
    """Have the environment polled and the subscription counted; a prepaid one gets its licence.

    Raises:
        ConflictError: the console has not been verified.
    """
    with take_step(warehouse, admission, METER, at) as step:
        if step.result is not None:
            return
        key = {"subscription_key": step.subscription.subscription_key}
        with step.done("Metering has started.") as connection, locked(connection, *USAGE):
            if connection.execute(statement("onboarding/steps/meter_environment"), key).rowcount != 1:
                raise ConflictError(f"The console of {admission.subscription_id} has not been verified yet.")
            connection.execute(statement("onboarding/steps/activate_subscription"), key)
            enter_licence(connection, step.subscription)


def report(warehouse: Engine, subscription_id: str) -> Report:
    """What became of a subscription's onboarding."""
    with warehouse.connect() as connection:
        row = connection.execute(statement("onboarding/steps/summarize"), {"subscription_id": subscription_id}).one()
    return Report(**row._mapping)  # noqa: SLF001 (SQLAlchemy's public name)


def _find_or_create(console: Console, wanted: FirstInstance) -> str:
    found = console.find_instance(wanted.name)
    if found is None:
        return console.create_instance(NewInstance(wanted.name, wanted.aku)).instance_id
    if found.aku != wanted.aku:
        raise ConflictError(
            f"The console has an instance {wanted.name!r} of {found.aku} AKU already, and {wanted.aku} AKU were asked "
            "for. Rename or resize it in the console, then clear this task."
        )
    return found.instance_id
