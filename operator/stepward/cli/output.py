"""What the command writes, and where: data on standard output, everything else on standard error."""

import os
import sys
from typing import Final

from stepward.cli import exitcodes

SUMMARY_CHARACTERS: Final = 300
"""Longest text of an error that is shown on one line."""


class CommandError(Exception):
    """The command cannot do what was asked.

    `code` is the exit code, `see` the command whose help says more.
    """

    def __init__(self, message: str, *, code: int = exitcodes.USAGE, see: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.see = see


# --- streams -----------------------------------------------------------------------------------


def emit(text: str) -> None:
    r"""Write *text* to standard output, in UTF-8 whatever the locale says, and flush it.

    A lone surrogate, which JSON can hold and UTF-8 cannot, is written as JSON's `\uXXXX`.
    Raises BrokenPipeError when the reader went away, CommandError when writing fails otherwise.
    """
    if sys.stdout is None:  # started with standard output closed
        raise CommandError("cannot write the output: standard output is closed", code=exitcodes.FAULT)
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as failure:
        discard_stdout()
        raise CommandError(f"cannot write the output: {failure.strerror}", code=exitcodes.FAULT) from failure


def discard_stdout() -> None:
    """Send what Python still wants to flush at its end nowhere, so that it cannot fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def note(text: str) -> None:
    """Write *text* and a line break to standard error. That nobody reads it is no reason to stop."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        pass


def printable(text: str) -> str:
    r"""Return *text* with what a terminal would obey or hide made visible, as JSON's `\uXXXX`.

    Line breaks and tabs stay. Of a JSON text the result is the same JSON.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in "\n\t" else _escaped(character)
        for character in text
    )


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def one_line(text: str, limit: int = SUMMARY_CHARACTERS) -> str:
    """Return *text* on one line, made printable and cut after *limit* characters."""
    flat = printable(" ".join(text[: limit * 2].split()))
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."


# --- faults ------------------------------------------------------------------------------------


def note_fault(fault: BaseException, *, debug: bool) -> None:
    """Say that Stepward itself failed: one line with an id, and the traceback if *debug*."""
    if debug:
        import traceback  # faults are rare

        note("".join(traceback.format_exception(fault)).rstrip())
    described = one_line(f"{type(fault).__name__}: {fault}")
    hint = "" if debug else ", with what the same command prints with --debug"
    note(
        f"error: this is a fault of Stepward, not of the workflow (id {fault_id(fault)}): {described}; "
        f"please report it to the project{hint}"
    )


def fault_id(fault: BaseException) -> str:
    """Return an id that is the same for every meeting with the same fault: kind and place, no data."""
    import hashlib  # faults are rare

    places = [type(fault).__name__]
    trace = fault.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{trace.tb_frame.f_globals.get('__name__')}.{code.co_qualname}:{trace.tb_lineno}")
        trace = trace.tb_next
    return hashlib.sha256("\n".join(places).encode()).hexdigest()[:8]
