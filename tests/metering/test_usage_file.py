"""Usage of a file of polls."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from include.cli.main import app
from include.domain.errors import InvalidInputError
from include.domain.periods import Window, parse_instant
from include.metering.usage_file import UsageRow, meter_file

if TYPE_CHECKING:
    from sqlalchemy import Engine

CONCEPTS = Path(__file__).parents[2] / "docs/concepts"
TEN, ELEVEN = parse_instant("2026-10-01T10:00:00Z"), parse_instant("2026-10-01T11:00:00Z")
TOLERANCE = timedelta(minutes=15)


def as_csv(rows: list[UsageRow]) -> list[str]:
    return [f"{row[0]},{row[1]:%Y-%m-%dT%H:%M:%SZ},{row[2]},{row[3]},{row[4]}" for row in rows]


def test_the_documented_examples_give_what_the_documentation_says(warehouse: Engine) -> None:
    rows, rejections = meter_file(warehouse, CONCEPTS / "metering-examples.jsonl", Window(TEN, ELEVEN), TOLERANCE)
    page = (CONCEPTS / "metering.md").read_text(encoding="utf-8")
    documented = re.search(r"gap_seconds\n(.*?)```", page, re.DOTALL)
    assert documented is not None
    assert as_csv(rows) == documented[1].split()
    [(rule, sentence, payload)] = rejections
    assert rule == "inconsistent_times"
    assert sentence.startswith(
        "At 2026-10-01T10:10:00Z: Instance 6-inconsistent has another size than at the poll before"
    )
    assert payload["aku"] == 10


def poll(at: str, *instances: tuple[str, object], environment: str = "e") -> str:
    listed = [
        {
            "instanceId": name,
            "state": "Running",
            "spec": {"reservedAku": aku},
            "gmtCreate": "2026-10-01T08:00:00Z",
            "gmtModified": "2026-10-01T08:00:00Z",
        }
        for name, aku in instances
    ]
    return json.dumps(
        {"environment_id": environment, "observed_at": f"2026-10-01T{at}Z", "ok": True, "instances": listed}
    )


def test_polls_may_come_in_any_order_and_the_window_may_cut_an_hour(warehouse: Engine, tmp_path: Path) -> None:
    file = tmp_path / "polls.jsonl"
    file.write_text("\n".join([poll("10:40:00", ("k", 6)), poll("10:30:00", ("k", 6)), poll("09:50:00", ("k", 6))]))
    window = Window(TEN + timedelta(minutes=10), TEN + timedelta(minutes=35))
    rows, _ = meter_file(warehouse, file, window, TOLERANCE)
    assert as_csv(rows) == ["k,2026-10-01T10:00:00Z,9000,0,0"]


def test_what_is_rejected_is_said_and_the_rest_is_metered(warehouse: Engine, tmp_path: Path) -> None:
    file = tmp_path / "polls.jsonl"
    file.write_text(
        "\n".join([poll("10:00:00", ("k", 6)), poll("10:05:00", ("k", -6)), poll("10:10:00", ("k", 6), ("j", "6"))])
    )
    rows, rejections = meter_file(warehouse, file, Window(TEN, ELEVEN), TOLERANCE)
    assert [rejection.rule for rejection in rejections] == ["negative_aku", "mistyped_field"]
    assert as_csv(rows) == ["j,2026-10-01T10:00:00Z,0,0,300", "k,2026-10-01T10:00:00Z,3600,1800,300"]


def test_the_command_counts_inconsistent_times_beside_the_csv() -> None:
    window = ["--from", "2026-10-01T10:00:00Z", "--to", "2026-10-01T11:00:00Z"]
    done = CliRunner().invoke(app, ["usage", "--polls", str(CONCEPTS / "metering-examples.jsonl"), *window])
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "instance_id,hour,aku_seconds,assumed_aku_seconds,gap_seconds"
    assert "Instance" not in done.stdout
    *sentences, count = done.stderr.splitlines()
    assert count == "1 reading was rejected for inconsistent times."
    assert sentences[0].startswith("Rejected (inconsistent_times): At 2026-10-01T10:10:00Z: Instance 6-inconsistent")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("no json", "line 1"),
        ('{"environment_id": "e", "observed_at": "2026-10-01T10:00:00", "ok": true, "instances": []}', "no time zone"),
        ('{"environment_id": "e", "observed_at": "2026-10-01T10:00:00Z", "instances": []}', "line 1, ok"),
        ('{"environment_id": "e", "observed_at": "2026-10-01T10:00:00Z", "ok": true}', "no instances"),
    ],
)
def test_a_line_that_is_no_poll_is_named(warehouse: Engine, tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "polls.jsonl"
    file.write_text(line)
    with pytest.raises(InvalidInputError, match=says):
        meter_file(warehouse, file, Window(TEN, ELEVEN), TOLERANCE)
