"""What the user hands in: source files, the argument, environment variables."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from stepward.cli.output import CommandError
from stepward.values import limits

STDIN = "-"
"""The file name that means standard input."""

_LONGEST_CHARACTER = 4
"""Bytes of UTF-8: a text that is cut there still exceeds its limit without the character that was cut."""

BUILT_IN_VARIABLES = frozenset(
    f"GOOGLE_CLOUD_{name}"
    for name in (
        "LOCATION",
        "PROJECT_ID",
        "PROJECT_NUMBER",
        "SERVICE_ACCOUNT_NAME",
        "WORKFLOW_EXECUTION_ID",
        "WORKFLOW_ID",
        "WORKFLOW_REVISION_ID",
    )
)
"""What every execution finds in its environment (stdlib.md 15.1)."""

_TEXT_BYTES = limits.ENVIRONMENT_TEXT_BYTES
_RESERVED_PREFIXES = ("GOOGLE", "WORKFLOWS")


def display_name(path: str) -> str:
    """Return the name under which messages speak of the file *path*."""
    return "<stdin>" if path == STDIN else path


def read_bytes(path: str, limit_bytes: int) -> bytes:
    """Return the content of the file *path*; of a larger one, just more than *limit_bytes*.

    Raises CommandError if it cannot be read.
    """
    try:
        with _opened(path) as stream:
            return stream.read(limit_bytes + _LONGEST_CHARACTER)
    except OSError as failure:
        reason = (failure.strerror or str(failure)).lower()
        raise CommandError(f"cannot read '{display_name(path)}': {reason}") from failure
    except ValueError as failure:  # a NUL in the path
        raise CommandError(f"cannot read {path!r}: {failure}") from failure


@contextlib.contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path != STDIN:
        with Path(path).open("rb") as stream:
            yield stream
    elif sys.stdin is None:
        raise OSError("standard input is closed")
    else:
        yield sys.stdin.buffer


def read_argument_text(data: str | None, data_file: str | None) -> str | None:
    """Return the text of the argument given by `--data` or `--data-file`; None when there is none.

    Raises CommandError if it cannot be read, is not UTF-8 or too large.
    """
    if data_file is not None:
        content, flag = read_bytes(data_file, limits.ARGUMENT_BYTES), "--data-file"
    elif data is not None:
        # Bytes that are not UTF-8 reach Python's arguments as lone surrogates.
        content, flag = data.encode("utf-8", "surrogateescape"), "--data"
    else:
        return None
    if len(content) > limits.ARGUMENT_BYTES:
        raise CommandError(f"{flag} must be at most {limits.ARGUMENT_BYTES // limits.KIB} KiB of UTF-8 text")
    try:
        return content.decode()
    except UnicodeDecodeError as failure:
        raise CommandError(f"{flag} must be UTF-8 text; byte {failure.start + 1} is not") from failure


def parse_environment(assignments: Sequence[str]) -> dict[str, str]:
    """Return the variables of *assignments*, each `NAME=VALUE`; the last of one name counts.

    The built-in variables may be given, since only the user knows which project a local run is to
    pretend; the rest of Google's name space may not. Raises CommandError.
    """
    environment: dict[str, str] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator or not name:
            raise CommandError(f"--env must be NAME=VALUE; got '{assignment}'")
        if name.startswith(_RESERVED_PREFIXES) and name not in BUILT_IN_VARIABLES:
            raise CommandError(f"--env: names that start with GOOGLE or WORKFLOWS are reserved; got '{name}'")
        if max(len(text.encode("utf-8", "surrogateescape")) for text in (name, value)) > _TEXT_BYTES:
            raise CommandError(f"--env: a name and a value have at most {_TEXT_BYTES // limits.KIB} KiB each")
        environment[name] = value
    if len(environment.keys() - BUILT_IN_VARIABLES) > limits.ENVIRONMENT_VARIABLES:
        raise CommandError(f"--env: a workflow has at most {limits.ENVIRONMENT_VARIABLES} variables")
    return environment


def parse_workflows(assignments: Sequence[str]) -> dict[str, str]:
    """Return the files of *assignments*, each `ID=FILE`, by id. Raises CommandError."""
    files: dict[str, str] = {}
    for assignment in assignments:
        name, _, file = assignment.partition("=")
        if not name or not file:
            raise CommandError(f"--workflow must be ID=FILE; got '{assignment}'")
        if name in files:
            raise CommandError(f"--workflow names '{name}' twice")
        files[name] = file
    return files
