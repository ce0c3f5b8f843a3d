"""Makes .venv and installs a lock file and the project into it. Needs nothing but the standard library.

Run by the Makefile as `python include/local/bootstrap.py LOCK STAMP`, with any supported Python; the stamp is written
when all went well, so that make knows that there is nothing to do. An unfinished .venv is finished by the next run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def main() -> int:
    """Make, install, stamp; a failure is one sentence."""
    lock, stamp = ROOT / sys.argv[1], ROOT / sys.argv[2]
    try:
        make_venv()
        uv = find_uv()
        say(f"Installing {lock.name} into .venv")
        target = ["--python", str(PYTHON), "--quiet"]
        install = [uv, "pip", "install", *target]
        run([*install, "--require-hashes", "--compile-bytecode", "--requirement", str(lock)])
        run([*install, "--no-deps", "--no-build-isolation", "--editable", "."])
    except subprocess.CalledProcessError as error:
        say(f"`{' '.join(error.cmd)}` failed (exit code {error.returncode}); see its output above. Then run again.")
        return 1
    stamp.touch()
    say("Ready: `make demo` shows the whole thing, `make help` the rest.")
    return 0


def make_venv() -> None:
    """Make .venv; replace one that is broken or of an unsupported Python."""
    supported = "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))"
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", supported], check=False).returncode == 0:
        return
    say(f"Making .venv with Python {sys.version.split()[0]}")
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False, capture_output=True, text=True)
    if done.returncode == 0:
        return
    uv = shutil.which("uv")
    if uv:  # Debian's Python cannot make one without the package python3-venv; uv can.
        run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)])
        return
    say(f"{done.stdout}{done.stderr}\nPython cannot make .venv. On Debian and Ubuntu: apt-get install python3-venv")
    raise subprocess.CalledProcessError(done.returncode, done.args)


def find_uv() -> str:
    """The uv of .venv or of the machine; else the one that requirements-dev.lock pins, installed by pip."""
    for candidate in (str(VENV / "bin" / "uv"), shutil.which("uv")):
        if candidate and os.access(candidate, os.X_OK) and works(candidate):
            return candidate
    say("Installing uv into .venv")
    pinned = re.search(
        r"^uv==.*(?:\n    .*)*", (ROOT / "requirements-dev.lock").read_text(encoding="utf-8"), re.MULTILINE
    )
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as requirement:
        requirement.write(pinned.group() if pinned else "uv")
        requirement.flush()
        run([str(PYTHON), "-m", "pip", "install", "--quiet", "--requirement", requirement.name])
    return str(VENV / "bin" / "uv")


def works(program: str) -> bool:
    """Whether it answers; a version manager's shim may stand for nothing."""
    return subprocess.run([program, "--version"], check=False, capture_output=True).returncode == 0


def run(command: list[str]) -> None:
    """Run it, show what it says, and fail with it."""
    subprocess.run(command, check=True, cwd=ROOT, stdin=subprocess.DEVNULL)


def say(sentence: str) -> None:
    """Print at once."""
    print(sentence, flush=True)  # noqa: T201 (no library to print with yet)


if __name__ == "__main__":
    sys.exit(main())
