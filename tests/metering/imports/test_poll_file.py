"""Usage of a file of polls."""

from __future__ import annotations

import gzip
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from include.cli.main import app
from include.domain.errors import InvalidInputError
from include.domain.periods import Window, parse_instant
from include.metering.imports.poll_file import UsageRow, meter_file

if TYPE_CHECKING:
    from sqlalchemy import Engine

CONCEPTS = Path(__file__).parents[3] / "docs/concepts"
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
    [rejection] = rejections
    assert rejection.rule == "inconsistent_times"
    assert rejection.sentence.startswith(
        "At 2026-10-01T10:10:00Z: Instance 6-inconsistent has another size than at the poll before"
    )
    assert rejection.payload["aku"] == 10


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
    assert done.stdout.splitlines()[0] == "instance_id,hour,aku_seconds,estimated_aku_seconds,gap_seconds"
    assert "Instance" not in done.stdout
    *sentences, count = done.stderr.splitlines()
    assert count == "1 reading was rejected for inconsistent times."
    assert sentences[0].startswith("Rejected (inconsistent_times): At 2026-10-01T10:10:00Z: Instance 6-inconsistent")


def test_two_environments_with_one_instance_id_both_have_their_usage(tmp_path: Path) -> None:
    file = tmp_path / "polls.jsonl"
    times = ("10:00:00", "10:05:00", "10:10:00")
    file.write_text(
        "\n".join(poll(at, ("kf-1", aku), environment=name) for at in times for name, aku in [("e", 6), ("f", 3)])
    )
    window = ["--from", "2026-10-01T10:00:00Z", "--to", "2026-10-01T11:00:00Z"]
    done = CliRunner().invoke(app, ["usage", "--polls", str(file), *window])
    assert done.stdout.splitlines() == [
        "instance_id,hour,aku_seconds,estimated_aku_seconds,gap_seconds,environment_id",
        "kf-1,2026-10-01T10:00:00Z,3600,0,0,e",
        "kf-1,2026-10-01T10:00:00Z,1800,0,0,f",
    ]
    assert done.stderr == ""


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


SHOWN = ["k,2026-10-01T10:00:00Z,3600,0,0"]
TWO_POLLS = [poll("10:00:00", ("k", 6)), poll("10:10:00", ("k", 6))]


def meter(warehouse: Engine, folder: Path, content: str | bytes) -> tuple[list[str], list[str]]:
    """Usage as CSV, and what was rejected."""
    file = folder / "polls.jsonl"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    rows, rejections = meter_file(warehouse, file, Window(TEN, ELEVEN), TOLERANCE)
    return as_csv(rows), [rejection.sentence for rejection in rejections]


@pytest.mark.parametrize("start", ["\ufeff", ""])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\r"])
def test_a_file_may_have_a_byte_order_mark_and_any_line_ends(
    warehouse: Engine, tmp_path: Path, start: str, end: str
) -> None:
    assert meter(warehouse, tmp_path, start + end.join(TWO_POLLS) + end) == (SHOWN, [])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b" \n", "holds no poll: it has no line"),
        (gzip.compress(TWO_POLLS[0].encode(), mtime=0), "not text in UTF-8 but compressed with gzip"),
        (TWO_POLLS[0].encode("utf-16"), "not text in UTF-8 but in UTF-16"),
        (TWO_POLLS[0].encode("utf-16-le"), "not text in UTF-8 but in UTF-16"),
        ((TWO_POLLS[0] + "Köln").encode("latin-1"), "is not text in UTF-8"),
    ],
)
def test_a_file_that_is_no_text_is_named_as_what_it_is(
    warehouse: Engine, tmp_path: Path, content: bytes, says: str
) -> None:
    with pytest.raises(InvalidInputError, match=says):
        meter(warehouse, tmp_path, content)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"environment_id": "e"', "line 2 is not a whole object of JSON"),
        ("[" * 100_000, "line 2 is not a whole object of JSON"),
        ('{"ok": true, "ok": false}', "line 2 has 'ok' more than once"),
        (TWO_POLLS[0].replace("2026-10-01T10:00:00Z", "0001-01-01T00:00:00Z"), "line 2, observed_at, is .* calendar"),
        (TWO_POLLS[0].replace("2026-10-01T10:00:00Z", "9999-12-31T23:59:59-12:00"), "line 2, observed_at, is .* calen"),
        (TWO_POLLS[0].replace('"e"', '"e\\u0000"'), "line 2, environment_id, is .* a NUL character at place 2"),
        (TWO_POLLS[0].replace('"e"', '"e\\ud83d"'), r"line 2, environment_id, is .* half a character .*U\+D83D"),
        (TWO_POLLS[0].replace('"e"', '""'), "line 2, environment_id, is"),
        (TWO_POLLS[0].replace("true", "1"), "line 2, ok, is '1'"),
    ],
)
def test_a_line_that_is_no_poll_is_named_and_the_others_go_on(
    warehouse: Engine, tmp_path: Path, line: str, says: str
) -> None:
    usage, [said] = meter(warehouse, tmp_path, "\n".join([TWO_POLLS[0], line, TWO_POLLS[1]]))
    assert usage == SHOWN
    assert re.match(f"polls.jsonl {says}", said)


