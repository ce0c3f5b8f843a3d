"""The rules that a row of a usage file keeps or breaks by itself, in an import and in a quote.

The rules stand in one pandera schema and are all tried on all rows of a piece; a row is rejected for the first one that
it breaks, in the order of `ROW_RULES`. What only the warehouse can tell (unknown subscriptions, duplicates, hours that
are measured or billed) is decided there, in sql/metering/imports/judge_rows.sql.
"""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pandera.pandas as pa

from include.catalog.loader import load_product
from include.catalog.usage_shape import COLUMNS, SIZES
from include.domain.errors import InvalidInputError
from include.domain.periods import HOUR, NO_TIME_ZONE, parse_instant
from include.domain.text import LONGEST_ID, storable
from include.domain.usage import SECONDS_PER_HOUR
from include.domain.words.filling import fill
from include.domain.words.metering import ROW_RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_ID = rf"[!-~]{{1,{LONGEST_ID}}}"
_NUMBER = r"-?[0-9]+(\.[0-9]+)?"
_SIZE = r"[0-9]{0,9}"
_FRACTION = r"-?[0-9]+\.0*[1-9]"
_LONGEST_VALUE = 200
_NAIVE = datetime(2000, 1, 1)  # noqa: DTZ001 (an example of a time without an offset)


class RowLimits(NamedTuple):
    """What the rules compare with.

    Attributes:
        largest: the most AKU-seconds that one instance can use in an hour.
        ended_by: hours must have ended by then; None where usage may be planned.
    """

    largest: int
    ended_by: datetime | None = None


class BadRow(NamedTuple):
    """A row of the file that breaks a rule.

    Attributes:
        row_number: from 1; a header is no row.
        rule: the rule's short name.
        error: what is wrong, in words.
        facts: the same as facts of the rule's words.
        payload: the row as it is written.
    """

    row_number: int
    rule: str
    error: InvalidInputError
    facts: dict[str, Any]
    payload: dict[str, Any]


def limits_of_product(ended_by: datetime | None = None) -> RowLimits:
    """The limits by the largest size that the product has."""
    return RowLimits(load_product().aku.maximum * SECONDS_PER_HOUR, ended_by)


def sort_rows(piece: pd.DataFrame, limits: RowLimits, most_bad: int | None = None) -> tuple[pd.DataFrame, list[BadRow]]:
    """Tell the good rows of a piece from the bad ones.

    Args:
        piece: rows as `read_pieces` gives them.
        limits: what the rules compare with.
        most_bad: how many bad rows are wanted, the first ones; the others are no good rows either. None: all.

    Returns:
        The good rows (subscription_id and instance_id as text, hour_start as UTC instants, aku_seconds, peak_aku and
        used_seconds as integers, is_sized; the index is the row number) and the bad ones. Where a row says no peak_aku
        or used_seconds (is_sized is false where it says neither), it has the least peak and the most seconds that its
        AKU-seconds can come from, AKU being whole numbers: by no hour measure is more charged than is known.
    """
    lines = _no_rows(piece)
    piece = piece.drop(index=lines.index)
    rows = _interpret(piece, limits)
    broken = _broken_rules(rows, limits)
    bad = _bad_lines(lines[:most_bad]) + [
        _bad_row(row, rule, piece.loc[row].to_dict(), limits)
        for row, rule in zip(broken.index[:most_bad].tolist(), broken[:most_bad].tolist(), strict=True)
    ]
    good = rows.drop(index=broken.index) if len(broken) else rows
    usage = good[["subscription_id", "instance_id", "hour_start"]].assign(
        aku_seconds=good["quantity"].astype("int64"),
        peak_aku=good["peak"].astype("int64"),
        used_seconds=good["used"].astype("int64"),
        is_sized=good["is_sized"],
    )
    return usage, sorted(bad, key=itemgetter(0))[:most_bad]


def _no_rows(piece: pd.DataFrame) -> pd.DataFrame:
    """The lines that hold no row, so that no other rule can look at them."""
    return piece[piece["broken"] != ""] if "broken" in piece else piece[:0].assign(broken="", line="")


def _bad_lines(lines: pd.DataFrame) -> list[BadRow]:
    return [
        BadRow(
            int(row),
            "not_a_row",
            InvalidInputError(f"Row {row}", _storable(line), f"is no row: {rule}", "Give each column one value."),
            {"row_number": int(row), "value": repr(_storable(line)), "problem": rule},
            {"line": _storable(line)},
        )
        for row, rule, line in zip(lines.index, lines["broken"], lines["line"], strict=True)
    ]


def _interpret(piece: pd.DataFrame, limits: RowLimits) -> pd.DataFrame:
    """The piece with what its texts mean; a text without meaning is NaT or NaN."""
    # Many rows, few hours: each way of writing an hour is read once.
    places, texts = pd.factorize(piece["hour"])
    instants = [_read_instant(text) for text in texts]
    kinds = ["" if instant is None else "naive" if instant.tzinfo is None else "instant" for instant in instants]
    aware = [instant if instant and instant.tzinfo else None for instant in instants]
    is_number = piece["aku_seconds"].str.fullmatch(_NUMBER)
    quantities = piece["aku_seconds"].where(is_number).astype("float64[pyarrow]").astype(float)
    return _with_sizes(
        piece.assign(
            hour_kind=pd.Index(kinds, dtype=str).take(places).to_numpy(),
            hour_start=pd.DatetimeIndex(aware, dtype="datetime64[us, UTC]").take(places),
            is_number=is_number,
            quantity=quantities,
        ),
        limits.largest // SECONDS_PER_HOUR,
    )


