"""Usage of a file of polls, by the same SQL that closes hours, on a warehouse of its own.

The file is JSON Lines, one poll a line, in any order:
`{"environment_id", "observed_at", "ok": true, "instances": [{"instanceId", "state", "spec": {"reservedAku",
"currentAku"}, "gmtCreate", "gmtModified"}]}`, or `"ok": false` with an `"error"`. A line that is no poll is rejected
with its number, and the others go on.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BaseModel, PlainValidator, StrictBool, TypeAdapter, ValidationError

from include.catalog.loader import load_product
from include.catalog.text_files import parse_json_object, read_lines
from include.domain.errors import InvalidInputError
from include.domain.periods import HOUR, Window, parse_instant
from include.domain.text import LONGEST_ID, check_text, storable
from include.domain.words.metering import Rejection
from include.metering.hours.close import CLOSING, Rules, close_window
from include.metering.polling.readings import Poll, read_listing
from include.metering.polling.record import record_polls
from include.warehouse.engine import USAGE, locked, statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails
    from sqlalchemy import Connection, Engine, Row

#: The rule of readings whose size changed while their own time of change says otherwise.
INCONSISTENT = "inconsistent_times"
#: The rules of lines that are no poll, and of polls of one second that say different things.
BAD_LINE, CONTRADICTION = "bad_line", "contradictory_polls"
_SHAPE = 'Write {"environment_id", "observed_at", "ok", "instances"} or "ok": false with an "error".'
_LONGEST_ERROR = 500
_LONGEST_WINDOW = timedelta(days=3660)
_BATCH = 500


class UsageRow(NamedTuple):
    """Usage of one instance in one UTC hour; estimated AKU-seconds are part of aku_seconds.

    Two environments may use the same instance id: a row is of the environment that it names.
    """

    instance_id: str
    hour: datetime
    aku_seconds: int
    estimated_aku_seconds: int
    gap_seconds: int
    environment_id: str = ""


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("it is not text")  # noqa: TRY004 (pydantic wants ValueError)
    try:
        return parse_instant(value)
    except InvalidInputError as error:
        raise ValueError(f"it {error.rule}") from None


def _id(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("it is not text")
    try:
        return check_text(value, "", LONGEST_ID)
    except InvalidInputError as error:
        raise ValueError(f"it {error.rule}") from None


def _said(value: object) -> str:
    """An error, which is evidence: whatever it is, it is kept as text."""
    return storable(value if isinstance(value, str) else repr(value), _LONGEST_ERROR)


class _Line(BaseModel):
    environment_id: Annotated[str, PlainValidator(_id)]
    observed_at: Annotated[datetime, PlainValidator(_instant)]
    ok: StrictBool
    instances: list[dict[Any, Any]] | None = None
    error: Annotated[str, PlainValidator(_said)] | None = None

    @property
    def second(self) -> datetime:
        """The whole second that the poll is kept under."""
        return self.observed_at.replace(microsecond=0)

    @property
    def answer(self) -> tuple[str, ...]:
        """What it says, the same for the same listing in any order; nothing where it failed."""
        return tuple(sorted(json.dumps(instance, sort_keys=True) for instance in self.instances or ()))


_LINE = TypeAdapter(_Line)


def meter_file(
    warehouse: Engine, file: Path, window: Window, tolerance: timedelta
) -> tuple[list[UsageRow], list[Rejection]]:
    """Meter the polls of a file in an empty warehouse.

    Args:
        warehouse: empty, migrated, and thrown away afterwards.
        file: JSON Lines of polls.
        window: what to report; metering starts with it, and nothing is estimated after an environment's last poll.
        tolerance: the longest interval between two answers that needs no proof.

    Returns:
        Usage by instance and hour, where there is usage or a gap; and what was rejected, lines and readings.

    Raises:
        InvalidInputError: when the file is no text, or none of its lines is a poll, or the window is too long.
    """
    if window.end - window.start > _LONGEST_WINDOW:
        raise InvalidInputError("Window", str(window), "is longer than ten years", "Correct --from and --to.")
    found, bad_lines = _read(file)
    lines, contradictions = _one_a_second(found)
    keys = _enter_environments(warehouse, sorted({line.environment_id for line in lines}), window.start)
    judged = _record(warehouse, (_poll(line, keys[line.environment_id]) for line in lines))
    with warehouse.begin() as connection, locked(connection, *USAGE), locked(connection, *CLOSING):
        rules = Rules(tolerance=tolerance, provisional_after=timedelta(0), carries=False)
        close_window(connection, window, window.end + HOUR, rules=rules)
        rows = [UsageRow(*row) for row in connection.execute(statement("metering/imports/list_usage"))]
        stored = [(row.rejected_at, Rejection(row.rule, row.facts, row.payload)) for row in _rejections(connection)]
    known = {(at, rejection.rule, rejection.sentence) for at, rejection in judged}
    judged += [(at, rejection) for at, rejection in stored if (at, rejection.rule, rejection.sentence) not in known]
    judged.sort(key=itemgetter(0))
    return rows, [*bad_lines, *contradictions, *(rejection._replace(at=at) for at, rejection in judged)]


def _rejections(connection: Connection) -> Sequence[Row[Any]]:
    """What entering and closing rejected, which know other polls: another environment's instance, a time of change."""
    return connection.execute(statement("metering/imports/list_rejected_readings")).all()


