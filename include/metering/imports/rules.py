"""The rules that a row of a usage file keeps or breaks by itself, whatever the warehouse knows.

The rules stand in one pandera schema and are all tried on all rows of a piece; a row is rejected for the first one that
it breaks, in the order of `SENTENCES`. What only the warehouse can tell (unknown subscriptions, duplicates, hours that
are measured or billed) is decided there, in sql/metering/imports/judge_rows.sql.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import pandera.pandas as pa

from include.domain.errors import InvalidInputError, Rejection
from include.domain.periods import NO_TIME_ZONE, parse_instant
from include.domain.text import LONGEST_ID, storable
from include.metering.imports.files import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

#: Rule → what is wrong and what to do. Placeholders are the row's columns, and the limits of `ImportLimits`.
SENTENCES = {
    "bad_subscription_id": "subscription_id is {subscription_id}: it must be 1 to 100 visible ASCII characters.",
    "bad_instance_id": "instance_id is {instance_id}: it must be 1 to 100 visible ASCII characters.",
    "not_a_time": "hour is {hour}: it is not an ISO 8601 time of the years 2000 to 2999. "
    "Write it like 2026-10-01T00:00:00+08:00.",
    "naive_time": "hour is {hour}: it has no time zone. Add an offset, like +08:00, or Z for UTC.",
    "not_a_full_hour": "hour is {hour}: it is not the start of a full hour (of UTC). Give one row per full hour.",
    "future_hour": "hour is {hour}: it has not ended at {at}. Import it when it has.",
    "not_a_number": "aku_seconds is {aku_seconds}: it is not a number. Write whole AKU-seconds in digits.",
    "negative_quantity": "aku_seconds is {aku_seconds}: it must not be negative.",
    "fractional_quantity": "aku_seconds is {aku_seconds}: it must be whole. Give AKU-seconds, not AKU-hours.",
    "too_large": "aku_seconds is {aku_seconds}: an instance cannot use more than {largest} in an hour. "
    "Check the unit, and that instances are not summed.",
}
_ID = rf"[!-~]{{1,{LONGEST_ID}}}"
_NUMBER = r"-?[0-9]+(\.[0-9]+)?"
_FRACTION = r"-?[0-9]+\.0*[1-9]"
_LONGEST_VALUE = 200
_NAIVE = datetime(2000, 1, 1)  # noqa: DTZ001 (an example of a time without an offset)


class ImportLimits(NamedTuple):
    """What the rules compare with.

    Attributes:
        at: the run's instant; an hour must have ended by then.
        largest: the most AKU-seconds that one instance can use in an hour.
    """

    at: datetime
    largest: int


class BadRow(NamedTuple):
    """A rejected row of the file and why."""

    row_number: int
    rejection: Rejection


def sort_rows(piece: pd.DataFrame, limits: ImportLimits) -> tuple[pd.DataFrame, list[BadRow]]:
    """Tell the good rows of a piece from the bad ones.

    Returns:
        The good rows (subscription_id and instance_id as text, hour_start as UTC instants, aku_seconds as integers; the
        index is the row number) and the bad ones.
    """
    none = _no_rows(piece)
    piece = piece.drop(index=[row for row, _ in none])
    rows = _interpret(piece)
    broken = _broken_rules(rows, limits)
    bad = none + [BadRow(row, _rejection(row, rule, piece.loc[row].to_dict(), limits)) for row, rule in broken.items()]
    good = rows.drop(index=list(broken)) if broken else rows
    return good[["subscription_id", "instance_id", "hour_start"]].assign(
        aku_seconds=good["quantity"].astype("int64")
    ), sorted(bad, key=itemgetter(0))


def _no_rows(piece: pd.DataFrame) -> list[BadRow]:
    """The lines that hold no row, so that no other rule can look at them."""
    if "broken" not in piece:
        return []
    lines = piece[piece["broken"] != ""]
    return [
        BadRow(int(row), Rejection("not_a_row", f"Row {row}: {rule}.", {"line": _storable(line)}))
        for row, rule, line in zip(lines.index, lines["broken"], lines["line"], strict=True)
    ]


def _interpret(piece: pd.DataFrame) -> pd.DataFrame:
    """The piece with what its texts mean; a text without meaning is NaT or NaN."""
    # Many rows, few hours: each way of writing an hour is read once.
    places, texts = pd.factorize(piece["hour"])
    instants = [_read_instant(text) for text in texts]
    kinds = ["" if instant is None else "naive" if instant.tzinfo is None else "instant" for instant in instants]
    aware = [instant if instant and instant.tzinfo else None for instant in instants]
    is_number = piece["aku_seconds"].str.fullmatch(_NUMBER)
    numbers = piece["aku_seconds"].where(is_number)
    return piece.assign(
        hour_kind=pd.Index(kinds, dtype=str).take(places).to_numpy(),
        hour_start=pd.DatetimeIndex(aware, dtype="datetime64[us, UTC]").take(places),
        is_number=is_number,
        quantity=numbers.astype("float64[pyarrow]").astype(float),
    )


def _read_instant(text: str) -> datetime | None:
    """The time as written, in UTC; naive if it has no offset, None if it is none."""
    try:
        return parse_instant(text)
    except InvalidInputError as error:
        return _NAIVE if error.rule == NO_TIME_ZONE else None


def _schema(limits: ImportLimits) -> pa.DataFrameSchema:
    def rule(name: str, holds: Callable[[pd.Series[Any]], pd.Series[bool]]) -> pa.Check:
        return pa.Check(holds, error=name)

    return pa.DataFrameSchema(
        {
            "subscription_id": pa.Column(checks=rule("bad_subscription_id", _are_ids)),
            "instance_id": pa.Column(checks=rule("bad_instance_id", _are_ids)),
            "hour_kind": pa.Column(
                checks=[
                    rule("not_a_time", lambda kinds: kinds != ""),
                    rule("naive_time", lambda kinds: kinds != "naive"),
                ]
            ),
            "hour_start": pa.Column(
                nullable=True,
                checks=[
                    rule("not_a_full_hour", lambda hours: hours == hours.dt.floor("h")),
                    rule("future_hour", lambda hours: hours <= limits.at - timedelta(hours=1)),
                ],
            ),
            "is_number": pa.Column(checks=rule("not_a_number", lambda marks: marks)),
            "aku_seconds": pa.Column(
                # By its digits: as a float, 3600.0000000000000001 would be whole.
                checks=rule("fractional_quantity", lambda texts: ~texts.str.match(_FRACTION))
            ),
            "quantity": pa.Column(
                nullable=True,
                checks=[
                    rule("negative_quantity", lambda quantities: quantities >= 0),
                    rule("too_large", lambda quantities: quantities <= limits.largest),
                ],
            ),
        }
    )


def _are_ids(texts: pd.Series[Any]) -> pd.Series[bool]:
    """Many rows, few ids: each is looked at once."""
    names = pd.Series(texts.unique(), dtype=texts.dtype)
    return texts.isin(names[names.str.fullmatch(_ID)])


def _broken_rules(rows: pd.DataFrame, limits: ImportLimits) -> dict[int, str]:
    """Row number → the first rule that the row breaks."""
    try:
        _schema(limits).validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures = errors.failure_cases[["index", "check"]]
    else:
        return {}
    order = {rule: place for place, rule in enumerate(SENTENCES)}
    first = failures.assign(place=failures["check"].map(order)).sort_values(["index", "place"])
    first = first.drop_duplicates("index")
    return {int(row): str(rule) for row, rule in zip(first["index"], first["check"], strict=True)}


def _rejection(row: int, rule: str, texts: dict[Hashable, Any], limits: ImportLimits) -> Rejection:
    payload = {name: _storable(texts[name]) for name in COLUMNS}
    quoted: dict[str, Hashable] = {name: repr(value) for name, value in payload.items()}
    sentence = SENTENCES[rule].format(**quoted, at=limits.at.isoformat(), largest=limits.largest)
    return Rejection(rule, f"Row {row}: {sentence}", dict(payload))


def _storable(text: str) -> str:
    """The text, short, and without what JSONB cannot hold."""
    return storable(str(text), _LONGEST_VALUE)
