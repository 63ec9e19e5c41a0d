"""The benchmarks still measure what they say; no test looks at a clock."""

import os
import subprocess
import sys
from pathlib import Path

import stepward

ROOT = Path(__file__).parent.parent


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with *words* in the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(Path(stepward.__file__).parent.parent)}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_loop_ends_as_it_must_and_its_section_is_printed() -> None:
    done = run("benchmarks.steps")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## Pure steps a second\n")
    assert done.stderr == ""


def test_a_benchmark_that_does_not_exist_is_refused() -> None:
    done = run("benchmarks", "whim")
    assert done.returncode == 2
    assert "there are steps, executions, startup" in done.stderr
