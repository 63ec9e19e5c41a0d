"""The checks of `make lint` and `make type`, so that `make test` alone says whether all is well."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "format", "--check", "--diff"],
        ["ruff", "check", "--output-format=concise"],
        ["lint-imports"],
        ["mypy"],
    ],
    ids=" ".join,
)
def test_check(command: list[str]) -> None:
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
