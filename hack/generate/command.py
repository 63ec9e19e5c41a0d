"""Fills docs/cli.md with what the command says of itself; the words between are written by hand.

Between `<!-- stepward … -->` and `<!-- end -->` stands what that command prints, between
`<!-- session NAME -->` and `<!-- end -->` what `stepward run NAME.yaml` prints in tests/cli/sources.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "cli.md"
SOURCES = ROOT / "tests" / "cli" / "sources"

_BLOCK = re.compile(r"<!-- (stepward|session) (.+?) -->\n.*?<!-- end -->", re.DOTALL)


def render() -> str:
    """Return the page with its blocks filled anew."""
    return _BLOCK.sub(_filled, PAGE.read_text(encoding="utf-8"))


def _filled(block: re.Match[str]) -> str:
    kind, words = block[1], block[2].split()
    command = words if kind == "stepward" else ["run", f"{words[0]}.yaml"]
    prompt = "" if kind == "stepward" else f"$ stepward {' '.join(command)}\n"
    return f"<!-- {kind} {block[2]} -->\n```text\n{prompt}{_printed(command)}```\n<!-- end -->"


def _printed(command: list[str]) -> str:
    """Return all that `stepward` prints when it is run with *command*."""
    return subprocess.run(
        [sys.executable, "-m", "stepward", *command],
        cwd=SOURCES,
        env={**os.environ, "PYTHONPATH": str(ROOT / "operator")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    ).stdout


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
