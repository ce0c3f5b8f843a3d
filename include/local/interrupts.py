"""Ctrl-C, once: the first one asks everything to stop, later ones do not interrupt the stopping.

make, a terminal and `timeout` may each send the same signal, and threads that wait for something must hear of it too.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

#: Set by the first SIGINT, SIGTERM or SIGHUP; loops that wait check it.
INTERRUPTED = threading.Event()


def listen_once() -> None:
    """Turn the first of SIGINT, SIGTERM and SIGHUP into a KeyboardInterrupt, and ignore the others.

    A signal that is ignored from the start, as `nohup` does, stays ignored.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def pause(seconds: float) -> None:
    """Wait that long, or less when interrupted.

    Raises:
        KeyboardInterrupt: when interrupted.
    """
    if INTERRUPTED.wait(seconds):
        raise KeyboardInterrupt


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    if not INTERRUPTED.is_set():
        INTERRUPTED.set()
        raise KeyboardInterrupt
