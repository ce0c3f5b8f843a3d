"""Compares the machines that ran the paid image with the instances that were metered; what disagrees is a finding.

    machine_without_instance    a machine of a known environment, but no poll around its sighting lists its instance
    instance_without_machines   an instance billable in the polls around a listing that shows no machine of it
    unregistered_environment    machines that belong to no environment that is registered here

Polls and listings are taken at different instants, so a sighting is not compared with
whichever poll is newest: it waits until its environment has answered a poll after it. No race between the two makes a
finding, and a console's silence delays the comparison but loses nothing. A finding resolves by itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from include.domain.errors import FatalError
from include.domain.usage import BILLABLE_STATES, TOLERANCE
from include.domain.words.operations import say_discrepancy
from include.operations.notifications import Notification
from include.warehouse.engine import locked, run_steps, statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Engine


_STEPS = (
    "operations/machines/place_machines",
    "operations/machines/create_listing_instants",
    "operations/machines/create_listed_instances",
    "operations/machines/create_judged_sightings",
    "operations/machines/open_machine_findings",
    "operations/machines/mark_judged",
    "operations/machines/count_hours",
    "operations/machines/open_instance_findings",
)


class MachineDiscrepancyError(FatalError):
    """Everything that could be listed was compared; the rest needs a person."""


class MachinesNotListedError(FatalError):
    """Some buyers could not be asked; everybody else's machines were listed."""


@dataclass(frozen=True, slots=True)
class ComparedMachines:
    """What a comparison gave.

    Attributes:
        evaluated: sightings that were compared.
        resolved: findings that are no longer so.
        open: findings that stand now.
    """

    evaluated: int
    resolved: int
    open: int

    def counts(self) -> dict[str, int]:
        """The numbers by name."""
        return {"evaluated": self.evaluated, "resolved": self.resolved, "open": self.open}


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One disagreement; see the table operations.machine_discrepancies."""

    kind: str
    account_id: str
    region: str
    environment_id: str
    instance_id: str
    machines: int
    machine_hours: int
    first_seen_at: datetime
    last_seen_at: datetime
    state: str
    resolved_at: datetime | None

    @property
    def sentence(self) -> str:
        """What it is and what to do."""
        return say_discrepancy(self.kind, asdict(self))


def compare_machines(warehouse: Engine, at: datetime, tolerance: timedelta = TOLERANCE) -> ComparedMachines:
    """Judge every sighting that a later poll allows to judge, and open, prolong or resolve findings.

    Args:
        warehouse: holds sightings and polls.
        at: the instant of the run, in UTC; what came later is not looked at.
        tolerance: how long before a sighting a poll may lie to speak for it.
    """
    window = {"at": at, "tolerance": tolerance, "billable_states": sorted(BILLABLE_STATES)}
    with warehouse.begin() as connection, locked(connection, "operations", "machines"):
        counts = run_steps(connection, _STEPS, window)
        resolved = connection.execute(statement("operations/machines/resolve_findings"), window).all()
    return ComparedMachines(
        counts["operations/machines/mark_judged"], len(resolved), len(list_discrepancies(warehouse))
    )


def list_discrepancies(warehouse: Engine, *, with_resolved: bool = False) -> list[Discrepancy]:
    """The open findings, the oldest first; with the resolved ones where wanted."""
    with warehouse.connect() as connection:
        rows = connection.execute(statement("operations/machines/list_discrepancies"), {"with_resolved": with_resolved})
        return [Discrepancy(**row) for row in rows.mappings()]


def list_discrepancy_notifications(warehouse: Engine) -> list[Notification]:
    """What was not sent of findings yet: that they were opened, and that those which were sent are resolved."""
    with warehouse.connect() as connection:
        rows = connection.execute(statement("operations/machines/list_unsent_findings")).mappings().all()
    return [_notification_of(**row) for row in rows]


def _notification_of(discrepancy_key: int, transition: str, **facts: Any) -> Notification:  # noqa: ANN401 (a finding's columns)
    word = "FINDING" if transition == "opened" else "OVER, it is no longer so:"
    return Notification(
        f"machine_discrepancy/{discrepancy_key}/{transition}", f"{word} {Discrepancy(**facts).sentence}"
    )


def require_listed(failures: Mapping[str, str]) -> None:
    """Name the buyers whose machines could not be listed.

    Args:
        failures: per account id, why its machines could not be listed and what to do.

    Raises:
        MachinesNotListedError: when there are any.
    """
    if failures:
        raise MachinesNotListedError(" ".join(_silent(failures)))


def report_machines(failures: Mapping[str, str], findings: Sequence[Discrepancy]) -> None:
    """Name the buyers that could not be asked and what disagrees.

    Args:
        failures: per account id, why its machines could not be listed and what to do.
        findings: the open findings.

    Raises:
        MachineDiscrepancyError: when there is anything to say.
    """
    points = [*_silent(failures), *(finding.sentence for finding in findings)]
    if points:
        raise MachineDiscrepancyError(" ".join(points))


def _silent(failures: Mapping[str, str]) -> list[str]:
    return [f"The machines of buyer {who} could not be listed. {why}" for who, why in failures.items()]
