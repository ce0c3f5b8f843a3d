"""Writes the lock files from the requirements, and checks that they are current.

`python -m include.local.locks write|check`. Both compile with the present lock as the starting point, so that a release
that appears somewhere changes nothing: a lock is out of date only when a requirement changed. Where the package
index cannot be reached, the check falls back to what needs no network: every direct requirement is pinned, inside its
range.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

from include.local.state import ROOT

PAIRS = {"requirements.txt": "requirements.lock", "requirements-dev.txt": "requirements-dev.lock"}
_COMPILE = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-annotate", "--no-emit-index-url", "--custom-compile-command", "make lock"),
)
_PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)


def main() -> int:
    """Write or check."""
    if sys.argv[1:] == ["write"]:
        failure = compile_locks(ROOT)
        print(failure or "The lock files are written.")  # noqa: T201
        return 1 if failure else 0
    problems = check_locks(ROOT)
    print("\n".join(problems) or "The lock files are current.")  # noqa: T201
    return 1 if problems else 0


def check_locks(folder: Path) -> list[str]:
    """What is wrong with the lock files of that folder, as sentences."""
    problems = [problem for source, lock in PAIRS.items() for problem in unpinned(folder / source, folder / lock)]
    if problems:
        return problems
    with tempfile.TemporaryDirectory() as scratch:
        for name in (*PAIRS, *PAIRS.values()):
            shutil.copy(folder / name, scratch)
        failure = compile_locks(Path(scratch))
        if failure:
            print(f"Could not compile them ({failure}); every direct requirement is pinned in its range.")  # noqa: T201
            return []
        return [
            f"{lock} is not what its requirements compile to. Run `make lock`."
            for lock in PAIRS.values()
            if (folder / lock).read_bytes() != (Path(scratch) / lock).read_bytes()
        ]


def compile_locks(folder: Path) -> str | None:
    """Compile the lock files in that folder; why it failed, or None."""
    uv = Path(sys.executable).with_name("uv")
    for source, lock in PAIRS.items():
        command = [str(uv), *_COMPILE, source, "--output-file", lock]
        done = subprocess.run(
            command, check=False, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        if done.returncode != 0:
            return f"{source}: {' '.join(done.stderr.split())[-400:]}"
    return None


def unpinned(source: Path, lock: Path) -> list[str]:
    """The direct requirements that the lock does not pin inside their range, as sentences."""
    pins = {_normal(name): version for name, version in _PIN.findall(lock.read_text(encoding="utf-8"))}
    problems = []
    for line in source.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith(("#", "-")):
            continue
        requirement = Requirement(line)
        version = pins.get(_normal(requirement.name))
        if version is None:
            problems.append(
                f"{lock.name} does not pin {requirement.name}, which {source.name} asks for. Run `make lock`."
            )
        elif not requirement.specifier.contains(version, prereleases=True):
            problems.append(
                f"{lock.name} pins {requirement.name} {version}, outside {source.name}'s range. Run `make lock`."
            )
    return problems


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
