"""Consoles that fail: since when, why, and which of them are asked less often (see breaker.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.metering.polling.breaker import Breaker, Failures
from include.warehouse.engine import statement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

BREAKER = Breaker()


@dataclass(frozen=True, slots=True)
class FailingConsole:
    """A metered environment's console whose latest poll failed.

    Attributes:
        failed_runs: failed polls in a row, since its last answer.
        cause, error: of the last of them.
    """

    environment_id: str
    account_id: str
    console_url: str
    failed_runs: int
    failing_since: datetime
    last_failed_at: datetime
    cause: str
    error: str | None

    def probed_from(self, breaker: Breaker = BREAKER) -> datetime | None:
        """From when a run asks it again; None when every run does."""
        failures = Failures(self.failed_runs, self.last_failed_at)
        return self.last_failed_at + breaker.pause(failures) if breaker.is_open(failures) else None

    def describe(self) -> str:
        """The same in a sentence."""
        again = self.probed_from()
        spared = "" if again is None else f" It is asked less often, next from {again:%H:%M} UTC on."
        return (
            f"{self.environment_id} (buyer {self.account_id}) has failed in {self.failed_runs} run(s) since "
            f"{self.failing_since:%Y-%m-%d %H:%M} UTC: {self.cause}.{spared}"
        )


def list_failing(warehouse: Engine) -> list[FailingConsole]:
    """The consoles that fail, those that have failed longest first."""
    with warehouse.connect() as connection:
        return [
            FailingConsole(**row)
            for row in connection.execute(statement("metering/polling/list_failing_consoles")).mappings()
        ]
