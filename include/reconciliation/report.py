"""Says what a person has to do after a reconciliation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.domain.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class OpenPointsError(FatalError):
    """Everything that could be reconciled was; the rest needs a person."""


def report_open_points(failures: Mapping[str, Mapping[str, str]], unknown: Sequence[str]) -> None:
    """Name the buyers that could not be asked and the charges without a subscription.

    Args:
        failures: per cycle and account id, why its bill could not be fetched and what to do.
        unknown: sentences on charges without a subscription.

    Raises:
        OpenPointsError: when there is anything to say.
    """
    silent = [
        f"The Marketplace bill of buyer {account_id} for {cycle} could not be fetched: {why}"
        for cycle, by_account in failures.items()
        for account_id, why in by_account.items()
    ]
    points = [*silent, *unknown]
    if points:
        raise OpenPointsError("All other buyers are reconciled. " + " ".join(points))
