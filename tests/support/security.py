"""Every check of security together: `python -m tests.support.security` runs them and writes docs/reference/security.md.

These are the tests that the threat model names and the one of licences, the bill of materials, and the question for
known vulnerabilities, which needs a network. Options are passed on to pytest.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/security.md"
THREATS = ROOT / "docs/concepts/threat-model.md"
SBOM = ROOT / "sbom.cdx.json"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
LICENCES = ("tests/local/test_licences.py", "test_every_pinned_package_has_a_licence_that_we_may_ship")


class Surface(NamedTuple):
    """A section of the threat model: how many threats it has, and the tests that it names."""

    name: str
    threats: int
    tests: set[tuple[str, str]]


def surfaces() -> list[Surface]:
    """The sections of the threat model that have threats."""
    found = []
    for section in THREATS.read_text(encoding="utf-8").split("\n## ")[1:]:
        rows = [row for row in section.splitlines() if NAMED.search(row)]
        if rows:
            tests = {test for row in rows for test in NAMED.findall(row)}
            found.append(Surface(section.partition("\n")[0], len(rows), tests))
    return found


def run_tests(tests: set[tuple[str, str]], options: list[str]) -> Counter[tuple[tuple[str, str], str]]:
    """Run them; how often each passed, failed or was skipped."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        names = sorted(f"{file}::{name}" for file, name in tests)
        command = [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *options, *names]
        subprocess.run(command, check=False, cwd=ROOT)
        cases = list(ET.parse(report).iter("testcase"))  # noqa: S314 (pytest wrote it)
    results: Counter[tuple[tuple[str, str], str]] = Counter()
    for case in cases:
        file, name = case.attrib["classname"].replace(".", "/") + ".py", case.attrib["name"].partition("[")[0]
        kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
        results[(file, name), next(iter(kinds), "passed")] += 1
    return results


def run_make(target: str) -> tuple[bool, str]:
    """Whether it went well, and what it said; the environment is as it is."""
    command = ["make", "--no-print-directory", "--old-file=.venv/.installed-dev", target]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def write_page(sections: list[Surface], results: Counter[tuple[tuple[str, str], str]], audit: str) -> str:
    """The report."""
    rows = "\n".join(
        f"| {section.name} | {section.threats} | {len(section.tests)} | "
        + " | ".join(str(sum(results[test, kind] for test in section.tests)) for kind in ("passed", "skipped"))
        + f" | {len(section.tests - {test for test, _ in results})} |"
        for section in sections
    )
    packages = len(json.loads(SBOM.read_text(encoding="utf-8"))["components"])
    return f"""# Security

`make security` wrote this page. It runs each test that the [threat model](../concepts/threat-model.md) names. Some
run with many values, and each is a case. If one fails, the page is not written.

| surface | threats | tests | cases passed | skipped | tests not run |
|---|---|---|---|---|---|
{rows}

| check | result |
|---|---|
| bill of materials (`make sbom`) | {packages} packages with their hashes, in CycloneDX: `sbom.cdx.json` |
| licences of all of them | each is on the list in `tests/local/test_licences.py` |
| known vulnerabilities (`make audit`) | {audit} |
"""


def main() -> int:
    """Run all, and write the page where nothing failed."""
    sections = surfaces()
    results = run_tests({LICENCES, *(test for section in sections for test in section.tests)}, sys.argv[1:])
    went_well, said = run_make("sbom")
    if not went_well or any(kind in {"failure", "error"} for _, kind in results):
        print(f"Something failed; {PAGE.name} stays as it is. {said}")  # noqa: T201
        return 1
    is_clean, said = run_make("audit")
    audit = "none" if is_clean else "not known: the service could not be asked from where this ran"
    if not is_clean and "could not be audited" not in said and "Connection" not in said:
        print(said)  # noqa: T201
        return 1
    PAGE.write_text(write_page(sections, results, audit), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
