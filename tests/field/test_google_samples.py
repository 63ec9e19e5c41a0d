"""Workflow files that Google publishes: every one is accepted, and those listed run to the stated end.

The files stand outside the checkout, so this runs by `make test-field` alone. Where `CI` is set,
or the folder is named, missing files are a failure.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance import runner

pytestmark = pytest.mark.field

FOLDER = Path(
    os.environ.get("STEPWARD_SAMPLES", Path(__file__).parents[2] / ".." / "shared" / "samples" / "google")
)
SUFFIX = ".workflows.yaml"
ROWS = yaml.safe_load((Path(__file__).parent / "google.yaml").read_text(encoding="utf-8"))["cases"]


def files() -> list[Path]:
    """Return the sample files; fail where there are none, since nothing would be tested."""
    return sorted(FOLDER.glob(f"*{SUFFIX}"))


def text_of(name: str) -> str:
    return (FOLDER / f"{name}{SUFFIX}").read_text(encoding="utf-8")


def test_the_samples_are_here() -> None:
    assert len(files()) >= 60, f"no samples in {FOLDER}: set STEPWARD_SAMPLES to the folder that holds them"


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name.removesuffix(SUFFIX))
def test_a_sample_is_accepted(path: Path) -> None:
    program, report, _ = runner.compile_case({"workflow": path.read_text(encoding="utf-8")})
    assert program is not None, report.diagnostics


@pytest.mark.parametrize("mode", runner.MODES)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.get("name", row["file"]))
def test_a_sample_ends_as_stated(row: dict[str, Any], mode: str) -> None:
    case = {**row, "workflow": text_of(row["file"])}
    done = runner.run(case, mode)
    runner.check(case, done)
    if "want_keys" in row:
        assert sorted(done.outcome.value) == row["want_keys"]
