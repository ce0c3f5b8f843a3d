"""How a command ends when it fails: one sentence on standard error, and an exit code; a traceback only when asked for.

Exit codes: 1 for an error of ours (bad input, a refusal, a check that failed), 2 for a wrong command line, 70 for an
unexpected error, 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING

from typer.exceptions import Abort, TyperException

from include.cli.output import print_error
from include.domain.errors import AkubillError, InvalidInputError

if TYPE_CHECKING:
    from typer import Typer

#: With this set, or `--debug`, the traceback of an unexpected error is printed before its sentence.
DEBUG = "AKUBILL_DEBUG"
_WRONG, _UNEXPECTED, _INTERRUPTED = 1, 70, 130
#: A sentence of the outside is cut to this, so that ours stays readable.
_MOST = 300


def run(app: Typer) -> int:
    """Run the command that the command line names, and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # text that this terminal cannot show must not end a command
    try:
        return _exit_code(app)
    except BrokenPipeError:
        # The reader has gone. What is still buffered goes nowhere, and so the interpreter does not complain at exit.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _WRONG


def _exit_code(app: Typer) -> int:
    try:
        _refuse_broken_text(sys.argv[1:])
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, Abort):
        return _INTERRUPTED
    except TyperException as error:
        _explain_usage(error)
        return error.exit_code
    except AkubillError as error:
        print_error(error)
        return _WRONG
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 (the last place that can say it in words)
        return _fail(error)
    return code if isinstance(code, int) else 0


def _refuse_broken_text(arguments: list[str]) -> None:
    """No command takes what is not text: neither files nor the warehouse could hold it.

    Raises:
        InvalidInputError: when an argument holds NUL, or bytes that are not UTF-8.
    """
    for number, argument in enumerate(arguments, start=1):
        if "\0" in argument or argument.encode(errors="replace").decode() != argument:
            rule = "holds a character that is not text (NUL, or half a character)"
            raise InvalidInputError(f"Argument {number}", argument, rule, "Write it again without that character.")


def _explain_usage(error: TyperException) -> None:
    """Say what is wrong with the command line; a command without arguments has printed its help instead."""
    message, context = error.format_message().strip(), getattr(error, "ctx", None)
    if message:
        print_error(f"{message}{f' See `{context.command_path} --help`.' if context else ''}")


def _fail(error: Exception) -> int:
    if os.environ.get(DEBUG):
        print_error("".join(traceback.format_exception(error)).rstrip())
    from include.warehouse.sentences import known_reason

    sentence = known_reason(error)
    if sentence:
        print_error(sentence)
        return _WRONG
    print_error(
        f"akubill met an error that it does not expect, {type(error).__name__}: {_first_line(error)}. This is a fault "
        f"of the program. Run the command again with {DEBUG}=1 set (or `akubill --debug …`), and report its output and "
        "the command to the people who maintain this installation."
    )
    return _UNEXPECTED


def _first_line(error: Exception) -> str:
    """What the error says first, without the statement and the values that SQLAlchemy adds."""
    text = str(getattr(error, "orig", None) or error).strip()
    return (text.splitlines() or ["it says nothing"])[0].rstrip(".")[:_MOST]
