"""Usage of a file of polls, by the same SQL that closes hours, on a warehouse of its own.

The file is JSON Lines, one poll a line, in any order:
`{"environment_id", "observed_at", "ok": true, "instances": [{"instanceId", "state", "spec": {"reservedAku",
"currentAku"}, "gmtCreate", "gmtModified"}]}`, or `"ok": false` with an `"error"`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BaseModel, PlainValidator, StrictBool, StrictStr, TypeAdapter, ValidationError

from include.catalog.loader import load_product
from include.domain.errors import InvalidInputError, Rejection
from include.domain.periods import HOUR, Window, parse_instant
from include.metering.close import CLOSING, Rules, close_window
from include.metering.readings import Poll, read_listing
from include.metering.record import record_polls
from include.warehouse.engine import USAGE, locked, statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine, Row

#: The rule of readings whose size changed while their own time of change says otherwise.
INCONSISTENT = "inconsistent_times"
_BATCH = 500


class UsageRow(NamedTuple):
    """Usage of one instance in one UTC hour; assumed AKU-seconds are part of aku_seconds."""

    instance_id: str
    hour: datetime
    aku_seconds: int
    assumed_aku_seconds: int
    gap_seconds: int


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("it is not text")  # noqa: TRY004 (pydantic wants ValueError)
    try:
        return parse_instant(value).replace(microsecond=0)
    except InvalidInputError as error:
        raise ValueError(f"it {error.rule}") from None


class _Line(BaseModel):
    environment_id: StrictStr
    observed_at: Annotated[datetime, PlainValidator(_instant)]
    ok: StrictBool
    instances: list[dict[str, Any]] | None = None
    error: str | None = None


_LINE = TypeAdapter(_Line)


def meter_file(
    warehouse: Engine, file: Path, window: Window, tolerance: timedelta
) -> tuple[list[UsageRow], list[Rejection]]:
    """Meter the polls of a file in an empty warehouse.

    Args:
        warehouse: empty, migrated, and thrown away afterwards.
        file: JSON Lines of polls.
        window: what to report; metering starts with it, and nothing is assumed after an environment's last poll.
        tolerance: the longest interval between two answers that needs no proof.

    Returns:
        Usage by instance and hour, where there is usage or a gap; and what was rejected.

    Raises:
        InvalidInputError: when a line is no poll.
    """
    lines = sorted(_lines(file), key=lambda line: line.observed_at)
    keys = enter_environments(warehouse, sorted({line.environment_id for line in lines}), window.start)
    rejections = _record(warehouse, (_poll(line, keys[line.environment_id]) for line in lines))
    with warehouse.begin() as connection, locked(connection, *USAGE), locked(connection, *CLOSING):
        rules = Rules(tolerance=tolerance, provisional_after=timedelta(0), carries=False)
        close_window(connection, window, window.end + HOUR, rules=rules)
        rows = [UsageRow(*row) for row in connection.execute(statement("metering/list_usage"))]
        found = connection.execute(statement("metering/list_inconsistent_times")).all()
    return rows, [*rejections, *(_inconsistent(row) for row in found)]


def _inconsistent(row: Row[Any]) -> Rejection:
    """A reading that only closing, which knows the poll before it, could reject."""
    return Rejection(INCONSISTENT, f"At {row.observed_at:%Y-%m-%dT%H:%M:%SZ}: {row.sentence}", row.payload)


def _lines(file: Path) -> Iterator[_Line]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                parsed = _LINE.validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"]) or "the line"
                raise InvalidInputError(
                    f"{file.name} line {number}, {where}",
                    line.strip()[:80],
                    f"is no poll: {first['msg']}",
                    'Write {"environment_id", "observed_at", "ok", "instances"} or "ok": false with an "error".',
                ) from None
            if parsed.ok and parsed.instances is None:
                raise InvalidInputError(
                    f"{file.name} line {number}", line.strip()[:80], "has ok but no instances", "List them, or []."
                )
            yield parsed


def _poll(line: _Line, environment_key: int) -> Poll:
    if not line.ok:
        return Poll(environment_key, line.observed_at, cause="unreachable", error=line.error or "It failed.")
    limit = load_product().aku.maximum
    return Poll(environment_key, line.observed_at, *read_listing(line.instances or [], line.observed_at, limit))


def _record(warehouse: Engine, polls: Iterable[Poll]) -> list[Rejection]:
    """Enter polls in batches; one with rejections is completed from the poll before it, so that one goes in first."""
    rejections: list[Rejection] = []
    batch: list[Poll] = []
    for poll in polls:
        needs_earlier = poll.rejections and any(earlier.environment_key == poll.environment_key for earlier in batch)
        if needs_earlier or len(batch) == _BATCH:
            record_polls(warehouse, batch)
            batch = []
        batch.append(poll)
        rejections += (rejection for _, rejection in poll.rejections)
    record_polls(warehouse, batch)
    return rejections


def enter_environments(warehouse: Engine, names: list[str], start: datetime) -> dict[str, int]:
    """Enter environments in a warehouse that is thrown away, metered from then on; yields their keys by their names."""
    facts = {"names": names, "product": load_product().name, "metered_from": start}
    with warehouse.begin() as connection:
        connection.execute(statement("metering/enter_scratch_buyer"), {"at": start})
        connection.execute(statement("metering/enter_scratch_subscriptions"), facts)
        entered = connection.execute(statement("metering/enter_scratch_environments"), {"at": start}).all()
    return {row.environment_id: row.environment_key for row in entered}
