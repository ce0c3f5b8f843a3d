"""How much memory a piece of work takes: it runs in a process of its own, which says what the most was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PEAK = "VmHWM:"
_TELL = """
import sys
{work}
for line in open("/proc/self/status"):
    if line.startswith("VmHWM:"):
        print(line.strip(), file=sys.stderr)
"""


def peak_megabytes(work: str, *arguments: str) -> float:
    """The most memory that a Python process had while it did that work; `sys.argv[1:]` are the arguments."""
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells the most memory that a process had")
    done = subprocess.run(
        [sys.executable, "-c", _TELL.format(work=work), *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith(_PEAK)]
    return int(line.split()[1]) / 1024
