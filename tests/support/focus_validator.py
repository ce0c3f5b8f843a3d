"""The FinOps Foundation's focus-validator, as a program in an environment of its own: .venv-focus beside .venv.

It needs Python 3.12 or later, opens a file by a path relative to its installation, and ends with 0 whatever it finds:
its report is what counts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-focus"
LOCK = ROOT / "requirements-focus.lock"
_NEWEST_ENOUGH = "import sys; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 14))"
_TOTAL = re.compile(r"^Total: (\d+) \| Pass: (\d+) \| Fail: (\d+) \| Skipped: (\d+)", re.MULTILINE)
_FAILURE = re.compile(r"^\S+ ([\w-]+): FAIL", re.MULTILINE)
#: What we do, as the specification's conditions name it: these switch their rules on.
APPLICABLE = (
    "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED",
    "COMMITMENT_DISCOUNT_SUPPORTED",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
    "MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED",
    "NEGOTIATED_PRICING_SUPPORTED",
    "PUBLIC_PRICE_LIST_SUPPORTED",
    "REGION_SUPPORTED",
    "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED",
    "SUB_ACCOUNT_SUPPORTED",
    "TAGGING_SUPPORTED",
    "UNIT_PRICING_SUPPORTED",
    "USAGE_MEASUREMENT_SUPPORTED",
)


class Report(NamedTuple):
    """The validator's totals, and the rules that it says are broken."""

    total: int
    passed: int
    failed: int
    skipped: int
    failures: frozenset[str]


class NotRunError(Exception):
    """The validator could not be had here; says why."""


def find_python() -> Path:
    """A Python that the validator runs on.

    Raises:
        NotRunError: when there is none.
    """
    named = [os.environ.get("AKUBILL_FOCUS_PYTHON"), sys.executable, *(shutil.which(f"python3.{n}") for n in (12, 13))]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for candidate in [*filter(None, named), *sorted(map(str, pyenv.glob("3.1[23].*/bin/python3")))]:
        done = subprocess.run([candidate, "-c", _NEWEST_ENOUGH], check=False, capture_output=True)
        if done.returncode == 0:
            return Path(candidate)
    raise NotRunError("The FOCUS validator did not run: it needs Python 3.12 or 3.13, and none was found.")


def install() -> Path:
    """The environment's Python; the environment is made when it is missing or its lock changed.

    Raises:
        NotRunError: when it cannot be made.
    """
    done_with = ENVIRONMENT / "requirements-focus.lock"
    python = ENVIRONMENT / "bin" / "python"
    with FileLock(ROOT / ".venv-focus.lock"):
        if done_with.exists() and done_with.read_bytes() == LOCK.read_bytes():
            return python
        uv = str(Path(sys.executable).with_name("uv"))
        for command in (
            [uv, "venv", "--quiet", "--clear", "--python", str(find_python()), str(ENVIRONMENT)],
            [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(LOCK)],
        ):
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                raise NotRunError(f"The FOCUS validator did not run: {' '.join(done.stderr.split())[-300:]}")
        shutil.copy(LOCK, done_with)
    return python


def validate(file: Path) -> Report:
    """What the validator says of the file under FOCUS 1.2.

    Raises:
        NotRunError: when it cannot be installed here.
    """
    python = install()
    where = "import pathlib, focus_validator; print(pathlib.Path(focus_validator.__file__).parents[1])"
    packages = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
    command = [
        str(python.with_name("focus-validator")),
        "--data-file",
        str(file.resolve()),
        "--validate-version",
        "1.2.0.1",
    ]
    options = ["--block-download", "--applicability-criteria", ",".join(APPLICABLE)]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [*command, *options], check=True, cwd=packages, capture_output=True, encoding="utf-8", env=environment
    )
    totals = _TOTAL.search(done.stdout)
    assert totals, f"The validator's report has no totals: {done.stdout[-500:]} {done.stderr[-500:]}"
    total, passed, failed, skipped = (int(count) for count in totals.groups())
    return Report(total, passed, failed, skipped, frozenset(_FAILURE.findall(done.stdout)))
