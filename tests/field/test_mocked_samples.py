"""Google's samples that need the network, run by `stepward test` with mocks to their stated ends."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from field.test_google_samples import FOLDER, SUFFIX, files
from stepward.cli import exitcodes
from stepward.cli.rehearsal import suite

pytestmark = pytest.mark.field

SAMPLES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "mocked.yaml").read_text(encoding="utf-8"))
_CALLS_OUT = re.compile(r"call: *(http|googleapis|gke|experimental)\.")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_ends_as_stated(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sample.yaml").symlink_to((FOLDER / f"{name}{SUFFIX}").resolve())
    # JSON is YAML, too, and keeps every value as PyYAML read it.
    cases = json.dumps({"workflow": "sample.yaml", **SAMPLES[name]}, ensure_ascii=False)
    (tmp_path / "sample_test.yaml").write_text(cases, encoding="utf-8")
    code = suite.run([str(tmp_path)], wanted="", junit_file=None)
    shown = capsys.readouterr()
    assert code == exitcodes.OK, shown.out + shown.err
    assert "unused-mock" not in shown.err, shown.err


def test_every_sample_that_calls_out_is_here() -> None:
    calling = [path for path in files() if _CALLS_OUT.search(path.read_text(encoding="utf-8"))]
    assert len(calling) >= 40
    assert {path.name.removesuffix(SUFFIX) for path in calling} - SAMPLES.keys() == set()
