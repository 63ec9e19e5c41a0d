"""`python -m benchmarks [NAME...]`: run the benchmarks and write `benchmarks/RESULTS.md`.

Naming some runs only those; the sections of the others are kept as they are.
"""

import re
import subprocess
import sys

from benchmarks import machine

NAMES = ("steps", "executions", "startup")
RESULTS = machine.ROOT / "benchmarks" / "RESULTS.md"
INTRODUCTION = """# Benchmarks: results

Written by `make bench`. Figures of one machine on one day: compare ratios, not figures.
"""


def main(wanted: list[str]) -> int:
    """Run the benchmarks *wanted*, all if empty; return 1 if one of them broke, 2 for a wrong name."""
    strangers = sorted(set(wanted) - set(NAMES))
    if strangers:
        print(f"no such benchmark: {', '.join(strangers)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    sections = _kept()
    broken = False
    for name in wanted or NAMES:
        if not (RESULTS.parent / f"{name}.py").exists():
            print(f"benchmarks/{name}.py does not exist yet", file=sys.stderr)
            continue
        print(f"running {name} ...", file=sys.stderr)
        section = _run(name)
        broken = broken or section is None
        if section is not None:
            sections[name] = section
            print(section)
    text = [INTRODUCTION]
    text += [
        f"<!-- {name} -->\n{sections[name].strip()}\n<!-- end -->\n" for name in NAMES if name in sections
    ]
    RESULTS.write_text("\n".join(text), encoding="utf-8")
    return int(broken)


def _kept() -> dict[str, str]:
    if not RESULTS.exists():
        return {}
    found = re.findall(r"<!-- (\w+) -->\n(.*?)\n<!-- end -->", RESULTS.read_text(encoding="utf-8"), re.DOTALL)
    return {name: section for name, section in found if name in NAMES}


def _run(name: str) -> str | None:
    # A process each: no benchmark pays for the memory and the modules of another.
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}"],
        cwd=machine.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(f"benchmarks/{name}.py failed with exit code {done.returncode}", file=sys.stderr)
        return None
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
