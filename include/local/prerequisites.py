"""What the tests need beside Python packages: Chromium and redis-server, installed by apt-get where one may.

`python -m include.local.prerequisites`. What is missing and cannot be installed is said, and the tests that need it
skip with the same sentence; only continuous integration (CI=true) insists.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

#: Debian package by program; each program by its possible names.
NEEDED = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "redis-server": ("redis-server",)}


def main() -> int:
    """Look, install, look again."""
    lacking = missing()
    if lacking and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {' '.join(lacking)} with apt-get")  # noqa: T201
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", *lacking)
        lacking = missing()
    for package in lacking:
        print(f"{package} is missing, so the tests that need it are skipped. Install it: apt-get install {package}")  # noqa: T201
    return 1 if lacking and os.environ.get("CI") else 0


def missing() -> list[str]:
    """The packages that are not installed."""
    return [package for package, names in NEEDED.items() if not any(shutil.which(name) for name in names)]


def _apt_get(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        ["apt-get", "--quiet", *arguments],  # noqa: S607 (where the system has it)
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    sys.exit(main())
