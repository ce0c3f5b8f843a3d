"""Says what a person has to do after a reconciliation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.domain.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class OpenPointsError(FatalError):
    """Everything that could be reconciled was; the rest needs a person."""


#: So many are named; the rest are on the page of reconciliation.
_NAMED_AT_MOST = 20


def report_open_points(failures: Mapping[str, Mapping[str, str]], open_points: Sequence[str]) -> None:
    """Name the open findings first, then the buyers that could not be asked.

    Args:
        failures: per cycle and account id, why its bill could not be fetched and what to do.
        open_points: the open findings, in words.

    Raises:
        OpenPointsError: when there is anything to say.
    """
    silent = [
        f"The Marketplace bill of buyer {account_id} for {cycle} could not be fetched: {why}"
        for cycle, by_account in failures.items()
        for account_id, why in by_account.items()
    ]
    points = [*open_points, *silent]
    if points:
        more = len(points) - _NAMED_AT_MOST
        rest = (
            f" And {more} more: see `akubill reconciliation findings` and the page Reconciliation." if more > 0 else ""
        )
        raise OpenPointsError(
            f"{len(points)} point(s) need a person; everything else is reconciled. "
            f"{' '.join(points[:_NAMED_AT_MOST])}{rest}"
        )
