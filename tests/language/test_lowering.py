"""What workflows are lowered to. Every file of `lowering` is a source and, behind a line of tildes, its code.

`STEPWARD_REWRITE=1` writes the files anew.
"""

import os
from pathlib import Path

import pytest

from conformance.runner import LIBRARY
from language.listing import listing
from stepward.language import compilation, diagnostics
from stepward.language.source import Source

_FOLDER = Path(__file__).parent / "lowering"
_RULE = "~~~\n"


@pytest.mark.parametrize("path", sorted(_FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_the_code_is_the_one_on_file(path: Path) -> None:
    text, _, expected = path.read_text(encoding="utf-8").partition(_RULE)
    source = Source("w.yaml", text)
    program, report = compilation.compile_workflow(source, LIBRARY)
    assert program is not None, diagnostics.render_all(report, source)
    made = listing(program)
    if os.environ.get("STEPWARD_REWRITE"):
        path.write_text(f"{text}{_RULE}{made}", encoding="utf-8")
    assert made == expected
