"""Where a test is, and what tests share: tests mirror the rooms, and only tests/support is imported."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
#: Tests of more than one room.
OF_MANY_ROOMS = {"browser", "docs", "faults", "soak", "stories"}


def test_tests_import_no_other_test() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        if name.partition(".")[0] == "tests" and not name.startswith("tests.support")
    ]
    assert found == [], "move what they share to tests/support"


def test_tests_are_in_folders_that_mirror_the_rooms() -> None:
    folders = {file.parent.relative_to(TESTS) for file in TESTS.rglob("test_*.py")}
    found = [
        folder.as_posix()
        for folder in sorted(folders)
        if folder.parts[0] not in OF_MANY_ROOMS
        and not any((place / folder).is_dir() for place in (ROOT / "include", ROOT))
    ]
    assert found == []


def test_folders_of_tests_hold_tests_only() -> None:
    helpers = [
        file.relative_to(ROOT).as_posix()
        for file in TESTS.rglob("*.py")
        if "support" not in file.parts and file.name not in {"__init__.py", "conftest.py"}
    ]
    assert [name for name in helpers if not Path(name).name.startswith("test_")] == [], "move them to tests/support"
