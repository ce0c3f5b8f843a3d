"""Channels of the catalogue, and what their files may say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from include.catalog import loader
from include.catalog.loader import CATALOG, load_channel
from include.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

NAMES = sorted(file.stem for file in (CATALOG / "channels").glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_channel_is_read_and_named_as_its_file(name: str) -> None:
    assert load_channel(name).name == name


def test_channels_differ_as_their_marketplaces_do() -> None:
    china, international, aws = (load_channel(name) for name in ("alibaba-china", "alibaba-international", "aws"))
    assert [each.idle_hours for each in (china, international, aws)] == ["left_out", "left_out", "sent"]
    assert [each.can_be_asked for each in (china, international, aws)] == [False, True, False]
    assert [each.request.records for each in (china, international, aws)] == [50, 50, 25]


def test_when_a_bill_has_an_hour_is_said_where_it_is_documented() -> None:
    hour = datetime(2026, 10, 1, 8, tzinfo=UTC)
    assert load_channel("alibaba-china").shown_from(hour) == datetime(2026, 10, 1, 10, tzinfo=UTC)
    assert load_channel("aws").shown_from(hour) is None


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("records: 25", "records: 0", "request.records is 0: it must be greater than or equal to 1"),
        ("records: 25", 'records: "25"', "request.records is '25': it must be a valid integer"),
        ("idle_hours: sent", "idle_hours: maybe", "idle_hours is 'maybe': it must be 'sent' or 'left_out'"),
        ("per_second: 10", "per_minute: 10", "request.per_second is missing"),
        ("minutes_from_start: 1440", "minutes_from_start: 60", "minutes_from_start is 60: it must be greater than 60"),
        ("can_be_asked: false", "can_be_asked: no", "can_be_asked is 'no': it must be a valid boolean"),
    ],
)
def test_a_mistake_names_file_field_value_and_rule(
    right: str, wrong: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (CATALOG / "channels/aws.yaml").read_text(encoding="utf-8")
    (tmp_path / "channels").mkdir()
    (tmp_path / "channels/mine.yaml").write_text(text.replace(right, wrong), encoding="utf-8")
    monkeypatch.setattr(loader, "CATALOG", tmp_path)
    with pytest.raises(InvalidInputError) as refused:
        load_channel.__wrapped__("mine")
    assert said in str(refused.value)
    assert str(refused.value).startswith("mine.yaml, ")
