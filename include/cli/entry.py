"""Where `akubill` begins: with nothing imported yet, so that what goes wrong while it is becomes a sentence too."""

from __future__ import annotations

import os
import sys
import traceback

_UNEXPECTED, _INTERRUPTED = 70, 130


def main() -> None:
    """Run the command; Ctrl-C, SIGTERM and a closed terminal end it at any moment without leaving anything behind."""
    try:
        from include.local.interrupts import listen_once

        listen_once()
        from include.cli.main import main as run_command

        run_command()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except Exception as error:  # noqa: BLE001 (the last place that can say it in words)
        sys.exit(_explain(error))


def _explain(error: Exception) -> int:
    if os.environ.get("AKUBILL_DEBUG") or "--debug" in sys.argv[1:2]:
        traceback.print_exception(error)
    sys.stderr.write(
        f"akubill cannot start, {type(error).__name__}: {error}. Its installation is not complete: run `make setup`. "
        "If that does not help, run the command again with AKUBILL_DEBUG=1 set, and report its output and the command "
        "to the people who maintain this installation.\n"
    )
    return _UNEXPECTED
