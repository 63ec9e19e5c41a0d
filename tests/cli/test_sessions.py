"""What a user sees, word for word: the files in `sessions/` are commands and what they print.

A line that starts with `$ ` is a command, run in `sources/`; `< FILE` is its standard input. The lines
below are what it prints: `2| ` before a line of standard error, `1| ` before one of standard output.
`= N` is its exit code. `STEPWARD_REWRITE=1 pytest tests/cli/test_sessions.py` writes the files anew:
read the difference before you commit it.
"""

import os
import shlex
from pathlib import Path

import pytest

from cli import process

SESSIONS = sorted((Path(__file__).parent / "sessions").glob("*.golden"))


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
def test_the_session_is_as_recorded(session: Path) -> None:
    recorded = session.read_text(encoding="utf-8")
    played = "\n".join(_play(block) for block in recorded.split("\n\n"))
    if os.environ.get("STEPWARD_REWRITE"):
        session.write_text(played, encoding="utf-8")
    assert played == recorded


def _play(block: str) -> str:
    """Return *block* with what its command really prints; lines that start with # are kept."""
    comments = [line for line in block.splitlines() if line.startswith("#")]
    line = next((line for line in block.splitlines() if line.startswith("$ ")), None)
    if line is None:
        return "".join(f"{comment}\n" for comment in comments)
    words, _, file = line.removeprefix("$ stepward").partition(" < ")
    done = process.run(
        *shlex.split(words), stdin=(process.SOURCES / file.strip()).read_bytes() if file else b""
    )
    shown = [*comments, line]
    for number, stream in ((2, done.stderr), (1, done.stdout)):
        shown += [
            f"{number}| {text}".rstrip() for text in stream.decode().removesuffix("\n").split("\n") if stream
        ]
    return "\n".join([*shown, f"= {done.returncode}", ""])
