"""Pages, code, messages and test names are in plain modern English."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support import reference

ROOT = Path(__file__).parents[2]
WORDS = (
    r"can not|anew|nobody|whoever|stands(?! for\b)|mend(?:s|ed)?|for want of|reckon|thereof|wanderer|patiently|peopled|"
    r"restless|fallen|told|telling"
)
#: Names of tests and variables count: an underscore ends a word as a space does.
DIALECT = re.compile(rf"(?<![a-z])(?:{WORDS.replace(' ', '[ _]')})(?![a-z])", re.IGNORECASE)
#: The system's user `nobody`.
ALLOWED = {
    "include/warehouse/server.py": {"nobody"},
    "docs/how-to/run-on-one-machine.md": {"nobody"},
}
WRITTEN = {".css", ".html", ".js", ".md", ".py", ".sql", ".typ", ".yaml"}
ROOMS = ("include", "plugins", "dags", "tests", "benchmarks", "docs")


def _files() -> list[Path]:
    paths = [*ROOT.glob("*.md"), *(path for room in ROOMS for path in ROOT.glob(f"{room}/**/*"))]
    return sorted(path for path in paths if path.suffix in WRITTEN and path != Path(__file__))


def test_text_is_in_plain_english() -> None:
    found = []
    for path in _files():
        name = path.relative_to(ROOT).as_posix()
        allowed = ALLOWED.get(name, set())
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            words = {word.lower() for word in DIALECT.findall(line)} - allowed
            found += [f"{name}:{number}: {', '.join(sorted(words))}: {line.strip()}"] if words else []
    assert found == [], "write the sentence as an engineer would say it"


def test_pages_fit_a_screen() -> None:
    pages = [
        page for page in _files() if page.suffix == ".md" and (page.parent == ROOT or ROOT / "docs" in page.parents)
    ]
    found = [
        f"{page.relative_to(ROOT)}:{number}: {line}"
        for page in pages
        if page.name not in reference.PAGES
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > 150 and not line.startswith(("|", "!["))
    ]
    assert found == []
