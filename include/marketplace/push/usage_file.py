"""Reads a file of usage to be pushed: CSV with marketplace_instance_id, product_code, hour and aku_seconds.

A row that breaks a rule is named with its line, and the others go on. Instance, product and hour are there once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.catalog.row_files import Columns, read_id, read_rows
from include.domain.errors import InvalidInputError
from include.domain.periods import HOUR, floor_to_hour, parse_instant
from include.domain.text import storable
from include.domain.words.filling import fill
from include.domain.words.metering import ROW_RULES
from include.marketplace.push.plan import HourlyUsage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from include.domain.channels import Channel

COLUMNS = ("marketplace_instance_id", "product_code", "hour", "aku_seconds")
_NUMBER = re.compile(r"(-?)([0-9]{1,40})(?:\.([0-9]{1,40}))?")
_SHOWN = 60


def read_usage(file: Path, channel: Channel, now: datetime) -> tuple[list[HourlyUsage], list[InvalidInputError]]:
    """The rows that can be planned, and what is wrong with each of the others, in the order of the file.

    Raises:
        InvalidInputError: when the file is no CSV, or does not have the four columns once each.
    """
    return read_rows(file, Columns(COLUMNS), _Rows(channel, now).read)


class _Rows:
    """Reads one row after another, and knows which instances, products and hours it has read."""

    def __init__(self, channel: Channel, now: datetime) -> None:
        self._largest, self._now = channel.largest_quantity, now
        self._lines: dict[tuple[str, str, datetime], int] = {}

    def read(self, number: int, cells: Mapping[str, str]) -> HourlyUsage:
        instance_id, product_code = (read_id(column, cells[column]) for column in COLUMNS[:2])
        hour = self._hour(cells["hour"])
        quantity = self._quantity(cells["aku_seconds"])
        first = self._lines.setdefault((instance_id, product_code, hour), number)
        if first != number:
            rule = f"is in line {first} already for {instance_id}, and that one counts"
            raise InvalidInputError("hour", cells["hour"], rule, "Keep one of them.")
        return HourlyUsage(instance_id, product_code, hour, quantity)

    def _hour(self, text: str) -> datetime:
        hour = parse_instant(text, "hour")
        if hour != floor_to_hour(hour):
            raise _broken("not_a_full_hour", text)
        if hour + HOUR > self._now:
            ended = _broken("future_hour", text, ended_by=self._now.isoformat())
            raise InvalidInputError(ended.what, ended.value, ended.rule, "Plan it when it has.")
        return hour

    def _quantity(self, text: str) -> int:
        number = _NUMBER.fullmatch(text)
        if number is None:
            raise _broken("not_a_number", text)
        sign, whole, fraction = number.groups()
        quantity = int(whole)
        if (fraction or "").strip("0"):
            raise _broken("fractional_quantity", text)
        if sign and quantity:
            raise _broken("negative_quantity", text)
        if quantity > self._largest:
            rule = f"is more than the {self._largest} that the channel takes"
            raise InvalidInputError("aku_seconds", text, rule, "Check the unit.")
        return quantity


def _broken(rule: str, text: str, **facts: str) -> InvalidInputError:
    column, clause, remedy = ROW_RULES[rule]
    return InvalidInputError(column, storable(text, _SHOWN), fill(clause, facts), remedy)
