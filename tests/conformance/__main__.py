"""`python -m conformance ITEM` runs the cases that name ITEM; 1 if one fails, 2 if there is none."""

import sys
from typing import Any

from conformance import runner
from conformance.test_conformance import CASES


def prove(case: dict[str, Any]) -> None:
    """Run *case* in every mode; AssertionError if it does not hold."""
    if "refused" in case:
        runner.check_refused(case)
        return
    for mode in runner.MODES:
        runner.check(case, runner.run(case, mode))
    if "warned" in case:
        runner.check_warned(case)


def main(item: str) -> int:
    """Run the cases of *item*."""
    cases = [row for row in CASES if item in row.values[0].get("items", [])]
    for row in cases:
        try:
            prove(row.values[0])
        except Exception as failure:  # noqa: BLE001 - a seeded fault may raise anything
            print(f"{row.id}: {type(failure).__name__}: {str(failure).splitlines()[:1]}")
            return 1
    print(f"{len(cases)} cases hold")
    return 0 if cases else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