def _read(file: Path) -> tuple[list[tuple[int, _Line]], list[Rejection]]:
    """The lines that are polls, with their numbers, and those that are none."""
    found: list[tuple[int, _Line]] = []
    bad: list[Rejection] = []
    for number, line in read_lines(file):
        try:
            parsed = _LINE.validate_python(parse_json_object(line))
            if parsed.ok and parsed.instances is None:
                raise ValueError("has ok but no instances; list them, or []")  # noqa: TRY301 (as the others)
            found.append((number, parsed))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            what = "is missing" if first["type"] == "missing" else f"is {str(first['input'])[:80]!r}: {_rule(first)}"
            bad.append(_bad_line(file, f"line {number}, {where}, {what}", line))
        except ValueError as error:
            bad.append(_bad_line(file, f"line {number} {error}", line))
    if not found:
        why = bad[0].sentence.rstrip(".") if bad else "it has no line"
        raise InvalidInputError("File", file.name, f"holds no poll: {why}", _SHAPE)
    return found, bad


def _bad_line(file: Path, what: str, line: str) -> Rejection:
    return Rejection(BAD_LINE, {"file": file.name, "problem": what}, {"line": storable(line, _LONGEST_ERROR)})


def _rule(error: ErrorDetails) -> str:
    return error["msg"].removeprefix("Value error, ").replace("Input should", "it must", 1)


def _one_a_second(found: list[tuple[int, _Line]]) -> tuple[list[_Line], list[Rejection]]:
    """One poll for each environment and second, by time, whatever the order of lines and however often they are there.

    An answer counts before a failure, and a later answer of the second before an earlier one. Of answers of one instant
    that contradict each other none is known to be right, so none counts.
    """
    polls: list[_Line] = []
    rejections: list[Rejection] = []
    by_second = sorted(found, key=lambda each: (each[1].second, each[1].environment_id, not each[1].ok))
    for (_, environment_id), group in groupby(by_second, key=lambda each: (each[1].second, each[1].environment_id)):
        lines = list(group)
        answered = [each for each in lines if each[1].ok] or lines[:1]
        last_at = max(line.observed_at for _, line in answered)
        last = [(number, line) for number, line in answered if line.observed_at == last_at]
        if len({line.answer for _, line in last}) > 1:
            rejections.append(_contradiction(environment_id, last, "none"))
            continue
        polls.append(last[0][1])
        other = [each for each in answered if each[1].answer != last[0][1].answer]
        if other:
            rejections.append(_contradiction(environment_id, [*other, last[0]], "last"))
    return polls, rejections


def _contradiction(environment_id: str, lines: list[tuple[int, _Line]], which: str) -> Rejection:
    numbers = ", ".join(str(number) for number in sorted(number for number, _ in lines))
    facts = {"lines": numbers, "environment_id": environment_id, "which": which}
    return Rejection(CONTRADICTION, facts, {"lines": numbers}, lines[0][1].second)


def _poll(line: _Line, environment_key: int) -> Poll:
    if not line.ok:
        return Poll(environment_key, line.second, cause="unreachable", error=line.error or "It failed.")
    rules = load_product().aku
    return Poll(environment_key, line.second, *read_listing(line.instances or [], line.second, rules))


def _record(warehouse: Engine, polls: Iterable[Poll]) -> list[tuple[datetime, Rejection]]:
    """Enter polls in batches; one with rejections is completed from the poll before it, so that one goes in first."""
    rejections: list[tuple[datetime, Rejection]] = []
    batch: list[Poll] = []
    for poll in polls:
        needs_earlier = poll.rejections and any(earlier.environment_key == poll.environment_key for earlier in batch)
        if needs_earlier or len(batch) == _BATCH:
            record_polls(warehouse, batch)
            batch = []
        batch.append(poll)
        rejections += ((poll.observed_at, rejection) for _, rejection in poll.rejections)
    record_polls(warehouse, batch)
    return rejections


def _enter_environments(warehouse: Engine, names: list[str], start: datetime) -> dict[str, int]:
    """Enter environments in a warehouse that is thrown away, metered from then on; yields their keys by their names."""
    facts = {"names": names, "product": load_product().name, "metered_from": start}
    with warehouse.begin() as connection:
        connection.execute(statement("metering/imports/insert_scratch_buyer"), {"at": start})
        connection.execute(statement("metering/imports/insert_scratch_subscriptions"), facts)
        entered = connection.execute(statement("metering/imports/insert_scratch_environments"), {"at": start}).all()
    return {row.environment_id: row.environment_key for row in entered}
