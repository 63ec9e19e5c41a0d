"""docs/testing-workflows.md: its commands print what it shows, and its examples are files of cases."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from stepward.cli.rehearsal import casefile, mockfile
from stepward.language import diagnostics
from stepward.language.source import Source

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "testing-workflows.md").read_text(encoding="utf-8")


def shown() -> list[tuple[str, str]]:
    """Return the commands of `console` blocks, each with the output shown below it."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


@pytest.mark.parametrize("command, output", shown(), ids=lambda text: text.split("\n")[0][:60])
def test_a_command_prints_what_is_shown(command: str, output: str) -> None:
    done = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == output, done.stderr
    assert done.returncode == 0


def test_there_are_commands_to_check() -> None:
    assert len(shown()) >= 4


def test_the_file_that_is_shown_is_one() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    source = Source("shown.yaml", block)
    file, report = casefile.read(source)
    assert file is not None, diagnostics.render_all(report, source)


def test_every_key_of_the_files_is_described() -> None:
    known = {*casefile.KEYS, *mockfile.KEYS}
    assert sorted(key for key in known if f"`{key}" not in TEXT) == []


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target