def _with_sizes(rows: pd.DataFrame, largest_aku: int) -> pd.DataFrame:
    """The rows with their peak and their seconds in use, said or supposed, and whether these can be."""
    quantity, no_size = rows["quantity"], pd.Series(np.nan, index=rows.index)
    if not set(SIZES) & set(rows):
        peak = np.ceil(quantity / SECONDS_PER_HOUR)
        return rows.assign(peak=peak, used=quantity.clip(upper=SECONDS_PER_HOUR), is_sized=False)
    texts = {name: rows[name] if name in rows else pd.Series("", index=rows.index, dtype=str) for name in SIZES}
    is_size = {name: text.str.fullmatch(_SIZE) for name, text in texts.items()}
    said_peak, said_used = (
        pd.to_numeric(text.where(is_size[name] & (text != ""), None)).astype(float).reindex_like(no_size)
        for name, text in texts.items()
    )
    peak = said_peak.fillna(np.ceil(quantity / said_used.fillna(SECONDS_PER_HOUR).clip(lower=1)))
    used = said_used.fillna((quantity - said_peak.fillna(1) + 1).clip(0, SECONDS_PER_HOUR).where(quantity > 0, 0))
    # One second at the peak, and at least one AKU in all others.
    fits = (quantity <= peak * used) & ((quantity >= peak + used - 1) | (quantity == 0) & (peak + used == 0))
    is_small = said_peak.isna() | (said_peak <= largest_aku)
    return rows.assign(
        peak=peak,
        used=used,
        is_sized=said_peak.notna() | said_used.notna(),
        is_peak=is_size["peak_aku"],
        is_used=is_size["used_seconds"] & ~(said_used > SECONDS_PER_HOUR),
        is_small=is_small,
        is_fitting=fits & ((peak <= largest_aku) | ~is_small),
    )


def _read_instant(text: str) -> datetime | None:
    """The time as written, in UTC; naive if it has no offset, None if it is none."""
    try:
        return parse_instant(text)
    except InvalidInputError as error:
        return _NAIVE if error.rule == NO_TIME_ZONE else None


def _schema(limits: RowLimits, *, has_sizes: bool) -> pa.DataFrameSchema:
    def rule(name: str, holds: Callable[[pd.Series[Any]], pd.Series[bool]]) -> pa.Check:
        return pa.Check(holds, error=name)

    last = limits.ended_by - HOUR if limits.ended_by else None
    sizes = {
        "is_peak": pa.Column(checks=rule("not_a_peak", lambda marks: marks)),
        "is_used": pa.Column(checks=rule("not_seconds_of_an_hour", lambda marks: marks)),
        "is_fitting": pa.Column(checks=rule("impossible_sizes", lambda marks: marks)),
        "is_small": pa.Column(checks=rule("peak_too_large", lambda marks: marks)),
    }
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
                    *([rule("future_hour", lambda hours: hours <= last)] if last else []),
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
            **(sizes if has_sizes else {}),
        }
    )


def _are_ids(texts: pd.Series[Any]) -> pd.Series[bool]:
    """Many rows, few ids: each is looked at once."""
    names = pd.Series(texts.unique(), dtype=texts.dtype)
    return texts.isin(names[names.str.fullmatch(_ID)])


def _broken_rules(rows: pd.DataFrame, limits: RowLimits) -> pd.Series[str]:
    """Row number → the first rule that the row breaks, in order of row numbers."""
    try:
        _schema(limits, has_sizes="is_peak" in rows).validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures = errors.failure_cases[["index", "check"]]
    else:
        return pd.Series(dtype=str)
    order = {rule: place for place, rule in enumerate(ROW_RULES)}
    first = failures.assign(place=failures["check"].map(order)).sort_values(["index", "place"])
    first = first.drop_duplicates("index")
    return pd.Series(first["check"].to_numpy(), index=first["index"].astype("int64"), dtype=str)


def _bad_row(row: int, rule: str, texts: dict[Hashable, Any], limits: RowLimits) -> BadRow:
    payload = {name: _storable(texts[name]) for name in [*COLUMNS, *SIZES] if name in texts}
    column, clause, remedy = ROW_RULES[rule]
    facts = {
        "row_number": row,
        "value": repr(payload[column]),
        "largest": limits.largest,
        "largest_aku": limits.largest // SECONDS_PER_HOUR,
        "ended_by": limits.ended_by and limits.ended_by.isoformat(),
    }
    error = InvalidInputError(f"Row {row}: {column}", payload[column], fill(clause, facts), remedy)
    return BadRow(row, rule, error, facts, payload)


def _storable(text: str) -> str:
    """The text, short, and without what JSONB cannot hold."""
    return storable(str(text), _LONGEST_VALUE)