def test_text_that_the_warehouse_cannot_hold_rejects_neither_a_failed_poll_nor_a_reading(
    warehouse: Engine, tmp_path: Path
) -> None:
    failed = (
        '{"environment_id": "e", "observed_at": "2026-10-01T10:20:00Z", "ok": false, "error": "reset\\u0000 \\ud83d"}'
    )
    named = TWO_POLLS[1].replace('"instanceId"', '"name": "a\\u0000\\ud83d", "instanceId"')
    assert meter(warehouse, tmp_path, "\n".join([TWO_POLLS[0], named, failed])) == (SHOWN, [])


def test_an_instance_with_half_a_character_in_its_id_is_rejected_and_the_others_go_on(
    warehouse: Engine, tmp_path: Path
) -> None:
    content = "\n".join(TWO_POLLS).replace("[{", '[{"instanceId": "j\\ud83d", "state": "Running"}, {')
    usage, said = meter(warehouse, tmp_path, content)
    assert usage == SHOWN
    assert len(said) == 2


def test_duplicates_and_disorder_change_nothing(warehouse: Engine, tmp_path: Path) -> None:
    failed = '{"environment_id": "e", "observed_at": "2026-10-01T10:00:00Z", "ok": false, "error": "no"}'
    later = poll("10:00:00.700", ("k", 6))
    lines = [TWO_POLLS[1], failed, later, TWO_POLLS[0], TWO_POLLS[1], TWO_POLLS[0], failed]
    assert meter(warehouse, tmp_path, "\n".join(lines)) == (SHOWN, [])


@pytest.mark.parametrize("order", [1, -1])
def test_the_last_of_two_answers_within_a_second_counts(warehouse: Engine, tmp_path: Path, order: int) -> None:
    lines = [poll("10:00:00.2", ("k", 9)), poll("10:00:00.7", ("k", 6)), TWO_POLLS[1]][::order]
    usage, [said] = meter(warehouse, tmp_path, "\n".join(lines))
    assert usage == SHOWN
    assert "are different answers of environment e within a second: the last one counts" in said


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_answers_that_contradict_each_other_at_an_instant_none_counts(
    warehouse: Engine, tmp_path: Path, order: int
) -> None:
    lines = [TWO_POLLS[0], poll("10:05:00", ("k", 9)), poll("10:05:00", ("k", 6)), TWO_POLLS[1]][::order]
    usage, [said] = meter(warehouse, tmp_path, "\n".join(lines))
    assert usage == SHOWN
    assert said == (
        "At 2026-10-01T10:05:00Z: lines 2, 3 are different answers of environment e at the same instant, "
        "so none of them counts."
    )


def test_polls_of_far_years_make_no_partitions_between(warehouse: Engine, tmp_path: Path) -> None:
    lines = [TWO_POLLS[0].replace("2026-10-01T10", f"{year}-10-01T10") for year in (2000, 2500, 2999)]
    meter(warehouse, tmp_path, "\n".join([*TWO_POLLS, *lines]))
    with warehouse.connect() as connection:
        made = connection.scalar(text("SELECT count(*) FROM pg_class WHERE relname ~ '^polls_[2][0-9]{3}_[0-9]{2}$'"))
    assert made < 20


def test_the_command_says_which_lines_are_no_polls_beside_the_csv_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "polls.jsonl"
    file.write_text("\n".join([*TWO_POLLS, "no poll"]))
    window = ["--from", "2026-10-01T10:00:00Z", "--to", "2026-10-01T11:00:00Z"]
    done = CliRunner().invoke(app, ["usage", "--polls", str(file), *window])
    assert done.stdout.splitlines()[1:] == SHOWN
    assert "Rejected (bad_line): polls.jsonl line 3 is not a whole object of JSON" in done.stderr
    assert done.exit_code == 1


def test_every_rejected_reading_is_said_whatever_rejected_it(warehouse: Engine, tmp_path: Path) -> None:
    rejected = [
        {"instanceId": f"k-{n}", "state": "Confused", "spec": {"reservedAku": 6}, "gmtCreate": "x", "gmtModified": "x"}
        for n in range(3)
    ]
    content = json.dumps(
        {"environment_id": "e", "observed_at": "2026-10-01T10:00:00Z", "ok": True, "instances": rejected}
    )
    _, said = meter(warehouse, tmp_path, content)
    assert len(said) == 3
    assert all(sentence.startswith("At 2026-10-01T10:00:00Z: Instance 'k-") for sentence in said)
