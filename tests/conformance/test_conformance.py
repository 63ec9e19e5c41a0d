"""Every row of data in this folder, in every mode of the runner."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance import runner

HERE = Path(__file__).parent


class _Loader(yaml.SafeLoader):
    """Reads the cases' own YAML: no dates, and `yes` is text, as in the language."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if not tag.endswith((":timestamp", ":bool"))]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


def load() -> list[Any]:
    """Return all cases as pytest parameters, named file/name."""
    rows = []
    for path in sorted(HERE.glob("*/**/*.yaml")):
        text = path.read_text(encoding="utf-8")
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - our own data, by a safe loader
        folder = path.relative_to(HERE).with_suffix("")
        rows += [pytest.param(case, id=f"{folder}/{case['name']}") for case in data["cases"]]
    return rows


CASES = load()
RUN = [row for row in CASES if "refused" not in row.values[0]]
REFUSED = [row for row in CASES if "refused" in row.values[0]]


@pytest.mark.parametrize("mode", runner.MODES)
@pytest.mark.parametrize("case", RUN)
def test_case(case: dict[str, Any], mode: str) -> None:
    runner.check(case, runner.run(case, mode))


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: dict[str, Any]) -> None:
    runner.check_refused(case)


@pytest.mark.parametrize("case", [row for row in CASES if "warned" in row.values[0]])
def test_warned(case: dict[str, Any]) -> None:
    runner.check_warned(case)


def test_names_are_unique() -> None:
    names = [row.id for row in CASES]
    assert len(set(names)) == len(names)


def test_every_mode_meets_what_it_is_for() -> None:
    """Each mode must really restore, double or cut: a mode that does nothing proves nothing."""
    cases = [row.values[0] for row in RUN]
    for mode in ("saved", "twice", "cut"):
        met = sum(runner.run(case, mode).met > 0 for case in cases if "world" in case)
        assert met == sum("world" in case for case in cases), mode
