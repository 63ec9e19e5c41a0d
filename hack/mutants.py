"""Seeds one-line faults into the package and asks whether the cases that name a rule notice.

    python -m mutants [--every N] [NAME …]

`tests/mutants/mutants.yaml` lists the faults: a file of the package, a line that occurs once in it, what
to write instead, and the item of the checklist whose cases must fail. A fault that survives is an error: the
cases of that item cannot fail where they should. `--every 8` runs each eighth, which is what CI does.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "operator" / "stepward"
LIST = ROOT / "tests" / "mutants" / "mutants.yaml"
SECONDS = 120
"""How long the cases of one item may take; a fault that makes them hang is noticed, too."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One seeded fault."""

    name: str
    file: str
    find: str
    replace: str
    item: str


def load() -> list[Mutant]:
    """Return the list of faults."""
    rows: list[dict[str, Any]] = yaml.safe_load(LIST.read_text(encoding="utf-8"))["mutants"]
    return [Mutant(**row) for row in rows]


def mutate(mutant: Mutant, folder: Path) -> None:
    """Copy the package to *folder* with the fault in it; ValueError if its line does not occur once."""
    text = (PACKAGE / mutant.file).read_text(encoding="utf-8")
    if text.count(mutant.find) != 1:
        raise ValueError(
            f"{mutant.name}: {text.count(mutant.find)} places in {mutant.file} read {mutant.find!r}"
        )
    shutil.copytree(PACKAGE, folder / "stepward", ignore=shutil.ignore_patterns("__pycache__"))
    changed = text.replace(mutant.find, mutant.replace)
    (folder / "stepward" / mutant.file).write_text(changed, encoding="utf-8")


def is_noticed(mutant: Mutant) -> tuple[bool, str]:
    """Return whether the cases of the fault's item fail with it, and the last line they printed."""
    with tempfile.TemporaryDirectory(prefix="stepward-mutant-") as name:
        mutate(mutant, Path(name))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([name, str(ROOT / "tests")])}
        command = [sys.executable, "-m", "conformance", mutant.item]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return True, f"still running after {SECONDS} s"
    last = (done.stdout + done.stderr).strip().rsplit("\n", 1)[-1]
    return done.returncode == 1, last


def main() -> int:
    """Run the faults that the command line asks for; exit code 1 if one survives."""
    parser = argparse.ArgumentParser(description="Seed faults and see whether the cases notice.")
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="each Nth of the list")
    options = parser.parse_args()
    chosen = [mutant for mutant in load() if not options.names or mutant.name in options.names]
    chosen = chosen[:: options.every]
    survivors = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for mutant, (noticed, last) in zip(chosen, pool.map(is_noticed, chosen), strict=True):
            survivors += not noticed
            print(
                f"{'killed  ' if noticed else 'SURVIVED'} {mutant.name} ({mutant.item}): {last}", flush=True
            )
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants killed")
    return 1 if survivors or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
