"""Waiting without a worker slot: triggers that run in the triggerer and only look."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.domain.errors import AkubillError, RetriableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 20.0


class ServiceInstanceTrigger(BaseTrigger):
    """Fires when a Compute Nest service instance has left the busy statuses, or the patience is over.

    It carries ids only: the access is looked up where it is used, so that no secret lies in the metadata database.
    The waiting task checks for itself afterwards; the event's payload is for the log.

    Args:
        account_id: the buyer, whose access asks.
        service_instance_id: what is looked at.
        busy: statuses that are waited out.
        timeout_seconds: how long at most.
    """

    def __init__(self, account_id: str, service_instance_id: str, busy: Sequence[str], timeout_seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.account_id, self.service_instance_id = account_id, service_instance_id
        self.busy, self.timeout_seconds = list(busy), timeout_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Where the class is, and its arguments."""
        return "include.orchestration.triggers.ServiceInstanceTrigger", {
            "account_id": self.account_id,
            "service_instance_id": self.service_instance_id,
            "busy": self.busy,
            "timeout_seconds": self.timeout_seconds,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, log, and wait a little longer each time, up to 20 seconds."""
        until, pause = time.monotonic() + self.timeout_seconds, FIRST_PAUSE_SECONDS
        while time.monotonic() < until:
            status = await self._look_once()
            if status is not None and status not in self.busy:
                yield TriggerEvent({"status": status})  # type: ignore[no-untyped-call]
                return
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        yield TriggerEvent({"status": "late"})  # type: ignore[no-untyped-call]

    async def _look_once(self) -> str | None:
        """The status; None when Compute Nest did not answer, "error" when it never will."""
        try:
            status, line = await asyncio.to_thread(self._look)
        except RetriableError as error:
            self.log.warning("%s", error)
            return None
        except AkubillError as error:
            self.log.error("%s", error)  # noqa: TRY400 (the sentence says it all)
            return "error"
        self.log.info("%s", line)
        return status

    def _look(self) -> tuple[str, str]:
        from include.onboarding.deployments import look
        from include.orchestration.onboarding import compute_nest

        return look(compute_nest(self.account_id), self.service_instance_id)
