"""`python -m include.sandbox --port N --state FOLDER`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_INTERRUPTED = 130


def main() -> int:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m include.sandbox", description="A stand-in for the outside.")
    parser.add_argument("--port", type=int, default=18080, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps the state over a restart")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name by which the admin API may be asked, besides those of this machine",
    )
    arguments = parser.parse_args()

    try:
        from include.sandbox.server import CannotServeError, serve
    except KeyboardInterrupt:
        return _INTERRUPTED
    try:
        serve(arguments.port, arguments.state, arguments.host, arguments.allow_host)
    except CannotServeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
