"""The command as its users have it: a process, with its standard streams."""

import os
import subprocess
import sys
from pathlib import Path

import stepward

SOURCES = Path(__file__).parent / "sources"
ROOT = Path(__file__).parent.parent.parent
COMMAND = (sys.executable, "-m", "stepward")
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(Path(stepward.__file__).parent.parent),
    "LC_ALL": "C.UTF-8",
}


def run(
    *arguments: str | bytes, stdin: bytes = b"", cwd: Path = SOURCES, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run `stepward` with *arguments* to its end, in the folder of the sources unless another is given."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=ENVIRONMENT | environment,
        timeout=60,
        check=False,
    )
